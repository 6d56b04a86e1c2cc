"""Calls of tools out of the stream of a chat, one whole after the other, in whatever order they came."""

from dataclasses import dataclass, field

from orchestra.gateway.wire.fields import arguments_of
from orchestra.gateway.wire.parts import (
    Part,
    Reasoning,
    Text,
    ToolBegin,
    ToolDelta,
    Unreadable,
    Waiting,
)


@dataclass(slots=True)
class _Call:
    index: int | None
    id: str
    name: str
    texts: list[str] = field(default_factory=list)
    closed: bool = False

    @property
    def is_complete(self) -> bool:
        text = "".join(self.texts)
        return bool(text) and arguments_of(text) is not None


class Calls:
    """Passes the call that began first on as it comes; others wait until that one is complete.

    Other formats can't go back to a call that has ended, while in a chat the pieces of parallel
    calls may be mixed. Some hosts also give every call the same index, or none.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._current: _Call | None = None
        self._queue: list[_Call | Text | Reasoning] = []

    @property
    def any(self) -> bool:
        """Whether a tool was called."""
        return bool(self._calls)

    def text(self, said: Text | Reasoning) -> list[Part]:
        """Text between calls."""
        if self._queue or (self._current is not None and not self._current.is_complete):
            self._queue.append(said)
            return [Waiting()]
        self._close()
        return [said]

    def delta(self, index: int | None, call_id: str, name: str, text: str) -> list[Part]:
        """A piece of a call.

        Raises:
            Unreadable: it belongs to one that has been told as complete.
        """
        call = self._find(index, call_id, name)
        call.name = call.name or name
        if call.closed:
            if text.strip():  # blanks after the last brace don't matter
                raise Unreadable("a call of a tool went on after it was complete")
            return []
        if text:
            call.texts.append(text)
        if call is self._current:
            return [ToolDelta(text)] if text else []
        if call in self._queue:
            return [Waiting()]
        current = self._current
        if self._queue or not call.name or (current is not None and not current.is_complete):
            self._queue.append(call)
            return [Waiting()]
        self._close()
        self._current = call
        return _begun(call)

    def rest(self) -> list[Part]:
        """What waited; no more is to come."""
        parts: list[Part] = []
        for waiting in self._queue:
            parts += _begun(waiting) if isinstance(waiting, _Call) else [waiting]
        self._queue.clear()
        return parts

    def _find(self, index: int | None, call_id: str, name: str) -> _Call:
        for call in reversed(self._calls):
            is_another = bool(name and call_id and call_id != call.id and call.name)
            if (call.index == index or index is None) and not is_another:
                return call
        call = _Call(index, call_id or f"call_{len(self._calls)}", name)
        self._calls.append(call)
        return call

    def _close(self) -> None:
        if self._current is not None:
            self._current.closed = True
            self._current = None


def _begun(call: _Call) -> list[Part]:
    begin: list[Part] = [ToolBegin(call.id, call.name)]
    return [*begin, *(ToolDelta(text) for text in call.texts)]
