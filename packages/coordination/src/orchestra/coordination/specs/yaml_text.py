"""Reads the little of YAML that a spec needs: maps, lists and texts, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

LARGEST = 64 * 1024
"""Bytes of one file."""
_DEEPEST = 3  # a list in the map of the file, and one more to name what is wrong
_MOST = 2000  # values of one file

Place = tuple[str | int, ...]


class BadYaml(Exception):
    """The text is not what we read; `line` starts at 1."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line, self.message, self.hint = line, message, hint


@dataclass(frozen=True, slots=True)
class Read:
    """A document, and the line of each value by the keys and numbers that lead to it."""

    value: object
    lines: dict[Place, int]


@dataclass(slots=True)
class _Open:
    """A map or list that is not at its end yet; `key` is the one that waits for its value."""

    place: Place
    into: "dict[str, object] | list[object]"
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    lines: dict[Place, int] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    root: object = None
    documents: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        _refuse(event, line)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise BadYaml(line, "there is a second document", "one file is one agent")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self.open) == _DEEPEST:
                raise BadYaml(
                    line, "it is nested too deeply", "a spec has a map of texts and lists"
                )
            into: dict[str, object] | list[object] = (
                {} if isinstance(event, yaml.MappingStartEvent) else []
            )
            self.open.append(_Open(self._put(into, line), into))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.open.pop()

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text = event.value
        if event.implicit[0] and _kind(text) != _STR:
            raise BadYaml(
                line,
                f"`{text[:60]}` is no text in YAML" if text else "there is no value",
                "put it in quotes",
            )
        top = self.open[-1] if self.open else None
        if top is not None and isinstance(top.into, dict) and top.key is None:
            if text in top.into:
                raise BadYaml(line, f"`{text[:60]}` stands twice", "keep one of the two")
            top.key = text
            self.lines[(*top.place, text)] = line
            return
        self._put(text, line)

    def _put(self, value: object, line: int) -> Place:
        if len(self.lines) > _MOST:
            raise BadYaml(line, f"it has more than {_MOST} values", "make it shorter")
        if not self.open:
            self.root = value
            self.lines[()] = line
            return ()
        top = self.open[-1]
        if isinstance(top.into, list):
            top.into.append(value)
            place: Place = (*top.place, len(top.into) - 1)
            self.lines[place] = line
            return place
        if top.key is None:
            raise BadYaml(line, "a key is not a text", "keys are names, such as `permissions`")
        place = (*top.place, top.key)
        top.into[top.key] = value
        top.key = None
        return place


_RESOLVER = yaml.resolver.Resolver()
_STR = "tag:yaml.org,2002:str"


def read_yaml(text: str) -> Read:
    """The document of a text; nothing in it is executed, repeated or guessed.

    Raises:
        BadYaml: it is too large, is no YAML, or uses what a spec does not need.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise BadYaml(1, f"it is larger than {LARGEST // 1024} KiB", "make it shorter")
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadYaml(line, "it has a character that YAML forbids", "remove it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if error.context in ("while scanning an alias", "while scanning an anchor"):
            raise BadYaml(line, _ANCHOR, _QUOTE) from None
        said = error.problem or error.context or "it cannot be read"
        raise BadYaml(line, f"it is no YAML: {said}", _FORM) from None
    if builder.root is None:
        raise BadYaml(1, "it is empty", _FORM)
    return Read(builder.root, builder.lines)


_ANCHOR = "it has an anchor or alias (`&`, `*`)"
_QUOTE = 'put a text that begins so in quotes, as in `"*.py"`; else write it out'
_FORM = "a spec has `name: …` and lists below `permissions:`; see .ai-context/schema/agent.json"


def _kind(text: str) -> str:
    """The tag that YAML gives to a text without quotes."""
    resolve = _RESOLVER.resolve  # its type information lacks this one (6.0.12)
    return str(resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=yaml.SafeLoader)


def _refuse(event: yaml.Event, line: int) -> None:
    """Tags make objects, and anchors make much out of little."""
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise BadYaml(line, _ANCHOR, _QUOTE)
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise BadYaml(line, f"it has the tag `{str(tag)[:60]}`", "leave tags out")
    if isinstance(event, yaml.DocumentStartEvent) and (event.tags or event.version):
        raise BadYaml(line, "it has a directive (`%`)", "leave directives out")
