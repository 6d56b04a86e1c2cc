"""A stand-in for a Weaviate server: its REST schema and its gRPC calls, as far as vectors need.

Objects lie in dictionaries and every vector is compared. Shapes and messages are those of
Weaviate 1.35; the same suite runs over the real server where there is one.
"""

import json
from types import TracebackType
from typing import Any, Self

import grpc
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request
from orchestra.vectors.testing.weaviate_calls import Calls
from weaviate.proto.v1 import weaviate_pb2_grpc

VERSION = "1.35.2"
_DEFAULTS: JsonObject = {
    "invertedIndexConfig": {
        "bm25": {"b": 0.75, "k1": 1.2},
        "cleanupIntervalSeconds": 60,
        "stopwords": {"additions": None, "preset": "en", "removals": None},
        "usingBlockMaxWAND": True,
    },
    "replicationConfig": {
        "asyncEnabled": False,
        "deletionStrategy": "NoAutomatedResolution",
        "factor": 1,
    },
    "shardingConfig": {
        "actualCount": 0,
        "actualVirtualCount": 0,
        "desiredCount": 0,
        "desiredVirtualCount": 0,
        "function": "",
        "key": "",
        "strategy": "",
        "virtualPerPhysical": 0,
    },
}
_HNSW: JsonObject = {
    "bq": {"enabled": False},
    "cleanupIntervalSeconds": 300,
    "distance": "cosine",
    "dynamicEfFactor": 8,
    "dynamicEfMax": 500,
    "dynamicEfMin": 100,
    "ef": -1,
    "efConstruction": 128,
    "filterStrategy": "acorn",
    "flatSearchCutoff": 40000,
    "maxConnections": 32,
    "multivector": {"aggregation": "maxSim", "enabled": False},
    "pq": {
        "bitCompression": False,
        "centroids": 256,
        "enabled": False,
        "encoder": {"distribution": "log-normal", "type": "kmeans"},
        "segments": 0,
        "trainingLimit": 100000,
    },
    "rq": {"bits": 8, "enabled": False, "rescoreLimit": 20},
    "skip": False,
    "sq": {"enabled": False, "rescoreLimit": 20, "trainingLimit": 100000},
    "vectorCacheMaxObjects": 1000000000000,
}


class FakeWeaviate(HttpService):
    """An async context manager; `url` and `grpc` are its doors, `calls` what came through the second."""

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key
        self.grpc = ""
        self.classes: dict[str, JsonObject] = {}
        self.calls = Calls(key, self._properties)
        self._grpc_server: Any = None  # grpc has no types

    async def __aenter__(self) -> Self:
        """Listen on two free ports."""
        await super().__aenter__()
        self._grpc_server = grpc.aio.server()
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(self.calls, self._grpc_server)  # type: ignore[no-untyped-call]  # generated
        self.grpc = f"127.0.0.1:{self._grpc_server.add_insecure_port('127.0.0.1:0')}"
        await self._grpc_server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._grpc_server.stop(None)
        await super().__aexit__(kind, error, traceback)

    def answer(self, request: Request) -> Reply:
        """What the real server would say."""
        if request.path == "/v1/.well-known/ready":
            return Reply()
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return Reply({"code": 401, "message": "unauthorized: invalid api key"}, 401)
        parts = request.path.removeprefix("/v1/").split("/")
        if parts == ["meta"]:
            return Reply({"hostname": self.url, "modules": {}, "version": VERSION})
        if parts == ["schema"] and request.method == "POST":
            return self._create(request.json)
        if parts[0] == "schema" and len(parts) >= 2:
            return self._of_class(request, parts[1], parts[2:])
        return Reply(None, 404)

    def _properties(self, collection: str) -> set[str]:
        return {str(_object(p)["name"]) for p in _list(self.classes[collection]["properties"])}

    def _create(self, asked: JsonObject) -> Reply:
        name = str(asked["class"])
        if name in self.classes:
            return _refused(f"class name {name} already exists")
        properties: list[JsonValue] = [_property(p) for p in _list(asked["properties"])]
        vectors: JsonObject = {
            "vectorIndexConfig": _HNSW,
            "vectorIndexType": "hnsw",
            "vectorizer": {"none": {}},
        }
        self.classes[name] = {
            **_DEFAULTS,
            "class": name,
            "multiTenancyConfig": asked["multiTenancyConfig"],
            "properties": properties,
            "vectorConfig": {"default": vectors},
        }
        self.calls.objects[name] = {}
        return Reply(self.classes[name])

    def _of_class(self, request: Request, name: str, rest: list[str]) -> Reply:
        found = self.classes.get(name)
        if found is None:
            return Reply(None, 404)
        if request.method == "POST" and rest == ["properties"]:
            made = _property(request.json)
            taken = {property.lower() for property in self._properties(name)}
            if str(made["name"]).lower() in taken:
                return _refused(f"property {made['name']} already exists or conflicts in case")
            found["properties"] = [*_list(found["properties"]), made]
            return Reply(made)
        if request.method == "DELETE" and rest == ["tenants"]:
            for tenant in _strings(request.body):
                self.calls.objects[name].pop(tenant, None)
            return Reply()
        return Reply(found) if request.method == "GET" and not rest else Reply(None, 404)


def _refused(message: str) -> Reply:
    return Reply({"error": [{"message": message}]}, 422)


def _property(asked: JsonValue) -> JsonObject:
    given = _object(asked)
    made: JsonObject = {"indexRangeFilters": False, "indexSearchable": False}
    names = ("name", "dataType", "indexFilterable", "indexRangeFilters", "tokenization")
    return made | {name: given[name] for name in names if name in given}


def _object(value: JsonValue) -> JsonObject:
    assert isinstance(value, dict)  # noqa: S101 - what the client library sends
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    assert isinstance(value, list)  # noqa: S101 - what the client library sends
    return value


def _strings(body: bytes) -> list[str]:
    return [str(one) for one in json.loads(body)]
