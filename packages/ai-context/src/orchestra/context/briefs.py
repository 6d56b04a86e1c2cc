"""The live context in a few lines for a running agent: as it is, or what has changed in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import orjson
from orchestra.context.index.tokens import count_tokens
from orchestra.context.log import ContextLog, Delta
from orchestra.context.packs.state import write_state
from orchestra.context.packs.wording import one_line
from orchestra.shared.json import JsonObject, JsonValue

_CODEBASE = "codebase_state"
_FILES = 12  # changed files that are named
_KEYS = 6  # of a topic's value
_LINE = 200  # characters
_QUIET = frozenset({"observed_at"})


class LiveBrief:
    """Writes the context of one repository; nothing secret is in it, as it was redacted before."""

    def __init__(self, log: ContextLog, redact: Callable[[str], str]) -> None:
        self._log = log
        self._redact = redact

    def version(self) -> str:
        """The version of the context now."""
        return str(self._log.cursor)

    def state(self, topics: frozenset[str] | None, tokens: int) -> str:
        """The context now, in lines; the codebase first, and the other topics after it."""
        facts = self._facts(topics)
        lines = write_state({"topics": {k: v for k, v in facts.items() if k == _CODEBASE}}).text
        rest = [_line(name, fact) for name, fact in sorted(facts.items()) if name != _CODEBASE]
        codebase = lines.split("\n") if _CODEBASE in facts else []
        return self._within([*codebase, *rest], tokens)

    def changes(
        self, version: str, topics: frozenset[str] | None, known: Sequence[str], tokens: int
    ) -> str:
        """What is different from an older version; files that are `known` are left out.

        A version that is too old, or of another time, gets the whole state.
        """
        epoch, _, seq = version.partition(":")
        deltas = self._log.since(int(seq)) if epoch == self._log.epoch and seq.isdigit() else None
        if deltas is None:
            return self.state(topics, tokens)
        touched = _touched(deltas)
        lines: list[str] = []
        for name, fact in sorted(self._facts(topics).items()):
            if name in touched and name == _CODEBASE:
                lines += _codebase(fact, touched[name], frozenset(known))
            elif touched.get(name, set()) - _QUIET:
                lines.append(_line(name, fact))
        return self._within(lines, tokens)

    def _facts(self, topics: frozenset[str] | None) -> Mapping[str, JsonObject]:
        facts = cast("Mapping[str, JsonObject]", self._log.document["topics"])
        chosen = {k: v for k, v in facts.items() if topics is None or k in topics}
        return {k: v for k, v in chosen.items() if v.get("status") != "unconfigured"}

    def _within(self, lines: Iterable[str], tokens: int) -> str:
        kept: list[str] = []
        left = tokens - 10
        for line in map(self._redact, lines):
            left -= count_tokens(line) + 1
            if left < 0:
                kept.append("- and more: call context_get")
                break
            kept.append(line)
        return "\n".join(kept)


def _touched(deltas: Iterable[Delta]) -> dict[str, set[str]]:
    """For each topic what was written: names of fields, for the codebase paths of its parts."""
    touched: dict[str, set[str]] = {}
    for delta in deltas:
        parts = touched.setdefault(delta.topic, set())
        for operation in orjson.loads(delta.json)["ops"]:
            path = str(operation["path"]).split("/")[3:]
            below = [part.replace("~1", "/").replace("~0", "~") for part in path]
            if below[:1] != ["value"]:
                parts.add(below[0] if below else "value")
            elif below[1:2] == ["changes"] and len(below) > 2:
                parts.add(f"changes/{below[2]}")
            else:
                parts.add("/".join(below[:2]))
    return touched


def _codebase(fact: JsonObject, touched: set[str], known: frozenset[str]) -> list[str]:
    value = cast("JsonObject", fact.get("value") or {})
    head = cast("JsonObject", value.get("head") or {})
    changes = cast("Mapping[str, JsonObject]", value.get("changes") or {})
    whole = bool(touched & {"value", "value/changes"})
    lines = []
    if whole or "value/head" in touched:
        where = one_line(str(head.get("branch") or head.get("state")), 80)
        subject = one_line(str(head.get("subject") or "no commit"), 100)
        lines.append(f"- HEAD is now {where} at {str(head.get('commit') or '')[:10]} ({subject})")
    if value.get("operation") and "value/operation" in touched:
        lines.append(f"- half done: {one_line(str(value['operation']), 40)}")
    paths = {part.removeprefix("changes/") for part in touched if part.startswith("changes/")}
    paths = (paths | set(changes) if whole else paths) - known
    dirty = sorted(path for path in paths if path in changes)
    lines += _named("changed by somebody", dirty)
    lines += _named("no longer uncommitted", sorted(path for path in paths if path not in changes))
    return lines


def _named(title: str, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    names = ", ".join(one_line(path, 80) for path in paths[:_FILES])
    more = len(paths) - _FILES
    return [f"- {title}: {names}" + (f" and {more} more" if more > 0 else "")]


def _line(name: str, fact: JsonObject) -> str:
    said = fact.get("status")
    value = fact.get("value")
    text = f"- {name}"
    if said != "ok":
        text += f" is {said}" + (
            f" ({one_line(str(fact['detail']), 80)})" if fact.get("detail") else ""
        )
    if isinstance(value, dict):
        shown = ", ".join(f"{one_line(k, 30)} {_short(v)}" for k, v in [*value.items()][:_KEYS])
        text += f": {shown}"
    return one_line(text, _LINE)


def _short(value: JsonValue) -> str:
    if isinstance(value, dict):
        named = ", ".join(one_line(key, 30) for key in [*value][:3])
        return f"{len(value)} ({named})" if value else "none"
    if isinstance(value, list):
        return str(len(value))
    return one_line(str(value), 60)
