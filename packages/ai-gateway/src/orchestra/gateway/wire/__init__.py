"""The formats that clients and providers speak, read and turned into each other; nothing is sent."""

from orchestra.gateway.wire.formats import Dialect, Format, spoken
from orchestra.gateway.wire.meter import Meter, Reading, usage_of_json
from orchestra.gateway.wire.sse import Event, EventSplitter

__all__ = [
    "Dialect",
    "Event",
    "EventSplitter",
    "Format",
    "Meter",
    "Reading",
    "spoken",
    "usage_of_json",
]
