"""Whether vectors can be searched: pgvector in our database, and a Weaviate if there is one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter

import asyncpg
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.polling import Look, SourceFailed
from orchestra.context.collectors.service import Service
from orchestra.context.config import WeaviateSource
from orchestra.context.facts import Observation, Topic
from orchestra.shared.db import RAW_LOST
from orchestra.shared.errors import Unavailable
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain
from pydantic import BaseModel

Fetch = Callable[[str], Awaitable[Sequence[Mapping[str, object]]]]
"""Runs one SQL query and returns its rows, as asyncpg's `fetch` does."""

_EXTENSION = (
    "select default_version, installed_version from pg_available_extensions where name = 'vector'"
)
_CANARY = "select ('[1,2,3]'::vector <=> '[1,2,3]'::vector) as distance"
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # milliseconds


class _Meta(BaseModel):
    version: str = ""
    modules: dict[str, object] = {}


class VectorStore:
    """Asks with a canary: a search that must find what it looks for.

    Times are given as the next of a few steps, so that a fact changes only when they really do.
    """

    topic: Topic = "vector_db_status"

    def __init__(
        self,
        fetch: Fetch,
        *,
        config: WeaviateSource | None = None,
        credentials: Credentials | None = None,
        weaviate_url: str | None = None,
    ) -> None:
        """`weaviate_url`: set by the operator; the repository can only name the key."""
        self._fetch = fetch
        self._weaviate: Service | None = None
        if weaviate_url:
            ref = (config or WeaviateSource()).token
            self._weaviate = Service(
                "Weaviate", weaviate_url, lambda: credentials.get(ref) if credentials else None
            )

    async def look(self) -> Look:
        """Ask pgvector, and Weaviate where one is configured."""
        value: JsonObject = {"pgvector": await self._pgvector()}
        source = "pg_extension"
        detail = None
        if self._weaviate is not None:
            source += f", {self._weaviate.base_url}"
            value["weaviate"] = weaviate = await self._ask_weaviate(self._weaviate)
            if not weaviate["ready"]:
                detail = str(weaviate["reason"])
        pgvector = value["pgvector"]
        if isinstance(pgvector, dict) and pgvector["installed"] is None:
            detail = (
                "pgvector is not installed in the database; hint: run"
                " `create extension vector`, or install the package it comes with"
            )
        return Look(Observation(value=value, source=source, detail=detail))

    async def _pgvector(self) -> JsonObject:
        try:
            rows = await self._fetch(_EXTENSION)
            if not rows or rows[0]["installed_version"] is None:
                available = plain(rows[0]["default_version"], 32) if rows else None
                return {"installed": None, "available": available, "canary": None}
            installed = plain(rows[0]["installed_version"], 32)
            began = perf_counter()
            found = await self._fetch(_CANARY)
            took = (perf_counter() - began) * 1000
        except (Unavailable, *RAW_LOST, asyncpg.PostgresError) as error:
            raise _failed(error) from error
        canary: JsonObject = {"right": found[0]["distance"] == 0, "at_most_ms": _step(took)}
        available = plain(rows[0]["default_version"], 32)
        return {"installed": installed, "available": available, "canary": canary}

    async def _ask_weaviate(self, service: Service) -> JsonObject:
        try:
            await service.get("/v1/.well-known/ready")
            began = perf_counter()
            meta = service.read(_Meta, await service.get("/v1/meta"))
            took = (perf_counter() - began) * 1000
        except SourceFailed as error:
            return {"ready": False, "reason": str(error)}
        return {
            "ready": True,
            "version": plain(meta.version, 32),
            "modules": {plain(name, 100): True for name in list(meta.modules)[:50]},
            "at_most_ms": _step(took),
        }


def _failed(error: Exception) -> SourceFailed:
    return SourceFailed(
        f"the vector store cannot be asked ({type(error).__name__}); hint: see `orchestra doctor`"
    )


def _step(milliseconds: float) -> int | None:
    return next((step for step in _STEPS if milliseconds <= step), None)
