"""The live state in a pack: a few lines of what matters to whoever starts a task now."""

from collections.abc import Mapping
from typing import cast

from orchestra.context.index.tokens import count_tokens
from orchestra.context.packs.item import Item
from orchestra.context.packs.wording import one_line
from orchestra.shared.json import JsonObject

_FILES = 8  # changed files that are named
_QUIET = frozenset({"ok", "unconfigured"})


def write_state(document: JsonObject) -> Item:
    """The branch, what is uncommitted, what waits, and which sources are not well."""
    topics = cast("Mapping[str, JsonObject]", document["topics"])
    lines = [*_codebase(_value(topics, "codebase_state")), *_migrations(topics)]
    for name, fact in sorted(topics.items()):
        if fact.get("status") not in _QUIET:
            lines.append(f"- {name} is {fact.get('status')}")
    text = "\n".join(lines) or "- nothing is known yet"
    return Item("state", text, count_tokens(text) + 1, trust="untrusted")


def _value(topics: Mapping[str, JsonObject], name: str) -> JsonObject:
    value = topics.get(name, {}).get("value")
    return value if isinstance(value, dict) else {}


def _codebase(value: JsonObject) -> list[str]:
    head = cast("JsonObject", value.get("head") or {})
    changes = cast("Mapping[str, JsonObject]", value.get("changes") or {})
    if not head:
        return []
    where = one_line(str(head.get("branch") or head.get("state")), 80)
    subject = one_line(str(head.get("subject") or "no commit"), 100)
    lines = [f"- branch {where} at {str(head.get('commit') or '')[:10]} ({subject})"]
    if value.get("operation"):
        lines.append(f"- half done: {one_line(str(value['operation']), 40)}")
    if changes:
        names = ", ".join(one_line(path, 80) for path in sorted(changes)[:_FILES])
        more = len(changes) - _FILES + int(cast("int", value.get("omitted") or 0))
        lines.append(f"- uncommitted: {names}" + (f" and {more} more" if more > 0 else ""))
    return lines


def _migrations(topics: Mapping[str, JsonObject]) -> list[str]:
    pending = _value(topics, "pending_migrations").get("pending")
    return (
        [f"- {len(pending)} migrations are pending"]
        if isinstance(pending, dict | list) and pending
        else []
    )
