"""The cache of answers: the same request gets the same answer, and a near one where that is safe."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestra.gateway.cache.asked import Asked, Place, asked
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.cache.figures import CacheFigures, Counts, of_families
from orchestra.gateway.cache.forms import is_whole, replayed, text_of, wants_usage
from orchestra.gateway.cache.memory import Kept, Memory
from orchestra.gateway.cache.policy import Wish, wish
from orchestra.gateway.cache.store import AnswerStore
from orchestra.gateway.calls import Answer, CacheHit, Hit, ModelCall
from orchestra.gateway.routing.target import Target

if TYPE_CHECKING:  # what it takes to load is for those who want near answers
    from orchestra.gateway.cache.semantic.tier import Near, SemanticTier

_MOST_UNDER_WAY = 2_000
"""Calls that were looked up and are not answered yet; the oldest is forgotten, and so not kept."""
_LARGEST_NEAR = 65_536
"""Bytes of an answer that may serve by likeness: ten of them are read for each look."""
_MOST_CHECKING = 64
"""Checks that are written at the same time; what comes then is no check."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    asked: Asked
    epoch: int
    near: "Near | None"


def said_price(answer: Answer) -> int | None:
    """What the provider says that the answer cost, in nano-dollars."""
    return None if answer.usage is None else answer.usage.cost


class ResponseCache:
    """Implements `Answers`. Without a store, what it keeps ends with the process."""

    def __init__(
        self,
        section: CacheSection,
        *,
        place: Callable[[], Place] = Place,
        store: AnswerStore | None = None,
        near: "SemanticTier | None" = None,
        closed: str = "no embedder",
        price: Callable[[Answer], int | None] = said_price,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._section = section
        self._place = place
        self._store = store
        self._near = near
        self._closed = closed
        self._price = price
        self._now = now
        self._memory = Memory(section.memory, now)
        self._under_way: OrderedDict[str, _UnderWay] = OrderedDict()
        self._checking: set[asyncio.Task[None]] = set()
        self._epoch = 0
        self._counts = Counts()
        if store is not None:
            store.cleared = self._cleared
            if near is not None:
                store.kept, store.gone = near.learn, near.forget
                store.checked = near.families.heard

    async def find(self, call: ModelCall, plan: Sequence[Target]) -> Hit | None:
        """A kept answer that serves for this call, from a target that the plan still has.

        Raises:
            Invalid: the client's header says something that is no way of caching.
        """
        wished = wish(call, self._section)
        if not wished.keep or len(call.body) > self._section.largest:
            return None
        what = asked(
            call,
            self._place(),
            self._section,
            explicit=wished.explicit,
            likeness=wished.semantic and self._near is not None,
        )
        if what is None:
            return None
        self._counts.lookups += 1
        kept = await self._kept(what.key) if wished.find else None
        hit = None if kept is None else self._hit(call, plan, kept, "exact", "")
        if hit is not None:
            return hit
        near = await self._look(call, what, wished)
        if near is not None and near.may_serve:
            hit = self._hit(call, plan, near.kept, "semantic", near.note)
            if hit is not None:
                return hit
        self._under_way[call.id] = _UnderWay(what, self._now_epoch(), near)
        if len(self._under_way) > _MOST_UNDER_WAY:
            self._under_way.popitem(last=False)
        return None

    def keep(self, call: ModelCall, answer: Answer) -> None:
        """Keep a finished answer, and compare it with the one that would have served."""
        under_way = self._under_way.pop(call.id, None)
        if under_way is None or under_way.epoch != self._now_epoch():
            return
        if len(answer.body) > self._section.largest or not is_whole(call.endpoint, answer):
            return
        what = under_way.asked
        near = len(answer.body) <= _LARGEST_NEAR
        kept = Kept(
            key=what.key,
            answer=answer,
            endpoint=call.endpoint,
            expires=self._now() + self._section.ttl,
            tenant=what.tenant,
            commit=what.commit,
            scope=what.scope if near else b"",
            prompt=what.prompt if near else "",
        )
        self._memory.put(kept)
        if self._store is not None:
            self._store.put(kept, under_way.epoch)
        if under_way.near is not None:
            self._check(call, under_way.near, answer)

    def observe(self, call: ModelCall, answer: Answer) -> None:
        """The same: what is kept is compared."""
        self.keep(call, answer)

    async def clear(
        self, *, tenant: str | None = None, commit: str | None = None, model: str | None = None
    ) -> int:
        """Forget answers everywhere, all or some; returns how many.

        Raises:
            Unavailable: the database does not answer; nothing was forgotten.
        """
        held = len(self._memory)
        if self._store is not None:
            return await self._store.clear(tenant=tenant, commit=commit, model=model)
        self._cleared()
        return held

    async def figures(self) -> CacheFigures:
        """What it did.

        Raises:
            Unavailable: the database does not answer.
        """
        store, near, counts = self._store, self._near, self._counts
        entries, size = (len(self._memory), self._memory.bytes)
        if store is not None:
            entries, size = await store.count()
        families = [] if near is None else [family for _, family in near.families.items()]
        return CacheFigures(
            exact=self._section.exact,
            semantic=self._closed if near is None else "on",
            entries=entries,
            bytes=size,
            memory_entries=len(self._memory),
            memory_bytes=self._memory.bytes,
            lookups=counts.lookups,
            exact_hits=counts.exact_hits,
            semantic_hits=counts.semantic_hits,
            saved=counts.saved,
            saved_unpriced=counts.saved_unpriced,
            unwritten=0 if store is None else store.unwritten,
            shadow_checks=counts.shadow_checks,
            shadow_false=counts.shadow_false,
            stopped={} if near is None else dict(near.stopped),
            families=of_families(families),
        )

    async def settled(self) -> None:
        """Return when all that was kept and checked is written."""
        if self._checking:
            await asyncio.wait(set(self._checking))
        if self._store is not None:
            await self._store.settled()

    async def _kept(self, key: bytes) -> Kept | None:
        store = self._store
        if store is None:
            return self._memory.get(key)
        if not store.hears:
            return None
        kept = self._memory.get(key)
        if kept is None and key in store.known:
            kept = next(iter(await store.fetch([key])), None)
            if kept is not None:
                self._memory.put(kept)
        return kept

    async def _look(self, call: ModelCall, what: Asked, wished: Wish) -> "Near | None":
        hears = self._store is not None and self._store.hears
        if self._near is None or not (wished.semantic and what.scope and hears):
            return None
        return await self._near.look(what, f"{what.tenant} · {call.model} · {call.endpoint}")

    def _hit(
        self, call: ModelCall, plan: Sequence[Target], kept: Kept, kind: CacheHit, note: str
    ) -> Hit | None:
        """The answer in the form that the client asks for, where its target may still answer."""
        answer = kept.answer
        if not any(t.provider == answer.provider and t.model == answer.model for t in plan):
            return None
        usage = call.stream and wants_usage(call.body)
        given = replayed(kept.endpoint, answer, stream=call.stream, usage=usage)
        if given is None:
            return None
        self._counts.exact_hits += kind == "exact"
        self._counts.semantic_hits += kind == "semantic"
        cost = self._price(answer)
        self._counts.saved += cost or 0
        self._counts.saved_unpriced += cost is None
        return Hit(given, kind, note)

    def _check(self, call: ModelCall, near: "Near", answer: Answer) -> None:
        text = text_of(call.endpoint, answer)
        if self._near is None or text is None or len(self._checking) >= _MOST_CHECKING:
            return
        task = asyncio.create_task(self._compare(self._near, near, text), name="cache-check")
        self._checking.add(task)
        task.add_done_callback(self._checking.discard)

    async def _compare(self, tier: "SemanticTier", near: "Near", text: str) -> None:
        right = await tier.compare(near, text)
        self._counts.shadow_checks += 1
        self._counts.shadow_false += not right

    def _now_epoch(self) -> int:
        return self._epoch if self._store is None else self._store.epoch

    def _cleared(self) -> None:
        self._memory.clear()
        self._epoch += 1
        if self._near is not None:
            self._near.families.forget()
