"""Tells from the context stream what of a repository has to be read again."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from orchestra.context.git.names import read_path
from orchestra.context.log import ContextLog

_TOPIC = "codebase_state"
_VALUE = f"/topics/{_TOPIC}/value/"
_WHOLE = ("", "/topics", f"/topics/{_TOPIC}", f"/topics/{_TOPIC}/value")
_LONGEST = 380  # characters; a longer path is shown with a digest
_QUIET = frozenset({"busy", "watch", "counts", "upstream", "remotes"})


@dataclass(frozen=True, slots=True)
class Changed:
    """What has changed: some paths, or perhaps everything; and whether HEAD has moved."""

    everything: bool = False
    head: bool = False
    paths: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    """Those of the paths that do not differ from HEAD any more: clean, gone, or ignored now."""

    def __bool__(self) -> bool:
        return self.everything or self.head or bool(self.paths)


def changed_since(log: ContextLog, seq: int) -> Changed:
    """What the changes after number `seq` say."""
    deltas = log.since(seq)
    if deltas is None:
        return Changed(everything=True, head=True)
    told = [
        (str(operation["path"]), operation["op"] == "remove")
        for delta in deltas
        if delta.topic in (_TOPIC, "")
        for operation in orjson.loads(delta.json)["ops"]
    ]
    if not told:
        return Changed()
    return _changed(told, _omitted(log))


def _changed(told: Iterable[tuple[str, bool]], omitted: bool) -> Changed:
    paths: set[str] = set()
    left: set[str] = set()
    everything = head = False
    for pointer, removed in told:
        if not pointer.startswith(_VALUE):
            everything = everything or pointer in _WHOLE
            continue
        name, _, rest = pointer.removeprefix(_VALUE).partition("/")
        if name == "changes" and rest and not omitted:
            shown = rest.partition("/")[0].replace("~1", "/").replace("~0", "~")
            path = os.fsdecode(read_path(shown))
            rules = path.rpartition("/")[2] == ".gitignore"  # who knows what is ignored now
            everything = everything or rules or len(shown) >= _LONGEST
            paths.add(path)
            if removed and rest == rest.partition("/")[0]:
                left.add(path)
        elif name in ("head", "recent", "operation"):
            head = everything = True
        elif name not in _QUIET:
            everything = True
    head = head or (everything and not paths)
    return Changed(everything, head, frozenset(paths), frozenset(left))


def _omitted(log: ContextLog) -> bool:
    """Whether the context names only some of the changed files."""
    topics = log.document["topics"]
    fact = topics.get(_TOPIC) if isinstance(topics, dict) else None
    value = fact.get("value") if isinstance(fact, dict) else None
    return bool(value.get("omitted")) if isinstance(value, dict) else True
