"""Puts our table into a TOML file that may be somebody else's, and takes it out again."""

import json
import re
import tomllib

import tomlkit
from orchestra.coordination.connect.json_text import Keys
from orchestra.coordination.connect.parts import TomlTable
from orchestra.coordination.connect.record import Merged, Written
from orchestra.shared.errors import Invalid
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table


def merge_toml(text: str | None, part: TomlTable, before: Written, *, wanted: bool) -> Merged:
    """As `merge_json`, for a table in a TOML file.

    Raises:
        Invalid: the file is not TOML, or our table cannot be put into it without harm.
    """
    source = text or ""
    theirs = _parse(part.path, source)
    windows = "\r\n" in source and "\n" not in source.replace("\r\n", "")
    document = tomlkit.parse(source.replace("\r\n", "\n") if windows else source)
    made = list(before.containers)
    try:
        _edit(document, part, made, wanted=wanted)
    except (TOMLKitError, ValueError, TypeError, KeyError, AttributeError):
        raise _no_place(part, source) from None
    result = tomlkit.dumps(document)
    result = result.rstrip("\n") + "\n" if result.strip() else result
    result = result.replace("\n", "\r\n") if windows else result
    _check(part, source, theirs, result, wanted=wanted)
    if not wanted:
        return (None if before.created and not result.strip() else result), None
    return result, Written(
        created=before.created or text is None, members=(part.keys,), containers=tuple(made)
    )


def _edit(
    document: tomlkit.TOMLDocument, part: TomlTable, made: list[Keys], *, wanted: bool
) -> None:
    parent: tomlkit.TOMLDocument | Table = document
    for depth, key in enumerate(part.keys[:-1], 1):
        if key not in parent:
            if not wanted:
                return
            parent[key] = tomlkit.table(is_super_table=True)
            made.append(part.keys[:depth])
        parent = parent[key]  # a table, or the methods below fail
    if wanted:
        _set(parent, part)
    else:
        parent.pop(part.keys[-1], None)
        _prune(document, made)


def _set(parent: tomlkit.TOMLDocument | Table, part: TomlTable) -> None:
    last = part.keys[-1]
    there = parent.get(last)
    if there is None:
        table = tomlkit.table()
        table.update(part.values)
        if parent:
            table.add(tomlkit.nl())  # what follows stands apart, as what goes before does
        parent[last] = table
        return
    for key, value in part.values.items():
        if there.get(key) != value:
            there[key] = value


def _prune(document: tomlkit.TOMLDocument, made: list[Keys]) -> None:
    for keys in sorted(made, key=len, reverse=True):
        holder = document
        for key in keys[:-1]:
            holder = holder.get(key, {})
        if keys[-1] in holder and not holder[keys[-1]]:
            holder.pop(keys[-1])


def _check(
    part: TomlTable, source: str, theirs: dict[str, object], result: str, *, wanted: bool
) -> None:
    """Nothing but our table may differ: some ways to write TOML cannot be edited faithfully."""
    try:
        after = tomllib.loads(result)
    except tomllib.TOMLDecodeError:
        after = {}
    if _without(theirs, part.keys) != _without(after, part.keys) or (
        wanted
        and any(_at(after, part.keys).get(key) != value for key, value in part.values.items())
    ):
        raise _no_place(part, source)


def _at(document: object, keys: Keys) -> dict[str, object]:
    for key in keys:
        document = document.get(key, {}) if isinstance(document, dict) else {}
    return document if isinstance(document, dict) else {}


def _without(document: dict[str, object], keys: Keys) -> dict[str, object]:
    """A copy without what `keys` lead to, nor the tables that are empty then."""
    rest = {key: value for key, value in document.items() if key != keys[0]}
    inner = document.get(keys[0])
    if len(keys) > 1 and isinstance(inner, dict):
        left = _without(inner, keys[1:])
        return {**rest, keys[0]: left} if left else rest
    return rest


def _parse(path: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = line[1] if line else str(text.count("\n") + 1)
        raise Invalid(
            f"`{path}:{number}` is not TOML: {error}",
            hint="mend that file by hand, then run the command again; nothing was written",
        ) from None
    except RecursionError:
        raise Invalid(f"`{path}` is nested too deeply", hint="make it flat") from None


def _no_place(part: TomlTable, source: str) -> Invalid:
    lines = enumerate(source.splitlines(), 1)
    line = next((number for number, text in lines if part.keys[0] in text), 1)
    name = ".".join(part.keys)
    values = json.dumps(part.values, ensure_ascii=False)
    return Invalid(
        f"`{part.path}:{line}` leaves no place for the table `{name}` ({values})",
        hint=f"write `{part.keys[0]}` as ordinary tables; nothing was written",
    )
