"""Which files of a view belong together: by import, and a test with what it tests."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.roles import Role, role_of, stem_of
from orchestra.context.index.view import View

_MOST_TARGETS = 8  # files that one import may mean
_ROOTS = ("index", "__init__", "mod", "lib", "main")


class Links:
    """The links of a view as pairs of file numbers.

    `importers[i]` imports `imported[i]`; `tests[i]` tests `tested[i]`.
    """

    def __init__(self, view: View) -> None:
        self.importers, self.imported = _pairs(_imports(view))
        self.tests, self.tested = _pairs(_tests(view))

    def neighbours(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each file the sum of its importers' and imports' scores, shared among their links."""
        size = len(scores)
        out = np.zeros(size, np.float32)
        for here, there in ((self.importers, self.imported), (self.imported, self.importers)):
            degree = np.maximum(np.bincount(there, minlength=size), 1)
            out += np.bincount(here, scores[there] / np.sqrt(degree[there]), size)
        return out

    def of_tests(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each file the best score of a test of it."""
        out = np.zeros(len(scores), np.float32)
        np.maximum.at(out, self.tested, scores[self.tests])
        return out


def _pairs(some: Iterable[tuple[int, int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    pairs = np.array(list(some), np.int32).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _imports(view: View) -> Iterable[tuple[int, int]]:
    known: dict[str, list[str]] = defaultdict(list)
    for path in view.current:
        module = _module(path)
        known[module.rpartition("/")[2]].append(path)
    for path, number in view.numbers.items():
        for text in view.files[number][1].imports:
            for target in _targets(path, text, known):
                if target != path:
                    yield number, view.numbers[target]


def _module(path: str) -> str:
    """A path without its ending, and without a last part that stands for its folder."""
    module = path.rpartition(".")[0] or path
    folder, _, name = module.rpartition("/")
    return folder if name in _ROOTS and folder else module


def _targets(path: str, text: str, known: dict[str, list[str]]) -> Sequence[str]:
    """The files that an import may mean: those whose module ends as it does."""
    wanted = _wanted(path, text)
    if not wanted:
        return ()
    for module in (wanted, wanted.rpartition("/")[0]):
        name = module.rpartition("/")[2]
        found = [p for p in known.get(name, ()) if _ends(_module(p), module)]
        if found and len(found) <= _MOST_TARGETS:
            return found
    return ()


def _ends(module: str, wanted: str) -> bool:
    return module == wanted or module.endswith("/" + wanted)


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


def _tests(view: View) -> Iterable[tuple[int, int]]:
    sources: dict[str, list[int]] = defaultdict(list)
    for path, number in view.numbers.items():
        if role_of(path) is not Role.TEST:
            sources[stem_of(path)].append(number)
    for path, number in view.numbers.items():
        if role_of(path) is Role.TEST:
            found = sources.get(stem_of(path), ())
            if len(found) <= _MOST_TARGETS:
                for source in found:
                    yield number, source
