"""Vectors in Pinecone: an index for each dimension, a namespace of it for each of ours.

Pinecone is eventually consistent: what was written is found some seconds later, and `count` is an
estimate. The client repeats what failed by itself, three times.
"""

import asyncio
import hashlib
import re
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager

from orchestra.shared.errors import Invalid, OrchestraError, TooLarge, TooManyRequests, Unavailable
from orchestra.vectors.checks import (
    checked_filter,
    checked_ids,
    checked_limit,
    checked_namespace,
    checked_records,
    checked_vector,
    is_never,
)
from orchestra.vectors.index import Health
from orchestra.vectors.indexes.pinecone_records import batches, filter_of, id_of, match_of
from orchestra.vectors.records import Filter, Match, Record, Vector
from pinecone import AsyncIndex, AsyncPinecone
from pinecone.errors.exceptions import (
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    PineconeError,
    PineconeTimeoutError,
    RateLimitError,
    UnauthorizedError,
)
from pydantic import SecretStr

URL, REGION = "https://api.pinecone.io", "aws/us-east-1"
_TIMEOUT = 30.0  # seconds for one request
_CREATION = 180  # seconds until a new index is ready
_MOST_DELETED = 1_000  # ids in one call


class PineconeStore:
    """A project of Pinecone by its key; its indexes are made when they are first written to."""

    def __init__(
        self, key: SecretStr, *, url: str = URL, region: str = REGION, timeout: float = _TIMEOUT
    ) -> None:
        cloud, _, place = region.partition("/")
        self._deployment = {"deployment_type": "managed", "cloud": cloud, "region": place}
        self._timeout = timeout
        with told():
            self._client = AsyncPinecone(key.get_secret_value(), host=url, timeout=timeout)
        self._opening = asyncio.Lock()
        self._opened: dict[int, AsyncIndex] = {}

    def index(self, namespace: str, dimension: int) -> "PineconeIndex":
        """The index of a namespace."""
        return PineconeIndex(self, namespace, dimension)

    async def health(self) -> Health:
        """Ask for the list of indexes, which needs the key."""
        with told():
            await self._client.indexes.exists("orchestra-1")
        return Health("pinecone", "2026-07")

    async def close(self) -> None:
        """Close every connection."""
        for index in self._opened.values():
            await index.close()
        await self._client.close()

    async def opened(self, dimension: int, *, make: bool = False) -> AsyncIndex | None:
        """Pinecone's index for vectors of one dimension; made, if it may be and is not there."""
        async with self._opening:
            if dimension not in self._opened:
                with told():
                    host = await self._host(f"orchestra-{dimension}", dimension, make=make)
                    if host is None:
                        return None
                    self._opened[dimension] = await self._client.index(host=host)
            return self._opened[dimension]

    async def _host(self, name: str, dimension: int, *, make: bool) -> str | None:
        try:
            return (await self._client.indexes.describe(name)).host
        except NotFoundError:
            if not make:
                return None
        try:
            made = await self._client.indexes.create(
                name=name,
                dimension=dimension,
                metric="cosine",
                deployment=self._deployment,
                timeout=_CREATION,
            )
        except ConflictError:  # another process was quicker
            made = await self._client.indexes.describe(name)
        return made.host


class PineconeIndex:
    """One namespace in Pinecone."""

    def __init__(self, store: PineconeStore, namespace: str, dimension: int) -> None:
        self.namespace, self.dimension = checked_namespace(namespace, dimension)
        self._store = store
        plain = re.sub(r"[^A-Za-z0-9]+", "-", namespace)[:24].strip("-")
        self._name = f"{plain}-{hashlib.sha256(namespace.encode()).hexdigest()[:32]}"

    async def upsert(self, records: Sequence[Record]) -> None:
        """Store records, at most a hundred in each call."""
        entries = checked_records(records, self.dimension)
        index = await self._store.opened(self.dimension, make=True) if entries else None
        if index is not None:
            for batch in batches(entries):
                with told():
                    await index.upsert(vectors=batch, namespace=self._name)

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Remove records by id, or those that meet a filter."""
        names = [id_of(id) for id in checked_ids(ids)]
        conditions = checked_filter(where)
        chosen = None if is_never(conditions) else filter_of(conditions)
        index = await self._store.opened(self.dimension)
        if index is None:
            return
        for start in range(0, len(names), _MOST_DELETED):
            with told(), _missing_is_empty():
                some = names[start : start + _MOST_DELETED]
                await index.delete(ids=some, namespace=self._name)
        if chosen is not None:
            with told(), _missing_is_empty():
                await index.delete(filter=chosen, namespace=self._name)

    async def clear(self) -> None:
        """Remove every record."""
        index = await self._store.opened(self.dimension)
        if index is not None:
            with told(), _missing_is_empty():
                await index.delete(delete_all=True, namespace=self._name)

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """The nearest records that Pinecone finds."""
        wanted, limit = checked_vector(vector, self.dimension), checked_limit(limit)
        conditions = checked_filter(where)
        if is_never(conditions):
            return []
        index = await self._store.opened(self.dimension)
        if index is None:
            return []
        with told():
            answer = await index.query(
                top_k=limit,
                vector=wanted.tolist(),
                namespace=self._name,
                filter=filter_of(conditions),
                include_metadata=True,
            )
        matches = [match_of(found.id, found.score, found.metadata) for found in answer.matches]
        return sorted(matches, key=lambda match: (-match.score, match.id))

    async def count(self) -> int:
        """About how many records there are."""
        index = await self._store.opened(self.dimension)
        if index is None:
            return 0
        with told():
            stats = await index.describe_index_stats()
        found = stats.namespaces.get(self._name)
        return found.vector_count if found else 0


@contextmanager
def told() -> Generator[None]:
    """A block whose failures are Orchestra's errors."""
    try:
        yield
    except PineconeError as error:
        raise _told(error) from error


@contextmanager
def _missing_is_empty() -> Generator[None]:
    """A block that removes: a namespace that is not there holds nothing."""
    try:
        yield
    except NotFoundError:
        return


def _told(error: PineconeError) -> OrchestraError:
    said = " ".join(str(error).split())[:300]
    if isinstance(error, UnauthorizedError | ForbiddenError):
        return Unavailable(f"Pinecone refuses: `{said}`", hint="see PINECONE_API_KEY and its roles")
    if isinstance(error, RateLimitError):
        after = max(1, round(error.retry_after or 1))
        text = "Pinecone is asked too often"
        return TooManyRequests(text, hint="try again later", retry_after=after)
    if isinstance(error, PayloadTooLargeError):
        return TooLarge("Pinecone takes less at once", hint="send fewer records, or less metadata")
    if isinstance(error, ApiError) and error.status_code in (400, 422):
        return Invalid(f"Pinecone does not take this: `{said}`", hint="see what it says")
    if isinstance(error, PineconeTimeoutError):
        return Unavailable("Pinecone did not answer in time", hint="try again later")
    return Unavailable(f"Pinecone failed: `{said}`", hint="see status.pinecone.io")
