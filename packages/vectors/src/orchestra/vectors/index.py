"""The ports: an index of vectors, the store that it is in, and what makes vectors of texts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from orchestra.vectors.records import Filter, Match, Record, Vector

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Kind = Literal["document", "query"]


class Embedder(Protocol):
    """Makes vectors of texts. Vectors of embedders with different names cannot be compared."""

    @property
    def name(self) -> str:
        """The model with all that changes its vectors; fit to be a part of a namespace."""

    @property
    def dimension(self) -> int:
        """The length of each vector.

        Raises:
            Invalid: only a service knows it, and nothing was embedded yet.
        """

    async def embed(self, texts: Sequence[str], kind: Kind) -> "npt.NDArray[np.float32]":
        """One row of length 1 for each text; a text that says nothing has a row of zeros.

        Raises:
            TooLarge: more texts than one call may bring.
            Unavailable: the model or the service cannot be used.
        """


class VectorIndex(Protocol):
    """The vectors of one namespace, all of one dimension.

    Every method raises Invalid for a value that cannot be stored or asked for, TooLarge for too
    many at once, TooManyRequests and Unavailable when the store refuses or does not answer.
    """

    @property
    def namespace(self) -> str:
        """Whose vectors these are; no call ever sees another namespace."""

    @property
    def dimension(self) -> int:
        """The length of each vector."""

    async def upsert(self, records: Sequence[Record]) -> None:
        """Store records, each in place of the one with its id; the last of equal ids wins."""

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Remove records by id, or those that meet a filter; what is not there is no error."""

    async def clear(self) -> None:
        """Remove every record of the namespace."""

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """The nearest records that meet the filter, best first."""

    async def count(self) -> int:
        """How many records there are."""


@dataclass(frozen=True, slots=True)
class Health:
    """A store that answers: which it is, and the version that it says it has."""

    store: str
    version: str


class VectorStore(Protocol):
    """Where indexes are kept; one for the whole process."""

    def index(self, namespace: str, dimension: int) -> VectorIndex:
        """The index of a namespace; the same namespace with another dimension is another index.

        Raises:
            Invalid: the name or the dimension does not fit.
        """

    async def health(self) -> Health:
        """Ask whether it works.

        Raises:
            Unavailable: it does not.
        """

    async def close(self) -> None:
        """Let go of connections and processes."""
