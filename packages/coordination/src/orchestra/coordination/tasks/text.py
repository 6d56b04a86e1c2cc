"""Texts of agents and people, made harmless: to be stored, and to be shown to a model."""

import json
import re
import unicodedata
from pathlib import PurePosixPath

from orchestra.shared.errors import Invalid, TooLarge
from orchestra.shared.json import JsonValue
from orchestra.shared.redaction import Redactor

_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")  # controls, bidi marks, tags, line separators
_BLANK = re.compile(r"\n{3,}")
_UNSAFE = re.compile(r"[<>&`\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_LONGEST_PATH = 300


def clean(text: str) -> str:
    """`text` without what moves a cursor, hides or reorders; its lines and indents stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    return _BLANK.sub("\n\n", "\n".join(_visible(line).rstrip() for line in lines)).strip()


def one_line(text: str, most: int) -> str:
    """`text` on one line without what hides, cut."""
    line = " ".join(clean(text[: 4 * most]).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def stored(text: str, redactor: Redactor) -> str:
    """`text` as it may be kept: first what hides goes, so that it cannot hide a secret."""
    return redactor.text(clean(text))


def checked(text: str, name: str, most: int, redactor: Redactor, *, empty: bool = True) -> str:
    """`text` as it may be kept, when it is not too long.

    Raises:
        Invalid: it says nothing and has to.
        TooLarge: it is too long.
    """
    kept = stored(text, redactor)
    if not kept and not empty:
        raise Invalid(f"the {name} says nothing", hint=f"give a {name} in words")
    if len(kept) > most:
        raise TooLarge(
            f"the {name} has `{len(kept)}` characters; the most is {most}",
            hint="say what matters, and name the file that has the rest",
        )
    return kept


def path_of(path: str, redactor: Redactor) -> str:
    """The path as it is kept: relative to the repository, with slashes.

    Raises:
        Invalid: it is not within the repository.
    """
    shown = redactor.text(one_line(path, _LONGEST_PATH + 1))
    pure = PurePosixPath(shown)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or len(shown) > _LONGEST_PATH:
        raise Invalid(
            f"`{shown[:80]}` is not a path within the repository",
            hint="give it relative to the root, such as `src/app.py`",
        )
    return str(pure)


def as_data(value: JsonValue) -> str:
    """Compact JSON on one line that no text in it can leave: tags and fences are escaped."""
    dump = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", dump)


def _visible(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c for c in line if c.isprintable() or unicodedata.category(c) not in _HIDDEN)
