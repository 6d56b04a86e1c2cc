"""Compares what the agents need with what the repository has: a list of edits, or a refusal."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from orchestra.coordination.connect.block import merge_block
from orchestra.coordination.connect.members import merge_json
from orchestra.coordination.connect.parts import (
    SIGN,
    Block,
    JsonMembers,
    Part,
    TomlTable,
    WholeFile,
)
from orchestra.coordination.connect.record import RECORD, Merged, Record, Written
from orchestra.coordination.connect.toml_table import merge_toml
from orchestra.coordination.connect.tree import Edit, Tree
from orchestra.shared.errors import Conflict

_OWN = (".ai-context/connect/", ".ai-context/hooks/")  # in them every file is ours by its path


@dataclass(frozen=True, slots=True)
class Desired:
    """The parts that are wanted, and those that may be there from before and are not."""

    wanted: tuple[Part, ...]
    unwanted: tuple[Part, ...]


def plan(tree: Tree, desired: Desired, record: Record, after: Record) -> list[Edit]:
    """The edits that lead from what the repository has to what is desired; in order of paths.

    `record` says what was written before; `after` is the one to be written, still without files.

    Raises:
        Invalid: a file of somebody else is broken, is a link, or has no place for ours.
        Conflict: a file of somebody else has the name of one of ours.
    """
    edits: dict[str, Edit] = {}
    files: dict[str, Written] = {}
    for part in desired.wanted:
        _apply(tree, part, record, edits, files, wanted=True)
    taken = {part.path for part in desired.wanted}
    unwanted = [part for part in desired.unwanted if part.path not in taken]
    for part in (*unwanted, *_forgotten(record, [*desired.wanted, *unwanted])):
        _apply(tree, part, record, edits, files, wanted=False)
    there, complete = tree.read(RECORD), after.model_copy(update={"files": files})
    text = complete.render() if after.agents else None
    if text is not None and there is not None and complete == record:
        text = there  # a formatter may have been at it
    edits[RECORD] = Edit(RECORD, there, text)
    changed = (e for e in edits.values() if e.before != e.after or e.mode_only)
    return sorted(changed, key=lambda edit: edit.path)


def _forgotten(record: Record, known: Iterable[Part]) -> list[Part]:
    """Files of ours that nothing speaks of any more, such as those of a spec that was removed."""
    paths = {part.path for part in known}
    return [
        WholeFile(path, "")
        for path, written in record.files.items()
        if path not in paths and not (written.members or written.items)
    ]


def _apply(
    tree: Tree,
    part: Part,
    record: Record,
    edits: dict[str, Edit],
    files: dict[str, Written],
    *,
    wanted: bool,
) -> None:
    if isinstance(part, Block) and part.unless and _leads_to(tree, part):
        return
    before = tree.read(part.path)
    written = record.files.get(part.path, Written())
    after, ours = _merged(part, before, written, wanted=wanted)
    runs = isinstance(part, WholeFile) and part.executable
    lacking = runs and wanted and before is not None and not tree.is_executable(part.path)
    edits[part.path] = Edit(part.path, before, after, executable=runs, mode_only=lacking)
    if ours is not None:
        files[part.path] = ours


def _leads_to(tree: Tree, part: Block) -> bool:
    """Whether the file is a link to the one that the block would name."""
    return tree.leads_to(part.path) == part.unless.removeprefix("@")


def _merged(part: Part, text: str | None, before: Written, *, wanted: bool) -> Merged:
    if isinstance(part, JsonMembers):
        return merge_json(text, part, before, wanted=wanted)
    if isinstance(part, TomlTable):
        return merge_toml(text, part, before, wanted=wanted)
    if isinstance(part, Block):
        return merge_block(text, part, before, wanted=wanted)
    return _whole(part, text, wanted=wanted)


def _whole(part: WholeFile, text: str | None, *, wanted: bool) -> Merged:
    ours = part.path.startswith(_OWN) or (text is not None and SIGN in text)
    if not wanted:
        return (None if ours else text), None
    if text is not None and not ours:
        raise Conflict(
            f"`{part.path}` is there and was not written by `orchestra connect`",
            hint="rename or remove it; nothing was written",
        )
    if text is not None and _same(part, text):
        return text, Written(created=True)
    return part.text, Written(created=True)


def _same(part: WholeFile, text: str) -> bool:
    """Whether nobody but git, with the line ends of the system, or a formatter was at it."""
    if part.executable:
        return text == part.text  # a shell reads no other line ends
    if not part.path.endswith(".json"):
        return text.replace("\r\n", "\n") == part.text
    try:
        return bool(orjson.loads(text) == orjson.loads(part.text))
    except orjson.JSONDecodeError:
        return False
