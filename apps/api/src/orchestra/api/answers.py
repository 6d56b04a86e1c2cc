"""The cache of answers, wired to the repository, the database and what makes vectors."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from orchestra.api.head import Head
from orchestra.gateway.cache.asked import Place
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.opening import opened_cache
from orchestra.gateway.cache.response_cache import ResponseCache
from orchestra.gateway.calls import Answer
from orchestra.gateway.cost.prices import Prices
from orchestra.shared.db import Database
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings
from orchestra.vectors import Embedder, VectorStore, open_embedder, open_store


@asynccontextmanager
async def open_answers(
    section: CacheSection,
    settings: Settings,
    database: Database,
    redactor: Redactor,
    *,
    head: Callable[[], str | None] | None,
    embedder: Embedder | None,
    prices: Prices,
) -> AsyncGenerator[ResponseCache]:
    """The cache for the length of a block; vectors are opened only where near answers are wanted.

    `head` tells the commit that is served; without it, git is asked.
    """
    async with AsyncExitStack() as stack:
        if head is None:
            asked = Head(settings.repo)
            await asked.start()
            stack.push_async_callback(asked.close)

            def head() -> str | None:
                return asked.commit

        vectors: VectorStore | None = None
        if section.by_likeness:
            if embedder is None:
                embedder = await stack.enter_async_context(open_embedder(settings))
            vectors = await open_store(settings, database)
            stack.push_async_callback(vectors.close)

        workspace = settings.workspace  # it asks the file system

        def price(answer: Answer) -> int | None:
            usage = answer.usage
            if usage is None or usage.cost is not None:
                return None if usage is None else usage.cost
            card = prices.find(answer.provider, answer.model)
            return None if card is None else card.cost(usage)

        def place() -> Place:
            return Place(workspace, head())

        yield await stack.enter_async_context(
            opened_cache(
                section,
                database,
                redactor,
                place=place,
                embedder=embedder,
                vectors=vectors,
                price=price,
            )
        )
