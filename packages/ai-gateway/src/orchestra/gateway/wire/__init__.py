"""The formats that clients and providers speak, read and turned into each other; nothing is sent."""

from orchestra.gateway.wire.counting import count_tokens
from orchestra.gateway.wire.formats import Dialect, Format, spoken
from orchestra.gateway.wire.meter import Meter, Reading, usage_of_json
from orchestra.gateway.wire.parts import Unreadable
from orchestra.gateway.wire.sse import Event, EventSplitter
from orchestra.gateway.wire.translator import Stream, Translator, translator

__all__ = [
    "Dialect",
    "Event",
    "EventSplitter",
    "Format",
    "Meter",
    "Reading",
    "Stream",
    "Translator",
    "Unreadable",
    "count_tokens",
    "spoken",
    "translator",
    "usage_of_json",
]
