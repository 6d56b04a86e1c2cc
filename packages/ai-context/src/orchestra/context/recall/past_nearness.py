"""Compares tasks of the past with chunks by a model on this disk; what it made is kept."""

import asyncio
from pathlib import Path

from orchestra.context.index.cache import Cache
from orchestra.context.index.chunk_vectors import ChunkVectors
from orchestra.context.index.corpus import Corpus, Figures
from orchestra.context.index.nearness import Chunks, Nearness
from orchestra.context.index.passages import Read, passages_of, task_passage
from orchestra.vectors import Embedder
from orchestra.vectors.embedders.onnx import OnnxEmbedder


def open_model(folder: Path) -> Embedder:
    """The model of a folder, on one core.

    Raises:
        OrchestraError: it is not the folder of a model, or what runs it is not installed.
    """
    return OnnxEmbedder(folder)


class PastNearness:
    """Embeds the candidates of each task, as far as no earlier task did."""

    def __init__(self, model: Embedder, cache: Cache) -> None:
        self._model = model
        self._vectors = ChunkVectors(cache, model.name, model.dimension)

    def to(self, task: str, read: Read) -> Nearness:
        """The nearness to a task; `read` tells the texts of the moment's files."""
        vector = self._embed([task_passage(task)], query=True)[0]

        def closeness(corpus: Corpus, chunks: Chunks) -> Figures:
            keys = corpus.view.chunk_keys[chunks]
            self._vectors.recall(keys)
            lacking = ~self._vectors.known(keys)
            if lacking.any():
                texts = passages_of(corpus.view, chunks[lacking], read)
                self._vectors.put(keys[lacking], self._embed(texts))
            return self._vectors.closeness(keys, vector)

        return closeness

    def _embed(self, texts: list[str], query: bool = False) -> Figures:
        return asyncio.run(self._model.embed(texts, "query" if query else "document"))
