"""Reads Alembic revision files as text: nothing of the repository is imported or run."""

import ast
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestra.shared.wording import plain

_LARGEST = 1024 * 1024  # bytes of one file
_MOST = 5_000  # revision files in one directory


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as its file declares it; `follows` are the revisions that it comes after."""

    id: str
    follows: tuple[str, ...]
    needs: tuple[str, ...]
    message: str
    file: str


@dataclass(frozen=True, slots=True)
class Scripts:
    """The revisions of one script directory, by id, and the files that could not be read."""

    revisions: Mapping[str, Revision]
    problems: Mapping[str, str]

    @property
    def heads(self) -> list[Revision]:
        """The revisions that no other comes after."""
        followed = {parent for r in self.revisions.values() for parent in r.follows}
        return [r for r in self.revisions.values() if r.id not in followed]

    def pending(self, current: Iterable[str]) -> list[Revision]:
        """The revisions that a database at `current` lacks, oldest first."""
        done: set[str] = set()
        open_ids = [self._full(c) for c in current]
        while open_ids:
            revision = self.revisions.get(open_ids.pop())
            if revision is not None and revision.id not in done:
                done.add(revision.id)
                open_ids += [*revision.follows, *revision.needs]
        return [r for r in self._oldest_first() if r.id not in done]

    def _full(self, partial: str) -> str:
        matches = [i for i in self.revisions if i.startswith(partial)] if len(partial) >= 4 else []
        return partial if partial in self.revisions or len(matches) != 1 else matches[0]

    def _oldest_first(self) -> list[Revision]:
        placed: dict[str, Revision] = {}
        left = dict(self.revisions)
        while left:
            ready = [r for r in left.values() if not {*r.follows, *r.needs} & left.keys()]
            for revision in sorted(ready or left.values(), key=lambda r: r.id):
                placed[revision.id] = left.pop(revision.id)
        return list(placed.values())


def read_scripts(root: Path, folders: Iterable[Path]) -> Scripts:
    """The revisions in `folders`; names of files are given relative to `root`."""
    revisions: dict[str, Revision] = {}
    problems: dict[str, str] = {}
    for path in (path for folder in folders for path in revision_files(folder)):
        name = plain(path.relative_to(root))
        try:
            revision = _read(path, name)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
            problems[name] = f"cannot be read as a revision ({type(error).__name__})"
            continue
        if revision is None:
            continue
        if revision.id in revisions:
            problems[name] = f"declares revision {revision.id} again"
            continue
        revisions[revision.id] = revision
    known = revisions.keys()
    for revision in revisions.values():
        lost = [parent for parent in revision.follows if parent not in known]
        if lost:
            problems[revision.file] = f"comes after {', '.join(lost)}, which does not exist"
    return Scripts(revisions, problems)


def revision_files(folder: Path) -> list[Path]:
    """The Python files of `folder` and the folders in it, sorted; links are not followed."""
    found: list[Path] = []
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != "__pycache__" and not f.startswith("."))
        found += [Path(at, f) for f in files if f.endswith(".py") and f != "__init__.py"]
        if len(found) >= _MOST:
            break
    return sorted(found)[:_MOST]


def _read(path: Path, name: str) -> Revision | None:
    said = _declared(ast.parse(_content(path)))
    if "revision" not in said:
        return None
    ids = _ids(said["revision"])
    if len(ids) != 1:
        raise ValueError("`revision` is not a text")
    return Revision(
        id=ids[0],
        follows=_ids(said.get("down_revision")),
        needs=_ids(said.get("depends_on")),
        message=plain(str(said.get("__doc__", "")).strip().split("\n")[0], 200),
        file=name,
    )


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a plain file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("too large")
    return content


def _declared(module: ast.Module) -> dict[str, object]:
    """The constants that the module assigns at its top level."""
    said: dict[str, object] = {"__doc__": ast.get_docstring(module) or ""}
    for node in module.body:
        if isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        wanted = {"revision", "down_revision", "depends_on"}.intersection(names)
        if wanted and node.value is not None:
            said |= dict.fromkeys(wanted, ast.literal_eval(node.value))
    return said


def _ids(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (plain(value, 64),)
    if isinstance(value, list | tuple | set) and all(isinstance(item, str) for item in value):
        return tuple(plain(item, 64) for item in sorted(value))
    raise ValueError("a revision is not a text")
