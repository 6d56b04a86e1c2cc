"""Vectors in Weaviate: a server or a cluster elsewhere, or one that runs here."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
from orchestra.shared.errors import Invalid, OrchestraError, Unavailable
from orchestra.vectors.checks import (
    checked_filter,
    checked_ids,
    checked_limit,
    checked_namespace,
    checked_records,
    checked_vector,
    is_never,
    restored,
)
from orchestra.vectors.index import Health
from orchestra.vectors.indexes.weaviate_failures import is_missing, told
from orchestra.vectors.indexes.weaviate_schema import (
    KEY,
    METADATA,
    Stored,
    add_number,
    collection_of,
    create,
    object_of,
    properties,
    property_of,
    tenant_of,
    uuid_of,
    where_of,
)
from orchestra.vectors.indexes.weaviate_server import WeaviateServer
from orchestra.vectors.records import Condition, Filter, Match, Range, Record, Vector
from orchestra.vectors.retry import Retry
from orchestra.vectors.terms import numbers_of
from pydantic import SecretStr
from weaviate import WeaviateAsyncClient, use_async_with_custom
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.classes.query import Filter as Where
from weaviate.classes.query import MetadataQuery
from weaviate.collections import CollectionAsync
from weaviate.exceptions import WeaviateBaseError

_BATCH = 500  # objects in one call
_TIMEOUT = 60.0  # seconds for one call, its client's own repetitions included
_GRPC_PORT = 50051

T = TypeVar("T")
_Tenant = CollectionAsync[Any, Any]  # properties are read by name


class WeaviateStore:
    """A Weaviate by its address; connects when it is first asked."""

    def __init__(
        self,
        url: str,
        *,
        grpc: str | None = None,
        key: SecretStr | None = None,
        retry: Retry | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._client = _client(url, grpc, key, timeout)
        self._retry = retry or Retry()
        self._timeout = timeout
        self._connecting = asyncio.Lock()
        self._known: dict[int, set[str]] = {}  # properties by dimension
        self._stack = AsyncExitStack()

    @classmethod
    async def embedded(cls, program: Path, folder: Path) -> "WeaviateStore":
        """Start a server of our own over `folder`; it stops when the store is closed.

        Raises:
            Invalid, Conflict, Unavailable: as `WeaviateServer`.
        """
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(WeaviateServer(program, folder))
            store = cls(server.url, grpc=server.grpc, key=server.key)
            store._stack = stack.pop_all()
            return store

    def index(self, namespace: str, dimension: int) -> "WeaviateIndex":
        """The index of a namespace."""
        return WeaviateIndex(self, namespace, dimension)

    async def health(self) -> Health:
        """Ask whether it is ready, and for its version."""
        if not await self.call(lambda client: client.is_ready()):
            raise Unavailable("Weaviate is not ready", hint="see its log")
        meta = await self.call(lambda client: client.get_meta())
        return Health("weaviate", str(meta.get("version") or "unknown"))

    async def close(self) -> None:
        """Disconnect, and stop the server if it is ours."""
        await self._client.close()
        await self._stack.aclose()

    async def call(self, make: Callable[[WeaviateAsyncClient], Awaitable[T]]) -> T:
        """Make a call that may be made twice, on a connected client."""

        async def once() -> T:
            with told():
                async with asyncio.timeout(self._timeout):
                    async with self._connecting:
                        if not self._client.is_connected():
                            await self._client.connect()
                    return await make(self._client)

        try:
            return await self._retry(once)
        except OrchestraError:
            self._known.clear()  # perhaps the collection is not what it was
            raise

    async def known(self, dimension: int, *, fresh: bool = False) -> set[str]:
        """The properties that a collection is known to have; none while it is not there."""
        if fresh or dimension not in self._known:
            found = await self.call(lambda client: properties(client, dimension))
            if found is None:
                return set()
            self._known[dimension] = found
        return self._known[dimension]

    async def prepare(self, dimension: int, numbers: set[str]) -> None:
        """See to it that the collection is there and has the properties of these numbers."""
        known = await self.known(dimension)
        if not known:
            await self.call(lambda client: create(client, dimension))
            known = await self.known(dimension, fresh=True)
        for name in sorted(numbers - known):
            await self.call(partial(add_number, dimension=dimension, name=name))
            known.add(name)


class WeaviateIndex:
    """One namespace in Weaviate: a tenant, whose graph holds its vectors alone."""

    def __init__(self, store: WeaviateStore, namespace: str, dimension: int) -> None:
        self.namespace, self.dimension = checked_namespace(namespace, dimension)
        self._store = store
        self._tenant = tenant_of(namespace)

    async def upsert(self, records: Sequence[Record]) -> None:
        """Store records, some hundred in each call."""
        entries = checked_records(records, self.dimension)
        if not entries:
            return
        fields = {field for entry in entries for field in numbers_of(entry.metadata)}
        await self._store.prepare(self.dimension, {property_of(field) for field in fields})
        for start in range(0, len(entries), _BATCH):
            await self._insert([object_of(entry) for entry in entries[start : start + _BATCH]])

    async def delete(self, ids: Collection[str] = (), *, where: Filter = ()) -> None:
        """Remove records by id, or those that meet a filter."""
        names, conditions = checked_ids(ids), checked_filter(where)
        for start in range(0, len(names), _BATCH):
            chosen = Where.by_id().contains_any([uuid_of(n) for n in names[start : start + _BATCH]])
            await self._delete(chosen)
        if conditions and await self._may_meet(conditions):
            await self._delete(where_of(conditions))

    async def clear(self) -> None:
        """Remove the tenant; the next upsert makes it anew."""
        if await self._store.known(self.dimension):
            name = collection_of(self.dimension)
            await self._store.call(
                lambda client: client.collections.use(name).tenants.remove([self._tenant])
            )

    async def search(self, vector: Vector, limit: int, where: Filter = ()) -> list[Match]:
        """The nearest records that the graph finds; Weaviate compares all where few are left."""
        wanted, limit = checked_vector(vector, self.dimension), checked_limit(limit)
        conditions = checked_filter(where)
        if not await self._may_meet(conditions):
            return []
        answer = await self._read(
            lambda tenant: tenant.query.near_vector(
                wanted.tolist(),
                limit=limit,
                filters=where_of(conditions),
                return_metadata=MetadataQuery(distance=True),
                return_properties=[KEY, METADATA],
            )
        )
        matches = [_match(found) for found in answer.objects] if answer else []
        return sorted(matches, key=lambda match: (-match.score, match.id))

    async def count(self) -> int:
        """How many records there are."""
        answer = await self._read(lambda tenant: tenant.aggregate.over_all(total_count=True))
        return int(answer.total_count or 0) if answer else 0

    async def _insert(self, objects: list[Stored]) -> None:
        result = await self._call(lambda tenant: tenant.data.insert_many(objects))
        if result.has_errors:
            said = next(iter(result.errors.values())).message
            raise Unavailable(f"Weaviate did not store all: `{said[:300]}`", hint="try again")

    async def _may_meet(self, conditions: list[Condition]) -> bool:
        """Whether any record can meet these; Weaviate fails over a property that no record has."""
        ranges = {property_of(c.field) for c in conditions if isinstance(c, Range)}
        if is_never(conditions):
            return False
        if ranges <= await self._store.known(self.dimension):
            return True
        return ranges <= await self._store.known(self.dimension, fresh=True)

    async def _delete(self, chosen: Any) -> None:  # noqa: ANN401 - the library's filters have no public name
        while True:  # each call removes as many as the server lets one call
            result = await self._read(lambda tenant: tenant.data.delete_many(where=chosen))
            if result is None or result.matches == 0:
                return
            if result.failed or not result.successful:
                raise Unavailable(f"Weaviate kept `{result.failed}` records", hint="try again")

    async def _read(self, make: Callable[[_Tenant], Awaitable[T]]) -> T | None:
        """Make a call for which a tenant that is not there is an empty one."""

        async def found(tenant: _Tenant) -> T | None:
            try:
                return await make(tenant)
            except WeaviateBaseError as error:
                if is_missing(error):
                    return None
                raise

        if not await self._store.known(self.dimension):
            return None
        return await self._call(found)

    async def _call(self, make: Callable[[_Tenant], Awaitable[T]]) -> T:
        name = collection_of(self.dimension)
        return await self._store.call(
            lambda client: make(client.collections.use(name).with_tenant(self._tenant))
        )


def _match(found: Any) -> Match:  # noqa: ANN401 - an object whose properties are read by name
    score = 1.0 - float(found.metadata.distance)
    facts = orjson.loads(found.properties[METADATA])
    return Match(str(found.properties[KEY]), max(-1.0, min(1.0, score)), restored(facts))


def _client(
    url: str, grpc: str | None, key: SecretStr | None, timeout: float
) -> WeaviateAsyncClient:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise Invalid(f"`{url[:120]}` is not the address of a Weaviate", hint="set WEAVIATE_URL")
    secure = address.scheme == "https"
    host, _, port = (grpc or f"{address.hostname}:{_GRPC_PORT}").rpartition(":")
    try:
        return use_async_with_custom(
            http_host=address.hostname,
            http_port=address.port or (443 if secure else 80),
            http_secure=secure,
            grpc_host=host,
            grpc_port=int(port),
            grpc_secure=secure,
            auth_credentials=Auth.api_key(key.get_secret_value()) if key else None,
            additional_config=AdditionalConfig(
                timeout=Timeout(init=timeout, query=timeout, insert=timeout)
            ),
            skip_init_checks=True,  # else it asks a package registry for its own newest version
        )
    except ValueError:
        raise Invalid(
            f"`{url[:120]}` and `{host}:{port}` cannot be the two doors of a Weaviate",
            hint="set ORCHESTRA_WEAVIATE_GRPC to the host and port of its gRPC door",
        ) from None
