"""Reads the JSON that a hook sends, and says where it is not what it should be."""

import re
from collections.abc import Iterator

from orchestra.coordination.hooks.event import LONGEST_SESSION
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.wording import plain

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]*")
_EXIT_CODE = re.compile(r"(?i)\b(?:exit(?:ed)?(?: with)?(?: code| status)?)\W{1,3}(\d{1,3})\b")
_CODES = ("exit_code", "exitCode", "exit_status")
_DEEPEST = 4


class Payload:
    """The object that a hook sent, or one inside it; `at` is its place."""

    def __init__(self, values: JsonObject, at: str = "") -> None:
        self.values = values
        self._at = at

    def text(self, *names: str) -> str:
        """The first of these fields that is there; empty when none is.

        Raises:
            Invalid: it is no text.
        """
        for name in names:
            value = self.values.get(name)
            if value is not None:
                if not isinstance(value, str):
                    raise self._wrong(name, "a text")
                return value
        return ""

    def inside(self, name: str) -> "Payload":
        """An object in a field; empty when there is none, as some tools send texts there.

        Raises:
            Invalid: the field has a number, a truth value or a list.
        """
        value = self.values.get(name)
        if isinstance(value, dict):
            return Payload(value, f"{self._at}{name}.")
        if value is None or isinstance(value, str):
            return Payload({}, f"{self._at}{name}.")
        raise self._wrong(name, "an object")

    def session(self, brand: str, *names: str) -> str:
        """The session, as all parts of Orchestra call it.

        Raises:
            Invalid: there is none, or it is too long or of strange characters.
        """
        given = self.text(*names)
        if not given:
            raise Invalid(
                f"the hook's `{names[0]}` is missing",
                hint="send the JSON that the agent gives its hooks, as it is",
            )
        session = f"{brand}/{given}"
        if len(session) > LONGEST_SESSION or not _SESSION.fullmatch(given):
            raise Invalid(
                f"`{plain(given, 60)}` is no session",
                hint=f"use letters, digits and . _ : @ -, at most {LONGEST_SESSION} with the brand",
            )
        return session

    def texts(self) -> Iterator[str]:
        """Every text in it that is not too deep."""
        yield from _texts(self.values, 0)

    def _wrong(self, name: str, wanted: str) -> Invalid:
        return Invalid(
            f"the hook's `{self._at}{name}` is not {wanted}",
            hint="send the JSON that the agent gives its hooks, as it is",
        )


def exit_code(said: JsonValue, depth: int = 0) -> int | None:
    """The exit code that a tool's answer tells, in a field or in words."""
    if isinstance(said, dict) and depth < _DEEPEST:
        for name in _CODES:
            code = said.get(name)
            if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
                return code
        codes = (exit_code(value, depth + 1) for value in said.values())
        return next((code for code in codes if code is not None), None)
    if isinstance(said, str) and (match := _EXIT_CODE.search(said[:2000])):
        return int(match[1])
    return None


def _texts(value: JsonValue, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)
