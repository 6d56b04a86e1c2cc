"""Server-sent events out of bytes that come in pieces of any size, and back into bytes."""

from typing import NamedTuple

import msgspec

MOST_BYTES = 16 * 1024 * 1024
"""Of one event; a longer one is dropped and counted."""

_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """One event; `name` is empty where the stream gives none."""

    name: bytes
    data: bytes


class EventSplitter:
    """Feed it what arrives; it returns the events that are complete by then.

    Lines end in LF, CR or CRLF, several `data` lines are joined by LF, comments and `id` and `retry`
    lines are left out, as the specification says. What stands after the last blank line is never an
    event: a stream that was cut within one lost it.
    """

    __slots__ = ("_after_cr", "_buffer", "_limit", "_skipping", "_started", "dropped")

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._after_cr = False
        self._skipping = False
        self._started = False
        self.dropped = 0
        """Events that were longer than the limit."""

    @property
    def pending(self) -> int:
        """Bytes of an event that is not complete."""
        return len(self._buffer)

    @property
    def idle(self) -> bool:
        """Whether the next byte begins an event."""
        return not (self._buffer or self._skipping or self._after_cr)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if not chunk:
            return []
        kept = self._buffer
        if not kept:
            if chunk.endswith(b"\n\n") and not self._skipping:  # the usual one
                return self._read(chunk[:-2])
            whole = chunk
        else:
            searched = len(kept) - 1
            kept += chunk
            if kept.find(b"\n\n", searched) < 0:
                self._cut()
                return []
            whole = bytes(kept)
            kept.clear()
        end = whole.rfind(b"\n\n")
        if end < 0:
            kept += whole
            self._cut()
            return []
        kept += whole[end + 2 :]
        data = whole[:end]
        if self._skipping:
            self._skipping = False
            data = data.partition(b"\n\n")[2]
        self._cut()
        return self._read(data)

    def _read(self, data: bytes) -> list[Event]:
        return [event for block in data.split(b"\n\n") if (event := self._event(block))]

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        if not chunk:
            return chunk
        ends_in_cr = chunk.endswith(b"\r")
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = ends_in_cr
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _cut(self) -> None:
        """Of an event that has become too long, keep only what may be the beginning of its end."""
        if len(self._buffer) > self._limit + 1:
            if not self._skipping:
                self.dropped += 1
            self._skipping = True
            del self._buffer[:-1]

    def _event(self, block: bytes) -> Event | None:
        if not self._started:
            self._started = True
            block = block.removeprefix(_BOM)
        if len(block) > self._limit:
            self.dropped += 1
            return None
        if block.startswith(b"data: ") and b"\n" not in block:
            return Event(b"", block[6:])
        return _parsed(block)


def _parsed(block: bytes) -> Event | None:
    name, data = b"", None
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data = value if data is None else data + b"\n" + value
        elif field == b"event":
            name = value
    return None if data is None else Event(name, data)


def written(document: object, name: str = "") -> bytes:
    """One event that carries a JSON document; `name` goes into its `event:` line."""
    data = _encode(document)
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data) if name else b"data: %s\n\n" % data


DONE = b"data: [DONE]\n\n"
"""What ends a stream of chat completions."""
