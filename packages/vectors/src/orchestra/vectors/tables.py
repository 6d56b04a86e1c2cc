"""The tables of `orchestra.vectors`, and the type of a vector column."""

from collections.abc import Callable

import numpy as np
from orchestra.shared.tables import Table
from orchestra.vectors.checks import Floats
from sqlalchemy import Dialect, Identity, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType


class VectorType(UserDefinedType[Floats]):
    """pgvector's `vector` or, with half the precision and the size, `halfvec`."""

    cache_ok = True

    def __init__(self, name: str = "vector", dimension: int | None = None) -> None:
        self.name = name
        self.dimension = dimension

    def get_col_spec(self, **_: object) -> str:
        """The name of the type in SQL."""
        return self.name if self.dimension is None else f"{self.name}({self.dimension})"

    def bind_processor(self, dialect: Dialect) -> Callable[[Floats | None], str | None]:  # noqa: ARG002 - SQLAlchemy's signature
        """A vector as pgvector reads it; nine digits give each float32 back."""

        def write(value: Floats | None) -> str | None:
            if value is None:
                return None
            return "[" + ",".join([f"{x:.9g}" for x in np.asarray(value).tolist()]) + "]"

        return write


class CollectionRow(Table):
    """A namespace with a dimension; its vectors are in the partition `vectors_<id>`."""

    __tablename__ = "vector_collections"
    __table_args__ = (UniqueConstraint("namespace", "dimension"),)

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    namespace: Mapped[str]
    dimension: Mapped[int] = mapped_column(Integer)
