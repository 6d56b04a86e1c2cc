"""What a model was asked, whichever protocol it came by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from orchestra.shared.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that was offered."""

    name: str
    schema: JsonObject
    """The JSON Schema of its arguments."""
    namespace: str = ""
    """OpenAI's Responses: the group that it was offered in."""
    kind: Literal["function", "custom", "tool_search"] = "function"
    """OpenAI's Responses: how it is called; a custom one takes a text instead of arguments."""

    @property
    def full_name(self) -> str:
        """The namespace and the name, as they are joined for the other protocols."""
        return f"{self.namespace.rstrip('_')}__{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as it matters to who reads the transcript."""

    path: str
    tools: tuple[Tool, ...]
    shown: tuple[str, ...]
    """Every text that the model was shown, in order: instructions, messages, results."""
    results: tuple[str, ...]
    """What the tools returned, one text each, oldest first."""
    body: JsonObject

    def shows(self, text: str) -> bool:
        """Whether the model was shown this text."""
        return any(text in one for one in self.shown)


def texts(value: JsonValue) -> Iterator[str]:
    """Each text inside a value, in order; names of members and base64 aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in ("type", "role", "id", "data", "encrypted_content"):
                yield from texts(one)


def objects(value: JsonValue) -> list[JsonObject]:
    """The objects of a list; nothing when it is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def joined(parts: Iterable[str]) -> str:
    """Texts of one result as one."""
    return "\n".join(parts)
