"""A stream of one attempt: only whole events leave it, and none that cannot be read."""

import re
from collections.abc import AsyncIterator

import msgspec
from orchestra.gateway.providers.provider import Response
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.wire import EventSplitter, Meter, Stream, Unreadable

_LARGEST = 16 * 1024 * 1024  # bytes of one event
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class _Counted(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: object = None


_counted = msgspec.json.Decoder(_Counted)


class Flow:
    """Reads a response, and passes on what is whole and sound.

    `stream` turns them into the format of the door. `sign` is what the dialect ends a stream with, where it has such a thing. With `uncounted`, the
    chat's event that only tells the usage stays here: the client did not ask for it.
    """

    def __init__(
        self,
        response: Response,
        meter: Meter,
        *,
        stream: Stream | None = None,
        sign: bytes = b"",
        uncounted: bool = False,
    ) -> None:
        self.response = response
        self.meter = meter
        self._pieces: AsyncIterator[bytes] = aiter(response)
        self._rest = b""
        self._uncounted = uncounted
        self._sign = sign
        self._stream = stream
        self._ended = False
        self.received = 0
        """Bytes that came."""
        self.dropped = 0
        """Events that could not be read."""
        self.waiting = False
        """It is the provider that is waited for, not the client."""

    async def next(self) -> bytes | None:
        """The next events, or None at the end.

        Raises:
            Fault: it was cut, or the provider says that something broke.
        """
        while True:
            self.waiting = True
            piece = await anext(self._pieces, None)
            self.waiting = False
            if piece is None:
                return self._last()
            self.received += len(piece)
            if events := self._whole(piece):
                return events

    @property
    def complete(self) -> bool:
        """Whether the answer is, whatever became of the sign of its end."""
        return self.meter.done or self.meter.finish is not None

    def _last(self) -> bytes | None:
        if not self.complete:
            raise Fault("cut", "the stream ended before the answer did")
        if self._ended:
            return None
        self._ended = True
        if self._stream is not None:
            return self._stream.finish() or None
        if self.meter.done:
            return None
        return self._sign or None  # the answer is whole, and only the sign of it was missing

    def fail(self, message: str, code: str) -> bytes | None:
        """An error inside the stream, where it is translated: only the translator knows how."""
        return None if self._stream is None else self._stream.fail(message, code)

    def _whole(self, piece: bytes) -> bytes:
        data = self._rest + piece if self._rest else piece
        if data.endswith(b"\n\n"):
            self._rest = b""
        else:
            end = _last_end(data)
            data, self._rest = data[:end], data[end:]
            if len(self._rest) > _LARGEST:
                raise Fault("garbled", "an event of the stream is too long")
            if not data:
                return b""
        return self._read(data)

    def _read(self, data: bytes) -> bytes:
        meter = self.meter
        damaged = meter.damaged
        meter.feed(data)
        if meter.error is not None:
            raise Fault("server_error", f"in the stream: {meter.error[:300]}")
        if meter.damaged != damaged:
            data = self._sound(data)
        if self._uncounted and meter.finish is not None and b'"usage"' in data:
            data = b"".join(
                block
                for block in _blocks(data)
                if not (b'"usage"' in block and _only_counts(block))
            )
        return data if self._stream is None else self._translated(data)

    def _translated(self, data: bytes) -> bytes:
        assert self._stream is not None  # noqa: S101 - asked before
        try:
            return self._stream.feed(data)
        except Unreadable as error:
            raise Fault("garbled", str(error)[:300]) from None

    def _sound(self, data: bytes) -> bytes:
        kept = []
        for block in _blocks(data):
            if _is_sound(block):
                kept.append(block)
            else:
                self.dropped += 1
        return b"".join(kept)


def _last_end(data: bytes) -> int:
    if b"\r" not in data:
        return data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
    return max((match.end() for match in _END.finditer(data)), default=0)


def _blocks(data: bytes) -> list[bytes]:
    """The events with what ends each of them."""
    ends = [match.end() for match in _END.finditer(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _is_sound(block: bytes) -> bool:
    for event in EventSplitter().feed(block):
        try:
            if event.data != b"[DONE]":
                event.data.decode()
                msgspec.json.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
    return True


def _only_counts(block: bytes) -> bool:
    for event in EventSplitter().feed(block):
        try:
            seen = _counted.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return seen.choices == [] and seen.usage is not None
    return False
