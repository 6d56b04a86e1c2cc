"""An answer between two formats: what it is made of, one part after the other."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from orchestra.gateway.calls import Finish, Usage


class Begin(NamedTuple):
    """The answer has begun."""

    id: str
    model: str


class Text(NamedTuple):
    """More of the text."""

    text: str


class Reasoning(NamedTuple):
    """More of what the model thinks, or the signature that lets it be sent back."""

    text: str
    signature: str = ""


class ToolBegin(NamedTuple):
    """A call of a tool begins, and whatever was open before has ended."""

    id: str
    name: str


class ToolDelta(NamedTuple):
    """More of the arguments of the call that began last."""

    text: str


class Waiting(NamedTuple):
    """Something came that can only be told later; the client should know that we live."""


class End(NamedTuple):
    """The provider brought its answer to an end."""

    finish: Finish
    usage: Usage | None


class Fail(NamedTuple):
    """It did not: nothing may follow, and nothing may look like an end."""

    message: str
    code: str


Part: TypeAlias = Begin | Text | Reasoning | ToolBegin | ToolDelta | Waiting | End | Fail


@dataclass(slots=True)
class Tool:
    """A whole call of a tool; `arguments` is JSON, as far as the model got it right."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Whole:
    """A whole answer."""

    id: str
    model: str
    finish: Finish
    usage: Usage | None
    content: list[Text | Reasoning | Tool] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(part.text for part in self.content if isinstance(part, Text))

    @property
    def tools(self) -> list[Tool]:
        """The calls, in order."""
        return [part for part in self.content if isinstance(part, Tool)]


CUT = Fail("the provider's stream broke off before the answer was complete", "stream_cut")


class Unreadable(ValueError):
    """An answer that is not what its format says; the provider's fault."""
