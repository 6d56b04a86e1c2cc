"""What is given to an agent, and the port through which it is given."""

from typing import Protocol

from orchestra.shared.json import JsonObject


class Sink(Protocol):
    """One way to reach agents."""

    async def emit(self, context: JsonObject) -> None:
        """Hand over `{"epoch", "seq", "topics"}`; a sink that cannot says so in the log, once."""
