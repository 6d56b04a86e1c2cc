"""Opens the store and the embedder that the settings name; only what is named is imported."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestra.shared.errors import Invalid
from orchestra.vectors.extras import extra

if TYPE_CHECKING:
    from orchestra.shared.db import Database
    from orchestra.shared.settings import Settings
    from orchestra.vectors.index import Embedder, VectorIndex, VectorStore


async def open_store(settings: "Settings", database: "Database | None" = None) -> "VectorStore":
    """The store that `VECTOR_STORE` names; its caller closes it.

    Raises:
        Invalid: a setting is missing, or pgvector was chosen without a database.
        Unavailable: the store does not answer, or its client is not installed.
    """
    if settings.vector_store == "weaviate":
        with extra("weaviate"):
            from orchestra.vectors.indexes.weaviate import WeaviateStore
        if settings.weaviate_url:
            return WeaviateStore(
                settings.weaviate_url, grpc=settings.weaviate_grpc, key=settings.weaviate_api_key
            )
        if settings.weaviate_bin is None:
            raise Invalid(
                "`weaviate` has no address", hint="set WEAVIATE_URL, or ORCHESTRA_WEAVIATE_BIN"
            )
        folder = settings.state_folder / "weaviate"
        return await WeaviateStore.embedded(settings.weaviate_bin, folder)
    if settings.vector_store == "pinecone":
        with extra("pinecone"):
            from orchestra.vectors.indexes.pinecone import PineconeStore
        if settings.pinecone_api_key is None:
            raise Invalid("`pinecone` has no key", hint="set PINECONE_API_KEY")
        return PineconeStore(
            settings.pinecone_api_key, url=settings.pinecone_url, region=settings.pinecone_region
        )
    if database is None:
        raise Invalid("`pgvector` needs a database", hint="pass the database, or set VECTOR_STORE")
    from orchestra.vectors.indexes.pgvector import PgVectorStore

    return PgVectorStore(database)


@asynccontextmanager
async def open_index(
    settings: "Settings", namespace: str, dimension: int, *, database: "Database | None" = None
) -> AsyncGenerator["VectorIndex"]:
    """One index for the length of a block, where there is no store for the whole process.

    Raises:
        Invalid: as `open_store`, or the namespace or the dimension does not fit.
        Unavailable: as `open_store`.
    """
    store = await open_store(settings, database)
    try:
        yield store.index(namespace, dimension)
    finally:
        await store.close()


@asynccontextmanager
async def open_embedder(settings: "Settings") -> AsyncGenerator["Embedder"]:
    """The embedder that `ORCHESTRA_EMBEDDER` names, ready, for the length of a block.

    Raises:
        Invalid: a setting is missing, or the model cannot be read.
        Unavailable: the model lacks a part, or what runs it is not installed. Whether a service
            answers is not tried.
    """
    if settings.embedder == "hashing":
        from orchestra.vectors.embedders.hashing import HashingEmbedder

        yield HashingEmbedder()
        return
    model = settings.embedder_model
    if model is None:
        raise Invalid(
            f"the embedder `{settings.embedder}` has no model",
            hint="set ORCHESTRA_EMBEDDER_MODEL to the folder of a model, or to its name",
        )
    if settings.embedder == "onnx":
        from orchestra.vectors.embedders.onnx import OnnxEmbedder

        yield await asyncio.to_thread(OnnxEmbedder, Path(model))
        return
    if settings.embedder_url is None:
        raise Invalid("the embedder `http` has no address", hint="set ORCHESTRA_EMBEDDER_URL")
    from orchestra.vectors.embedders.http import HttpEmbedder

    async with HttpEmbedder(settings.embedder_url, model, settings.embedder_key) as embedder:
        yield embedder
