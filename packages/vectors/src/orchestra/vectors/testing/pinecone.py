"""A stand-in for Pinecone: the REST calls of its control plane and of its indexes.

Vectors lie in dictionaries and every one is compared. It is as strict as the documented API: ASCII
ids, flat metadata, limits of a call, known operators only, 404 for what is removed from nowhere.
"""

from collections import deque
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
from orchestra.shared.json import JsonValue
from orchestra.shared.testing.http_service import Fault, HttpService, Reply, Request
from orchestra.vectors.testing.pinecone_filters import NotUnderstood, meets

_MOST_INDEXES = 4
_MOST_VECTORS, _LARGEST_BODY = 1_000, 2 * 1024 * 1024
_MOST_IDS, _MOST_MATCHES, _LONGEST_ID = 1_000, 10_000, 512
_LARGEST_METADATA = 40 * 1024

_Json = dict[str, Any]  # a JSON object of their API


class FakePinecone(HttpService):
    """An async context manager; serves the control plane at `url`, each index at its own host."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.indexes: dict[str, _Json] = {}
        self.data_faults: deque[Fault] = deque()
        self.planes: list[Index] = []
        self._spare: list[Index] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen: for itself, and for as many indexes as a project may have."""
        await super().__aenter__()
        for _ in range(_MOST_INDEXES):
            index = await self._stack.enter_async_context(Index(self.key))
            index.faults = self.data_faults
            self.planes.append(index)
        self._spare = list(self.planes)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._stack.aclose()
        await super().__aexit__(kind, error, traceback)

    def answer(self, request: Request) -> Reply:
        """What the real API would say."""
        if request.headers.get("api-key") != self.key:
            return _error(401, "UNAUTHENTICATED", "Invalid API Key")
        if request.method == "POST" and request.path == "/indexes":
            return self._create(request.json)
        name = request.path.removeprefix("/indexes/")
        if request.method == "GET" and name in self.indexes:
            return Reply(self.indexes[name])
        return _error(404, "NOT_FOUND", f"Resource {name} not found")

    def _create(self, asked: _Json) -> Reply:
        name = asked["name"]
        if name in self.indexes:
            return _error(409, "ALREADY_EXISTS", "Resource  already exists")
        if not self._spare:
            return _error(403, "FORBIDDEN", "You've reached the max serverless indexes allowed")
        index = self._spare.pop()
        index.dimension = asked["schema"]["fields"]["_values"]["dimension"]
        self.indexes[name] = {
            "name": name,
            "host": index.url,
            "status": {"ready": True, "state": "Ready"},
            "schema": asked["schema"],
            "deployment": asked["deployment"],
            "deletion_protection": "disabled",
            "tags": None,
        }
        return Reply(self.indexes[name], 201)


class Index(HttpService):
    """The data plane of one index."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.dimension = 0
        self.namespaces: dict[str, dict[str, _Json]] = {}

    def answer(self, request: Request) -> Reply:
        """What the real API would say."""
        if request.headers.get("api-key") != self.key:
            return _refused(401, 16, "Invalid API Key")
        if len(request.body) > _LARGEST_BODY:
            return _refused(413, 11, "message length too large")
        try:
            answers = {
                "/vectors/upsert": self._upsert,
                "/query": self._query,
                "/vectors/delete": self._delete,
                "/describe_index_stats": self._stats,
            }
            return answers[request.path](request.json)
        except NotUnderstood as error:
            return _refused(400, 3, str(error))

    def _upsert(self, asked: _Json) -> Reply:
        vectors: list[_Json] = asked["vectors"]
        if not 1 <= len(vectors) <= _MOST_VECTORS:
            raise NotUnderstood(f"an upsert has 1 to {_MOST_VECTORS} vectors")
        for vector in vectors:
            self._check(vector)
        held = self.namespaces.setdefault(asked.get("namespace", ""), {})
        held.update({vector["id"]: vector for vector in vectors})
        return Reply({"upsertedCount": len(vectors)})

    def _check(self, vector: _Json) -> None:
        id, values, metadata = vector["id"], vector["values"], vector.get("metadata", {})
        if not id.isascii() or not 1 <= len(id) <= _LONGEST_ID:
            raise NotUnderstood(f"Vector ID must be ASCII, of 1 to 512 characters, but got '{id}'")
        self._check_values(values)
        if len(str(metadata)) > _LARGEST_METADATA:
            raise NotUnderstood("metadata size exceeds the limit of 40960 bytes per vector")
        for name, value in metadata.items():
            of_texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
            if name.startswith("$") or not (of_texts or isinstance(value, str | int | float)):
                raise NotUnderstood(
                    f"Metadata value must be a string, number, boolean or list of"
                    f" strings, got '{value}' for field '{name}'"
                )

    def _check_values(self, values: list[float]) -> None:
        if len(values) != self.dimension:
            raise NotUnderstood(
                f"Vector dimension {len(values)} does not match the dimension of the index"
                f" {self.dimension}"
            )

    def _query(self, asked: _Json) -> Reply:
        self._check_values(asked["vector"])
        if not 1 <= asked["topK"] <= _MOST_MATCHES:
            raise NotUnderstood("topK must be between 1 and 10000")
        name = asked.get("namespace", "")
        held = list(self.namespaces.get(name, {}).values())
        chosen = [v for v in held if meets(v.get("metadata", {}), asked.get("filter", {}))]
        matches = sorted(((_cosine(v["values"], asked["vector"]), v) for v in chosen), key=_first)
        shown: list[JsonValue] = [
            {"id": v["id"], "score": score, "values": [], "metadata": v.get("metadata", {})}
            for score, v in matches[: asked["topK"]]
        ]
        return Reply({"matches": shown, "namespace": name, "usage": {"readUnits": 1}})

    def _delete(self, asked: _Json) -> Reply:
        name = asked.get("namespace", "")
        held = self.namespaces.get(name)
        if held is None:
            return _refused(404, 5, "Namespace not found")
        if asked.get("deleteAll"):
            del self.namespaces[name]
        elif "filter" in asked:
            kept = {i: v for i, v in held.items() if not meets(v["metadata"], asked["filter"])}
            self.namespaces[name] = kept
        elif len(asked["ids"]) > _MOST_IDS:
            raise NotUnderstood(f"a delete has at most {_MOST_IDS} ids")
        else:
            for id in asked["ids"]:
                held.pop(id, None)
        return Reply({})

    def _stats(self, asked: _Json) -> Reply:  # noqa: ARG002 - as the other calls
        counts = {name: len(held) for name, held in self.namespaces.items()}
        return Reply(
            {
                "namespaces": {name: {"vectorCount": count} for name, count in counts.items()},
                "dimension": self.dimension,
                "indexFullness": 0,
                "totalVectorCount": sum(counts.values()),
            }
        )


def _first(ranked: tuple[float, _Json]) -> tuple[float, str]:
    return -ranked[0], ranked[1]["id"]


def _cosine(one: list[float], other: list[float]) -> float:
    a, b = np.asarray(one), np.asarray(other)
    return float(np.float32(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))


def _error(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"code": code, "message": message}, "status": status}, status)


def _refused(status: int, code: int, message: str) -> Reply:
    return Reply({"code": code, "message": message, "details": []}, status)
