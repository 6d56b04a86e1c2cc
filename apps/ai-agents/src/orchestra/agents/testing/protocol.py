"""A model protocol: how a request is read, and how an answer is written."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from orchestra.agents.testing.asked import Asked, Tool
from orchestra.shared.json import JsonObject
from orchestra.shared.testing.http_service import Reply


@dataclass(frozen=True, slots=True)
class Said:
    """The answer of one turn: a text, or a call of a tool."""

    number: int
    """Makes its ids unique."""
    text: str
    tool: Tool | None = None
    arguments: JsonObject = field(default_factory=dict)

    @property
    def argument_text(self) -> str:
        """The arguments as the JSON text that OpenAI's protocols carry."""
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Protocol:
    """Two pure transforms."""

    read: Callable[[str, JsonObject], Asked]
    write: Callable[[JsonObject, Said], Reply]


def event_stream(events: Iterable[JsonObject], *, named: bool = True, end: str = "") -> Reply:
    """Server-sent events; `named` puts the member `type` of each into its `event:` line."""
    lines = []
    for event in events:
        if named:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {json.dumps(event)}\n\n")
    text = "".join([*lines, end])
    return Reply(headers={"content-type": "text/event-stream"}, body=text.encode())
