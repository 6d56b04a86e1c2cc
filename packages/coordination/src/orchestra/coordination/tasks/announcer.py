"""Tells the system that a task or a hand-off has changed; the tables are what is true."""

import structlog
from orchestra.shared.errors import Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonValue

_log = structlog.get_logger(__name__)


class Announcer:
    """Appends to the stream `tasks/<workspace>` what was committed: ids and names, no texts.

    A lost event costs readers of the live context some seconds, not a task: they look for
    themselves now and then.
    """

    def __init__(self, events: EventLog, workspace: str) -> None:
        self.stream = f"tasks/{workspace}"
        self._events = events

    async def tell(self, kind: str, actor: str, **data: JsonValue) -> None:
        """Say what has happened, such as `task.claimed`."""
        try:
            await self._events.append(self.stream, kind, data, actor=actor)
        except Unavailable as error:  # it happened nevertheless
            _log.warning("a change of a task could not be announced", kind=kind, error=str(error))
