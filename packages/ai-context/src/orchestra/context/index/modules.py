"""Tells which files an import may mean, by the ends of the files' modules."""

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

_MOST_TARGETS = 8  # files that one import may mean
_ROOTS = ("index", "__init__", "mod", "lib", "main")


class Modules:
    """The modules of some files. It never changes."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._ending: dict[str, list[str]] = {}
        for path in paths:
            for end in ends_of(path):
                self._ending.setdefault(end, []).append(path)

    def becoming(self, gone: Collection[str], new: Collection[str]) -> "Modules":
        """The modules when some paths are gone and others are new."""
        other = Modules(())
        other._ending = dict(self._ending)
        for end in {end for path in (*gone, *new) for end in ends_of(path)}:
            kept = [path for path in self._ending.get(end, ()) if path not in gone]
            other._ending[end] = kept + [path for path in new if end in ends_of(path)]
        return other

    def meant(self, wanted: str) -> Sequence[str]:
        """The files whose module ends as the wanted one, or else as the one above it."""
        for module in _tried(wanted):
            found: Sequence[str] = self._ending.get(_end(module), ())
            if module.count("/") > 1:
                tail = "/" + module
                found = [path for path in found if ("/" + _module(path)).endswith(tail)]
            if 0 < len(found) <= _MOST_TARGETS:
                return found
        return ()


def ends_of(path: str) -> tuple[str, ...]:
    """The last part of a file's module, and its last two."""
    module = _module(path)
    last, two = module.rpartition("/")[2], _end(module)
    return (last,) if last == two else (last, two)


def wanted_ends(wanted: str) -> Iterator[str]:
    """What a file's module has to end in so that the file may be the wanted one."""
    return map(_end, _tried(wanted))


@lru_cache(1 << 11)  # the newer files, which are asked for at each change
def wanted_by(path: str, imports: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that a file's imports name, with slashes."""
    return tuple(wanted for text in imports if (wanted := _wanted(path, text)))


def pairs_of(
    files: Iterable[tuple[int, str, tuple[str, ...]]], modules: Modules, numbers: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """The numbers of files with those of the files that they import; `files` have their imports."""
    known: dict[str, Sequence[str]] = {}
    for number, path, imports in files:
        for wanted in wanted_by(path, imports):
            found = known.get(wanted)
            if found is None:
                found = known[wanted] = modules.meant(wanted)
            for target in found:
                if target != path:
                    yield number, numbers[target]


def _tried(wanted: str) -> Iterator[str]:
    yield wanted
    above = wanted.rpartition("/")[0]
    if above:
        yield above


def _end(module: str) -> str:
    """The last two parts of a module, or the only one."""
    above, slash, last = module.rpartition("/")
    return above.rpartition("/")[2] + slash + last


@lru_cache(1 << 17)
def _module(path: str) -> str:
    """A path without its ending, and without a last part that stands for its folder."""
    module = path.rpartition(".")[0] or path
    folder, _, name = module.rpartition("/")
    return folder if name in _ROOTS and folder else module


def _wanted(path: str, text: str) -> str:
    """The module that an import names, with slashes."""
    folder = path.rpartition("/")[0]
    if text.startswith(("./", "../")) or text in (".", ".."):
        return posixpath.normpath(posixpath.join(folder, text)).removesuffix(".js")
    if text.startswith("."):  # Python
        dots = len(text) - len(text.lstrip("."))
        for _ in range(dots - 1):
            folder = folder.rpartition("/")[0]
        rest = text.lstrip(".").replace(".", "/")
        return f"{folder}/{rest}".strip("/")
    if "::" in text:
        parts = [p for p in text.split("::") if p not in ("crate", "self", "super")]
        return "/".join(parts[-3:])
    if "/" in text:
        return text.lstrip("@~/").removesuffix(".js").removesuffix(".h")
    return text.replace(".", "/") if "." in text else ""
