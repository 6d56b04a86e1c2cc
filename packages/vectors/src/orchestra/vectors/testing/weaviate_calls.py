"""The gRPC door of the stand-in for Weaviate."""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID

import grpc
import numpy as np
from orchestra.vectors.checks import Floats
from orchestra.vectors.testing.weaviate_filters import StoredObject, meets
from weaviate.proto.v1 import (
    aggregate_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

_MOST_DELETED = 10_000

Tenant = dict[str, StoredObject]
_Request = (
    search_get_pb2.SearchRequest
    | batch_delete_pb2.BatchDeleteRequest
    | aggregate_pb2.AggregateRequest
)
_Chosen = search_get_pb2.SearchRequest | batch_delete_pb2.BatchDeleteRequest


class Calls(weaviate_pb2_grpc.WeaviateServicer):
    """Answers the calls that store, search, count and remove objects.

    `names` are the calls that came. `faults` are the codes that the next ones fail with; None never
    answers. `objects` lie by collection, tenant and id; `properties` tells those of a collection.
    """

    def __init__(self, key: str, properties: Callable[[str], set[str]]) -> None:
        self.names: list[str] = []
        self.faults: deque[grpc.StatusCode | None] = deque()
        self.objects: dict[str, dict[str, Tenant]] = {}
        self._key = key
        self._properties = properties

    async def BatchObjects(  # noqa: N802 - the protocol's name
        self, request: batch_pb2.BatchObjectsRequest, context: grpc.aio.ServicerContext
    ) -> batch_pb2.BatchObjectsReply:
        """Answer."""
        await self._enter("BatchObjects", context)
        errors = []
        for index, sent in enumerate(request.objects):
            problem = self._store(sent)
            if problem:
                error = batch_pb2.BatchObjectsReply.BatchError(index=index, error=problem)
                errors.append(error)
        return batch_pb2.BatchObjectsReply(took=0.001, errors=errors)

    async def Search(  # noqa: N802 - the protocol's name
        self, request: search_get_pb2.SearchRequest, context: grpc.aio.ServicerContext
    ) -> search_get_pb2.SearchReply:
        """Answer."""
        await self._enter("Search", context)
        tenant = await self._tenant(request, context)
        asked = request.near_vector
        vectors = asked.vectors[0].vector_bytes if asked.vectors else asked.vector_bytes
        wanted = np.frombuffer(vectors, dtype="<f4")
        chosen = await self._chosen(request, tenant, context)
        ranked = sorted((_distance(wanted, one.vector), id) for id, one in chosen.items())
        names = list(request.properties.non_ref_properties)
        results = [
            _result(
                request.collection,
                id,
                far,
                {name: str(chosen[id].properties[name]) for name in names},
            )
            for far, id in ranked[: request.limit]
        ]
        return search_get_pb2.SearchReply(took=0.001, results=results)

    async def BatchDelete(  # noqa: N802 - the protocol's name
        self, request: batch_delete_pb2.BatchDeleteRequest, context: grpc.aio.ServicerContext
    ) -> batch_delete_pb2.BatchDeleteReply:
        """Answer."""
        await self._enter("BatchDelete", context)
        tenant = await self._tenant(request, context)
        chosen = list(await self._chosen(request, tenant, context))[:_MOST_DELETED]
        for id in chosen:
            del tenant[id]
        return batch_delete_pb2.BatchDeleteReply(
            took=0.001, matches=len(chosen), successful=len(chosen), failed=0
        )

    async def Aggregate(  # noqa: N802 - the protocol's name
        self, request: aggregate_pb2.AggregateRequest, context: grpc.aio.ServicerContext
    ) -> aggregate_pb2.AggregateReply:
        """Answer."""
        await self._enter("Aggregate", context)
        tenant = await self._tenant(request, context)
        single = aggregate_pb2.AggregateReply.Single(objects_count=len(tenant))
        return aggregate_pb2.AggregateReply(took=0.001, single_result=single)

    async def _enter(self, name: str, context: grpc.aio.ServicerContext) -> None:
        self.names.append(name)
        if self.faults:
            code = self.faults.popleft()
            if code is None:
                await asyncio.Event().wait()
            await context.abort(code, "a fault that was asked for")
        sent = dict(context.invocation_metadata())
        if self._key and sent.get("authorization") != f"Bearer {self._key}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "unauthorized: invalid api key")

    async def _tenant(self, request: _Request, context: grpc.aio.ServicerContext) -> Tenant:
        tenants = self.objects.get(request.collection)
        if tenants is None:
            text = f"could not find class {request.collection} in schema"
            await context.abort(grpc.StatusCode.UNKNOWN, text)
        if tenants is None or request.tenant not in tenants:
            text = f'tenant not found: "{request.tenant}"'
            await context.abort(grpc.StatusCode.UNKNOWN, text)
            raise AssertionError("abort raises")
        return tenants[request.tenant]

    async def _chosen(
        self, request: _Chosen, tenant: Tenant, context: grpc.aio.ServicerContext
    ) -> Tenant:
        if not request.HasField("filters"):
            return dict(tenant)
        names = self._properties(request.collection)
        try:
            return {id: one for id, one in tenant.items() if meets(id, one, request.filters, names)}
        except LookupError as error:
            text = f"no such prop with name '{error.args[0]}' found in class '{request.collection}'"
            await context.abort(grpc.StatusCode.UNKNOWN, text)
            raise

    def _store(self, sent: batch_pb2.BatchObject) -> str:
        """Keep an object; returns what is wrong with it, if something is."""
        tenants = self.objects.get(sent.collection)
        if tenants is None:
            return f"could not find class {sent.collection} in schema"
        facts: dict[str, str | float | list[str]] = {
            name: value.string_value if value.HasField("string_value") else value.number_value
            for name, value in sent.properties.non_ref_properties.fields.items()
        }
        for texts in sent.properties.text_array_properties:
            facts[texts.prop_name] = list(texts.values)
        for unknown in sorted(set(facts) - self._properties(sent.collection)):
            return f"no such prop with name '{unknown}' found in class '{sent.collection}'"
        vector = np.frombuffer(sent.vector_bytes or sent.vectors[0].vector_bytes, dtype="<f4")
        tenant = tenants.setdefault(sent.tenant, {})
        for one in list(tenant.values())[:1]:
            if one.vector.shape != vector.shape:
                return "vector dimensions do not match the index dimensions"
        tenant[sent.uuid] = StoredObject(facts, vector)
        return ""


def _distance(one: Floats, other: Floats) -> float:
    exact = float(one.astype(np.float64) @ other.astype(np.float64))
    return float(np.float32(1 - exact / float(np.linalg.norm(one) * np.linalg.norm(other))))


def _result(
    collection: str, id: str, far: float, facts: dict[str, str]
) -> search_get_pb2.SearchResult:
    fields = {name: properties_pb2.Value(text_value=text) for name, text in facts.items()}
    return search_get_pb2.SearchResult(
        properties=search_get_pb2.PropertiesResult(
            target_collection=collection, non_ref_props=properties_pb2.Properties(fields=fields)
        ),
        metadata=search_get_pb2.MetadataResult(
            id=id, id_as_bytes=UUID(id).bytes, distance=far, distance_present=True
        ),
    )
