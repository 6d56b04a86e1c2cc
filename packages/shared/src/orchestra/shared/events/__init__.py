"""The event log: numbered without gaps, chained by hashes, durable before it is acknowledged."""

from orchestra.shared.events.bus import Bus, PostgresBus
from orchestra.shared.events.event import Event, Verification
from orchestra.shared.events.log import EventLog

__all__ = ["Bus", "Event", "EventLog", "PostgresBus", "Verification"]
