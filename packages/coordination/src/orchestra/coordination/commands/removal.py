"""Whether a call deletes what lies outside the repository, or the repository itself."""

import posixpath
from collections.abc import Iterable

from orchestra.coordination.commands.programs import starts
from orchestra.coordination.commands.rules import program
from orchestra.coordination.commands.shell import Call
from orchestra.coordination.commands.word import ANY, ONE, Word

_RECURSIVE = frozenset({"r", "R"})
_TEMPORARY = ("/tmp/", "/var/tmp/")  # noqa: S108 - paths that are judged, not used
_FILTERS = frozenset({"-name", "-iname", "-path", "-ipath", "-regex", "-newer", "-empty"})
_PRECIOUS = (".git", ".")


def deletes_elsewhere(call: Call, folder: str, root: str) -> bool:
    """Whether it is such a call; `folder` is where the script starts, `root` the repository's."""
    if program(call.argv[0]) == "find":
        words = {word.text for word in call.argv}
        begins = [
            Word(f"{start.text}/found") if words & _FILTERS else start for start in starts(call)
        ]
        return "-delete" in words and _outside(call, begins, folder, root)
    if program(call.argv[0]) not in ("rm", "shred", "trash", "rimraf", "del"):
        return False
    if not _recursive(call.argv[1:]):
        return False
    targets = [word for word in call.argv[1:] if not word.text.startswith("-")]
    return _outside(call, targets, folder, root)


def _recursive(words: Iterable[Word]) -> bool:
    return any(
        word.open
        or "--recursive".startswith(word.text)
        and len(word.text) > 3
        or word.options() & _RECURSIVE
        for word in words
    )


def _outside(call: Call, targets: list[Word], folder: str, root: str) -> bool:
    return any(
        _leaves(target.text, here, folder, root) for target in targets for here in call.folders
    )


def _leaves(target: str, here: str | None, folder: str, root: str) -> bool:
    fixed = _before_unknown(target)
    if target.startswith("~") or not fixed or "{}" in target:
        return True
    if here is None and not target.startswith("/"):
        return True
    path = posixpath.normpath(posixpath.join(folder, here or "", fixed))
    if f"{path}/".startswith(_TEMPORARY) and path + "/" not in _TEMPORARY:
        return ".." in target[len(fixed) :]
    if path == root:
        return True
    if not path.startswith(root.rstrip("/") + "/") or ".." in target[len(fixed) :]:
        return True
    return posixpath.relpath(path, root).split("/")[0] in _PRECIOUS


def _before_unknown(target: str) -> str:
    """The folders of a path that are known; the text of `build/*` or `dist-?` is enough."""
    place = min((target + ANY).index(ANY), (target + ONE).index(ONE))
    if place == len(target):
        return target
    known = target[:place]
    return known if known.strip("./") else ""
