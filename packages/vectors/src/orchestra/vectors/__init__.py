"""Embedders and vector indexes: pgvector, Weaviate, Pinecone."""

__all__: list[str] = []
