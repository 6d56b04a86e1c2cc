"""Collections of texts in the configured vector store, for the MCP server `weaviate`."""

from collections.abc import Callable, Sequence

from orchestra.mcp.servers import Found
from orchestra.vectors import Embedder, Record, VectorIndex, VectorStore

_TEXT = "text"


class Collections:
    """Those of one workspace: a collection of another, or what else is in the store, is not seen."""

    def __init__(
        self,
        store: VectorStore,
        embedder: Embedder,
        *,
        workspace: str,
        redact: Callable[[str], str],
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._workspace = workspace
        self._redact = redact

    async def search(self, collection: str, query: str, limit: int) -> Sequence[Found]:
        """What is nearest, best first."""
        (vector,) = await self._embedder.embed([query], "query")
        matches = await self._index(collection).search(vector, limit)
        return [Found(m.id, str(m.metadata.get(_TEXT, "")), m.score) for m in matches]

    async def save(self, collection: str, id: str, text: str) -> None:
        """Store a text without its secrets, in place of the one with its id."""
        kept = self._redact(text)
        (vector,) = await self._embedder.embed([kept], "document")
        await self._index(collection).upsert([Record(id, vector, {_TEXT: kept})])

    def _index(self, collection: str) -> VectorIndex:
        namespace = f"{self._workspace}/collections/{collection}/{self._embedder.name}"
        return self._store.index(namespace, self._embedder.dimension)
