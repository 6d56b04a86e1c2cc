"""Answers searches and asks for packs about the present state of the repository."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from orchestra.context.index.code_index import CodeIndex, IndexState
from orchestra.context.index.corpus import Corpus
from orchestra.context.index.embedding import ChunkEmbedding
from orchestra.context.index.literal import places_of_names
from orchestra.context.index.ranking import RankedChunk, Ranking, rank
from orchestra.context.index.signals import Query
from orchestra.context.index.tokens import count_tokens
from orchestra.context.log import ContextLog
from orchestra.context.memory import Filter, Hit, fenced
from orchestra.context.packs.handoffs import Offers, write_handoffs
from orchestra.context.packs.item import Item, Pack
from orchestra.context.packs.lookup import Lookup, look_up
from orchestra.context.packs.packer import check_task, pack
from orchestra.context.packs.redacting import (
    Redact,
    redacted,
    redacted_names,
    redacted_path,
)
from orchestra.context.packs.reranking import Reranker, likeliest_places, rerank
from orchestra.context.packs.state import write_state
from orchestra.context.packs.wording import visible
from orchestra.shared.errors import Invalid
from orchestra.shared.identity import Caller

MOST_HITS = 50
_NOTES = 5
_NOTE_SHARE = 0.05  # of the budget
_OFFER_SHARE = 0.03
_LONGEST_QUERY = 2_000  # characters
_NAMED = "it holds the name"
_BY_WORDS = "vectors are not part of the ranking; it goes by words, history and links"


class Notes(Protocol):
    """What is needed of the memory."""

    async def search(
        self, query: str, *, caller: Caller, filter: Filter | None = None, limit: int = 10
    ) -> Sequence[Hit]:
        """The notes that fit best, of those that the caller may see."""


@dataclass(frozen=True, slots=True)
class Found:
    """A place that fits a search: its lines, its text, and what speaks for it."""

    path: str
    start: int
    end: int
    text: str
    score: float
    symbols: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, and the state of the repository that it was asked of."""

    query: str
    found: tuple[Found, ...]
    revision: str | None
    notes: tuple[str, ...]
    """What is to be known of the index: what it lacks, and whether it is behind."""


class Desk:
    """Where searches and packs are asked for. Nothing secret leaves it."""

    def __init__(
        self,
        index: CodeIndex,
        log: ContextLog,
        notes: Notes,
        redact: Redact,
        *,
        embedding: ChunkEmbedding | None = None,
        reranker: Reranker | None = None,
        offers: Offers | None = None,
    ) -> None:
        """`embedding` compares tasks with code by meaning; without it, words and links decide.

        `reranker` puts the best places of a pack in order. Searches do not wait for it.
        """
        self._index = index
        self._embedding = embedding
        self._reranker = reranker
        self._offers = offers
        self._log = log
        self._notes = notes
        self._redact = redact

    def state(self) -> IndexState:
        """How the code index is."""
        state = self._index.state()
        return replace(state, vectors=self._embedding.state()) if self._embedding else state

    async def search(self, query: str, *, limit: int = 10, under: str = "") -> Search:
        """The places that fit best; `under` is the beginning of their paths.

        Raises:
            Invalid: the query is empty or too long.
            Unavailable: the index is still being built.
        """
        if not query.strip() or len(query) > _LONGEST_QUERY:
            raise Invalid(
                f"a query has 1 to {_LONGEST_QUERY:,} characters, this one has {len(query):,}",
                hint="say in some words, or with a name from the code, what is sought",
            )
        corpus = await self._index.corpus()
        ranking, _ = await self._rank(corpus, query, under)
        named = places_of_names(corpus, query, under)
        chunks = _best(chain(named, ranking.fitting()), limit)
        paths = list(dict.fromkeys(chunk.path for chunk in chunks))
        texts = await asyncio.to_thread(self._index.read, paths)
        reasons: dict[str, tuple[str, ...]] = {chunk.path: (_NAMED,) for chunk in named}
        reasons |= {file.path: file.reasons for file in ranking.files}
        found = [
            self._found(corpus, chunk, texts[chunk.path], reasons[chunk.path])
            for chunk in chunks
            if chunk.path in texts
        ]
        notes = tuple(self._remarks())
        return Search(self._redact(query), tuple(found), self._index.commit, notes)

    async def references(self, symbol: str, *, limit: int = 100, under: str = "") -> Lookup:
        """Where a symbol is defined and used, resolved by name and imports.

        Raises:
            Invalid: it is not the name of a symbol.
            Unavailable: the index is still being built, or too many ask.
        """
        return await look_up(
            self._index, symbol, self._redact, limit=limit, under=under, notes=self._remarks()
        )

    async def pack(self, task: str, budget: int, caller: Caller) -> Pack:
        """The context for a task.

        Raises:
            Invalid: the task or the budget is not one that is served.
            Unavailable: the index is still being built.
        """
        check_task(task, budget)
        corpus = await self._index.corpus()
        extras = [write_state(self._log.document)]
        if caller.can("memory:read"):
            extras += await self._write_notes(task, caller, int(budget * _NOTE_SHARE))
        if self._offers is not None and caller.can("tasks:read"):
            room = int(budget * _OFFER_SHARE)
            extras += await write_handoffs(self._offers, task, caller, room)
        ranking, remarks = await self._rank(corpus, task)
        if self._reranker is not None:
            paths = list(dict.fromkeys(chunk.path for chunk in likeliest_places(ranking)))
            texts = await asyncio.to_thread(self._index.read, paths)
            ranking, remark = await rerank(ranking, task, texts, self._reranker)
            remarks = [*remarks, remark]
        made = await asyncio.to_thread(
            pack,
            corpus,
            self._index,
            task,
            budget,
            extras=extras,
            revision=self._index.commit,
            notes=[*remarks, *self._remarks()],
            finish=lambda item: redacted(item, self._redact),
            ranking=ranking,
        )
        return redacted_names(made, self._redact)

    async def _rank(
        self, corpus: Corpus, task: str, under: str = ""
    ) -> tuple[Ranking, Sequence[str]]:
        """The ranking, and what is to be said of how it was made."""
        if self._embedding is None:
            return await asyncio.to_thread(rank, corpus, Query(task), under=under), [_BY_WORDS]
        async with self._embedding.compare(task) as compared:
            ranking = await asyncio.to_thread(
                rank, corpus, Query(task), under=under, dense=compared.dense
            )
        return ranking, [compared.remark]

    def _found(self, corpus: Corpus, chunk: RankedChunk, text: str, why: tuple[str, ...]) -> Found:
        parsed = corpus.view.current.get(chunk.path)
        inside = (
            [s.name for s in parsed.symbols if chunk.start <= s.start <= chunk.end]
            if parsed
            else []
        )
        lines = visible(text).split("\n")[chunk.start - 1 : chunk.end]
        return Found(
            redacted_path(chunk.path, self._redact),
            chunk.start,
            chunk.end,
            self._redact("\n".join(lines)),
            chunk.likelihood,
            tuple(self._redact(name) for name in inside[:8]),
            why,
        )

    async def _write_notes(self, task: str, caller: Caller, budget: int) -> list[Item]:
        items = []
        for hit in await self._notes.search(task[:1000], caller=caller, limit=_NOTES):
            text = f"- {fenced(hit.note)}"
            tokens = count_tokens(text) + 1
            if tokens <= budget:
                budget -= tokens
                why = ("it speaks of what the task speaks of",)
                items.append(Item("memory", text, tokens, None, (), why, "untrusted"))
        return items

    def _remarks(self) -> list[str]:
        state = self._index.state()
        remarks = []
        if state.omitted:
            remarks.append(
                f"{state.omitted:,} files are not searched: the index holds {state.files:,},"
                " the first by path"
            )
        if state.done < state.total:
            read = f"{state.done:,} of {state.total:,} changed files have been read"
            remarks.append(f"the index is behind: {read}")
        if state.problem:
            remarks.append(f"the index may be old: {state.problem}")
        return remarks


def _best(chunks: Iterable[RankedChunk], limit: int) -> list[RankedChunk]:
    """The best chunks, at most three of a file."""
    taken: dict[str, set[int]] = {}
    best: list[RankedChunk] = []
    for chunk in chunks:
        starts = taken.setdefault(chunk.path, set())
        if len(starts) < 3 and chunk.start not in starts:
            starts.add(chunk.start)
            best.append(chunk)
        if len(best) >= limit:
            break
    return best
