"""Answers by likeness: near prompts of the same scope, guards, agreement, and a bound on errors.

Whatever fails on the way is a miss. A family of calls whose checks show no safe threshold gets no
answer from here, and each would-be hit of it becomes a check: the model is asked anyway.
"""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog
from orchestra.gateway.cache.asked import Asked
from orchestra.gateway.cache.forms import text_of
from orchestra.gateway.cache.memory import Kept
from orchestra.gateway.cache.semantic.calibration import Check
from orchestra.gateway.cache.semantic.embedding import Embedding
from orchestra.gateway.cache.semantic.families import Families
from orchestra.gateway.cache.semantic.sameness import same
from orchestra.gateway.cache.semantic.verifier import NEAREST, Candidate, Refusal, Verdict, judge
from orchestra.gateway.cache.store import AnswerStore
from orchestra.shared.errors import OrchestraError
from orchestra.vectors import Equals, Record, Vector, VectorIndex, VectorStore
from sqlalchemy.exc import SQLAlchemyError

_MOST_REMOVED = 5_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Near:
    """What a look found: who would answer, and whether it may."""

    family: bytes
    name: str
    verdict: Verdict
    kept: Kept
    bound: float
    may_serve: bool

    @property
    def note(self) -> str:
        """For the header that says how the answer was found."""
        nearness = self.verdict.score - self.verdict.support
        return f"sim={nearness:.3f};support={self.verdict.support};bound={self.bound:.4f}"


class SemanticTier:
    """The prompts of all scopes in one index, each search bound to its scope, and checked again."""

    def __init__(
        self,
        embedding: Embedding,
        vectors: VectorStore,
        dimension: int,
        store: AnswerStore,
        families: Families,
        *,
        checks: float,
        chance: random.Random | None = None,
    ) -> None:
        self._embedding = embedding
        namespace = f"gateway-cache/{embedding.name}"
        self._index: VectorIndex = vectors.index(namespace, dimension)
        self._store = store
        self.families = families
        self._checks = checks
        self._chance = chance or random.Random()  # noqa: S311 - it picks a sample
        self.stopped: Counter[str] = Counter()
        """Looks that ended without a candidate, by what stopped them."""

    async def look(self, asked: Asked, name: str) -> Near | None:
        """What would serve for a prompt; None where nothing would, or where anything failed."""
        try:
            vector = await self._embedding.of(asked.prompt)
            candidates, kept = await self._candidates(asked, vector)
            verdict = await asyncio.to_thread(judge, asked.prompt, candidates)
            if isinstance(verdict, Refusal):
                self.stopped[verdict.guard] += 1
                return None
            family = self._family(asked)
            known = await self.families.find(family, name)
        except (OrchestraError, TimeoutError, SQLAlchemyError) as error:
            self.stopped["failure"] += 1
            _log.warning("the cache did not look for a near answer", error=str(error))
            return None
        except Exception:  # noqa: BLE001 - the model is there to be asked: nothing here may cost a call
            self.stopped["failure"] += 1
            _log.exception("the cache failed to look for a near answer")
            return None
        calibration = known.calibration
        threshold = calibration.threshold
        allowed = threshold is not None and verdict.score >= threshold
        may_serve = allowed and self._chance.random() >= self._checks
        served = kept[verdict.candidate.key]
        return Near(family, name, verdict, served, calibration.bound, may_serve)

    async def compare(self, near: Near, answer: str) -> bool:
        """Learn from what the model said where a near answer would have served."""
        right = same(answer, near.verdict.candidate.answer)
        await self.families.check(near.family, near.name, Check(near.verdict.score, right))
        return right

    async def learn(self, written: Sequence[Kept]) -> None:
        """Make prompts findable whose answers were just written."""
        try:
            records = [
                Record(kept.key.hex(), await self._embedding.of(kept.prompt), _of(kept.scope))
                for kept in written
                if kept.prompt
            ]
            if records:
                await self._index.upsert(records)
        except (OrchestraError, SQLAlchemyError) as error:  # they are still found by the exact tier
            _log.warning("prompts are not found by likeness", error=str(error))

    async def forget(self, keys: Collection[bytes]) -> None:
        """Make prompts unfindable whose answers are gone."""
        names = [key.hex() for key in keys]
        for start in range(0, len(names), _MOST_REMOVED):
            await self._index.delete(names[start : start + _MOST_REMOVED])

    async def _candidates(
        self, asked: Asked, vector: Vector
    ) -> tuple[list[Candidate], dict[bytes, Kept]]:
        where = [Equals(name, value) for name, value in _of(asked.scope).items()]
        async with asyncio.timeout(2 * self._store.patience):
            matches = await self._index.search(vector, NEAREST, where)
            keys = [bytes.fromhex(match.id) for match in matches]
            # The scope is asked for twice: an index that erred gives nobody another's answer.
            kept = {one.key: one for one in await self._store.fetch(keys, asked.scope)}
        found = []
        for key, match in zip(keys, matches, strict=True):
            one = kept.get(key)
            text = None if one is None else text_of(one.endpoint, one.answer)
            if one is not None and text:
                found.append(Candidate(key, one.prompt, text, match.score))
        return found, kept

    def _family(self, asked: Asked) -> bytes:
        """Scores of different embedders are not the same thing."""
        name = self._embedding.name.encode()
        return hashlib.blake2b(asked.family + name, digest_size=32).digest()


def _of(scope: bytes) -> dict[str, str]:
    return {"scope": scope.hex()}
