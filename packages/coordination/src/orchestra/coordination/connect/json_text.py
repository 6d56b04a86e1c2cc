"""Edits members and items of a JSON text where they stand; every other byte stays as it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue

Keys = tuple[str, ...]
"""The way to a value: the names of members, from the root."""

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class _Slot:
    """One member or item. `start` is where its name begins, or, of an item, its value."""

    key: str
    start: int
    value: int
    end: int


class JsonText:
    """A JSON document as the text that it is written in. Its root is an object."""

    def __init__(self, path: str, text: str) -> None:
        """`path` is what errors name.

        Raises:
            Invalid: it is not JSON, or its root is not an object; with the line.
        """
        self.path = path
        self.text = text if text.strip(_BLANK) else "{}\n"
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._unit = _indentation(text)
        try:
            root = json.loads(self.text)
        except json.JSONDecodeError as error:
            raise self._refused(f"is not JSON: {error.msg}", error.pos) from None
        except RecursionError:
            raise self._refused("is nested too deeply", 0) from None
        if not isinstance(root, dict):
            raise self._refused("must hold an object", self._skip(0))

    def value(self, keys: Keys = ()) -> JsonValue:
        """What stands there; None when nothing does."""
        found = self._find(keys)
        return None if found is None else _DECODER.raw_decode(self.text, found)[0]

    def has(self, keys: Keys) -> bool:
        """Whether anything stands there."""
        return self._find(keys) is not None

    def names(self) -> list[str]:
        """The names of the root's members."""
        return [slot.key for slot in self._slots(self._skip(0))]

    def put(self, keys: Keys, value: JsonValue) -> None:
        """Set a member; of an object that is there, only the members that differ."""
        at = self._find(keys)
        if at is None:
            self._add_member(keys, value)
            return
        now, end = _DECODER.raw_decode(self.text, at)
        if isinstance(now, dict) and isinstance(value, dict):
            for key, inner in value.items():
                self.put((*keys, key), inner)
        elif now != value or isinstance(now, bool) != isinstance(value, bool):
            indent = self._line_indent(at)
            self._replace(at, end, self._render(value, indent, inline=False))

    def drop(self, keys: Keys) -> None:
        """Remove a member, if it is there."""
        parent = self._find(keys[:-1])
        if parent is not None and self.text[parent] == "{":
            slots = self._slots(parent)
            for number, slot in enumerate(slots):
                if slot.key == keys[-1]:
                    self._cut(parent, slots, number)
                    return

    def append(self, keys: Keys, item: JsonValue) -> None:
        """Add an item at the end of a list."""
        self._insert(self._container(keys, "["), None, item)

    def drop_item(self, keys: Keys, item: JsonValue) -> None:
        """Remove the last item that equals this one, if there is one."""
        at = self._find(keys)
        if at is None or self.text[at] != "[":
            return
        slots = self._slots(at)
        for number in reversed(range(len(slots))):
            if _DECODER.raw_decode(self.text, slots[number].value)[0] == item:
                self._cut(at, slots, number)
                return

    def line(self, keys: Keys) -> int:
        """The line on which a member's value begins; 1 when it is not there."""
        return self._line_of(self._find(keys) or 0)

    def _find(self, keys: Keys) -> int | None:
        """Where the value begins; an object on the way that is none is refused."""
        at = self._skip(0)
        for number, key in enumerate(keys):
            if self.text[at] != "{":
                name = ".".join(keys[:number])
                raise self._refused(f"`{name}` must be an object", at)
            named = [slot for slot in self._slots(at) if slot.key == key]
            if len(named) > 1:
                raise self._refused(f"`{key}` stands there twice", named[1].start)
            if not named:
                return None
            at = named[0].value
        return at

    def _container(self, keys: Keys, opening: str) -> int:
        at = self._find(keys)
        if at is None:
            self._add_member(keys, [] if opening == "[" else {})
            return self._container(keys, opening)
        if self.text[at] != opening:
            kind = "a list" if opening == "[" else "an object"
            raise self._refused(f"`{'.'.join(keys)}` must be {kind}", at)
        return at

    def _add_member(self, keys: Keys, value: JsonValue) -> None:
        parent = self._container(keys[:-1], "{")
        self._insert(parent, keys[-1], value)

    def _slots(self, at: int) -> list[_Slot]:
        """The members of the object, or the items of the list, that begins at `at`."""
        closing = "}" if self.text[at] == "{" else "]"
        position = self._skip(at + 1)
        slots: list[_Slot] = []
        while self.text[position] != closing:
            start, key = position, ""
            if closing == "}":
                key, position = _DECODER.raw_decode(self.text, position)
                position = self._skip(self._skip(position) + 1)  # over the colon
            _, end = _DECODER.raw_decode(self.text, position)
            slots.append(_Slot(key, start, position, end))
            position = self._skip(end)
            if self.text[position] == ",":
                position = self._skip(position + 1)
        return slots

    def _insert(self, at: int, key: str | None, value: JsonValue) -> None:
        """Put one more into the object or list that begins at `at`, in the manner of its others."""
        slots = self._slots(at)
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        if slots:
            gap = self._gap(slots, at)
            inline = "\n" not in gap
            indent = gap.rpartition("\n")[2]
            text = f",{gap or ' '}{name}{self._render(value, indent, inline=inline)}"
            self._replace(slots[-1].end, slots[-1].end, text)
            return
        closing = self._skip(at + 1)
        outer = self._line_indent(at)
        inner = outer + self._unit
        text = f"{self._newline}{inner}{name}{self._render(value, inner, inline=False)}"
        self._replace(at + 1, closing, f"{text}{self._newline}{outer}")

    def _gap(self, slots: Sequence[_Slot], at: int) -> str:
        """The blank space before the last of some members or items."""
        end = slots[-1].start
        start = end
        while self.text[start - 1] in _BLANK and start - 1 > at:
            start -= 1
        return self.text[start:end]

    def _cut(self, at: int, slots: Sequence[_Slot], number: int) -> None:
        if len(slots) == 1:
            self._replace(at + 1, self._skip(slots[0].end), "")
        elif number == 0:
            self._replace(slots[0].start, slots[1].start, "")
        else:
            self._replace(slots[number - 1].end, slots[number].end, "")

    def _replace(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]

    def _render(self, value: JsonValue, indent: str, *, inline: bool) -> str:
        if inline:
            return json.dumps(value, ensure_ascii=False)
        text = json.dumps(value, ensure_ascii=False, indent=self._unit)
        return text.replace("\n", self._newline + indent)

    def _skip(self, position: int) -> int:
        while position < len(self.text) and self.text[position] in _BLANK:
            position += 1
        return position

    def _line_indent(self, at: int) -> str:
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _line_of(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def _refused(self, what: str, position: int) -> Invalid:
        return Invalid(
            f"`{self.path}:{self._line_of(position)}` {what}",
            hint="mend that file by hand, then run the command again; nothing was written",
        )


def as_object(value: JsonValue) -> JsonObject:
    """The value, when it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def _indentation(text: str) -> str:
    """By how much the text indents; two spaces when it does not."""
    lines = text.splitlines()
    for outer, inner in pairwise(lines):
        depth = len(inner) - len(inner.lstrip(" \t"))
        above = len(outer) - len(outer.lstrip(" \t"))
        if inner.strip() and depth > above:
            return inner[above:depth]
    return "  "
