"""The answers that this process holds: the least recently used go first, and none outlives its time."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestra.gateway.calls import Answer, Endpoint

_OVERHEAD = 400
"""Bytes that an entry costs besides its body."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with what it answers."""

    key: bytes
    answer: Answer
    endpoint: Endpoint
    expires: float
    """Seconds since 1970."""
    tenant: str
    commit: str | None = None
    scope: bytes = b""
    prompt: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.answer.body) + len(self.prompt) + _OVERHEAD


class Memory:
    """Answers by key, in at most so many bytes."""

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Kept | None:
        """The answer under a key, if its time has not come."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.expires <= self._now():
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def put(self, kept: Kept) -> None:
        """Hold an answer, in place of the one with its key."""
        self.drop(kept.key)
        if kept.size > self._most:
            return
        self._kept[kept.key] = kept
        self.bytes += kept.size
        while self.bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= oldest.size

    def drop(self, key: bytes) -> None:
        """Let go of one."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.bytes -= kept.size

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()
        self.bytes = 0

    def values(self) -> Iterator[Kept]:
        """All that are held, the least recently used first."""
        return iter(tuple(self._kept.values()))
