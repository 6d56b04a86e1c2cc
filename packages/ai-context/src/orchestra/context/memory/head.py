"""The commit that is checked out, as the context document tells it."""

from orchestra.shared.json import JsonObject, JsonValue

_WAY = ("topics", "codebase_state", "value", "head", "commit")


def head_of(document: JsonObject) -> str | None:
    """The commit at HEAD; None while nobody knows it, or there is none."""
    found: JsonValue = document
    for step in _WAY:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
