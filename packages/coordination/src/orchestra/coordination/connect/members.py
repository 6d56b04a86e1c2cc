"""Puts our members and items into a JSON file that may be somebody else's, and takes them out."""

from collections.abc import Iterable, Sequence

from orchestra.coordination.connect.json_text import JsonText, Keys
from orchestra.coordination.connect.parts import JsonMembers, calls_us
from orchestra.coordination.connect.record import ListItems, Merged, Written
from orchestra.shared.json import JsonValue


def merge_json(text: str | None, part: JsonMembers, before: Written, *, wanted: bool) -> Merged:
    """Bring the file into the state that `part` describes, or take out all that is ours.

    Raises:
        Invalid: the file is not JSON, or something else stands where ours belongs.
    """
    document = JsonText(part.path, text or "")
    members = dict(part.members) if wanted else {}
    items = {keys: list(values) for keys, values in part.items if wanted}
    ours = {entry.keys: list(entry.items) for entry in before.items}
    for keys in dict.fromkeys([*before.members, *(keys for keys, _ in part.members)]):
        if keys not in members:
            document.drop(keys)
    for keys in dict.fromkeys([*ours, *(keys for keys, _ in part.items)]):
        _drop_stale(document, keys, items.get(keys, []), ours.get(keys, []))
    if not wanted:
        _prune(document, before.containers)
        gone = before.created and all((key,) in before.defaults for key in document.names())
        return (None if gone else document.text), None

    defaults = _set_defaults(document, part, before)
    containers = list(before.containers)
    for keys in dict.fromkeys([*members, *items, *part.lists]):
        containers += _missing(document, keys if keys not in members else keys[:-1])
        if keys in part.lists and not document.has(keys):
            document.put(keys, [])
        if keys in members:
            document.put(keys, members[keys])
        fresh = _add(document, keys, items.get(keys, []), ours.get(keys, []))
        items[keys] = fresh
    return document.text, Written(
        created=before.created or text is None,
        members=tuple(members),
        items=tuple(ListItems(keys=k, items=tuple(v)) for k, v in items.items() if v),
        defaults=defaults,
        containers=tuple(_prune(document, containers, kept=part.lists)),
    )


def _set_defaults(document: JsonText, part: JsonMembers, before: Written) -> tuple[Keys, ...]:
    """Set what is lacking; returns all that was ever set so."""
    lacking = [(keys, value) for keys, value in part.defaults if not document.has(keys)]
    for keys, value in lacking:
        document.put(keys, value)
    return tuple(dict.fromkeys([*before.defaults, *(keys for keys, _ in lacking)]))


def _drop_stale(
    document: JsonText, keys: Keys, wanted: list[JsonValue], ours: list[JsonValue]
) -> None:
    there = document.value(keys)
    if not isinstance(there, list):
        return
    for item in there:
        if item not in wanted and (calls_us(item) or item in ours):
            document.drop_item(keys, item)


def _add(
    document: JsonText, keys: Keys, values: list[JsonValue], ours: list[JsonValue]
) -> list[JsonValue]:
    """Add what is lacking; returns what of it only a record can tell from somebody else's."""
    there = document.value(keys)
    present = there if isinstance(there, list) else []
    fresh: list[JsonValue] = []
    for item in values:
        if item not in present:
            document.append(keys, item)
        if not calls_us(item) and (item not in present or item in ours):
            fresh.append(item)
    return fresh


def _missing(document: JsonText, keys: Keys) -> list[Keys]:
    """The objects and lists on the way to `keys`, itself included, that are not there yet."""
    ways = [keys[:length] for length in range(1, len(keys) + 1)]
    return [way for way in ways if not document.has(way)]


def _prune(document: JsonText, containers: Iterable[Keys], kept: Sequence[Keys] = ()) -> list[Keys]:
    """Remove those of the containers that are empty; returns the others."""
    left: list[Keys] = []
    for keys in sorted(set(containers), key=lambda k: (-len(k), k)):
        there = document.value(keys)
        if there in ({}, []) and keys not in kept:
            document.drop(keys)
        elif isinstance(there, dict | list):
            left.append(keys)
    return sorted(left)
