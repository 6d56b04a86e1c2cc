"""The patterns of `auto_approve_patterns`: a small part of what a .gitignore can say."""

import functools
import re
from collections.abc import Iterable

import re2

_REGEX = set("()[]{}|^$\\!#")
_WILD = set("*?./+-_ ")  # what a pattern of nothing else would match is no choice of files
_MOST_STARS = 8

PROTECTED = (
    ".git",
    ".github",
    ".cursor",
    ".claude",
    ".codex",
    ".factory",
    ".ai-context",
    ".mcp.json",
    ".gitmodules",
)
"""First parts of paths that decide what agents and machines may do: no pattern approves those."""


def check_pattern(pattern: str) -> str:
    """The pattern itself, when it is one.

    Raises:
        ValueError: it is not; the message says how to mend it.
    """
    strange = next((c for c in pattern if c in _REGEX or not c.isprintable()), None)
    if strange is not None:
        raise ValueError(
            f"`{pattern}` has `{strange!r}`: patterns are globs with `*`, `**` and `?`, as in"
            " a .gitignore, and no regular expressions"
        )
    parts = pattern.removeprefix("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(
            f"`{pattern}` has an empty part, `.` or `..`; for all in a folder write `folder/**`"
        )
    if not set(pattern) - _WILD or any(part.startswith(".*") for part in parts):
        raise ValueError(
            f"`{pattern}` chooses no files but takes nearly all; name an ending or folder"
        )
    if pattern.count("*") > _MOST_STARS or any("**" in part and part != "**" for part in parts):
        raise ValueError(
            f"`{pattern}` has too many `*`: at most {_MOST_STARS}, and `**` only as a whole part"
        )
    return pattern


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether a pattern matches the path of a file in the repository.

    A pattern without a slash matches in any folder, one with a slash from the root. `*` and `?`
    match within one part. A path that is not plain, or is one of those that decide what agents
    may do, is matched by none.
    """
    return (
        plain_path(path) and not protected(path) and any(_glob(p).fullmatch(path) for p in patterns)
    )


def plain_path(path: str) -> bool:
    """Whether it is a path inside the repository that can be read in one way only."""
    parts = path.split("/")
    return (
        0 < len(path) <= 1000
        and path.isprintable()
        and "\\" not in path
        and not any(p in ("", ".", "..") or p != p.strip() or p.endswith(".") for p in parts)
    )


def protected(path: str) -> bool:
    """Whether the file decides what agents and machines may do."""
    parts = [part.casefold() for part in path.split("/")]
    return parts[0] in PROTECTED or ".git" in parts or parts[-1].startswith(".env")


@functools.lru_cache(maxsize=1024)
def _glob(pattern: str) -> "re2.Pattern":  # ships no types
    anchored = "/" in pattern
    parts = pattern.removeprefix("/").split("/")
    last = len(parts) - 1
    text = "" if anchored else "(?:[^/]+/)*"
    for number, part in enumerate(parts):
        if part == "**":
            text += ".+" if number == last else "(?:[^/]+/)*"
        else:
            text += "".join(_WILDCARDS.get(c) or re.escape(c) for c in part)
            text += "" if number == last else "/"
    return re2.compile(f"(?s){text}")


_WILDCARDS = {"*": "[^/]*", "?": "[^/]"}
