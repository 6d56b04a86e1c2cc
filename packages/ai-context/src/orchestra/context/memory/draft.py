"""What somebody wants to be remembered: checked, cleaned and redacted before it is stored."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from orchestra.context.memory.limits import Limits
from orchestra.context.memory.note import Kind
from orchestra.context.memory.text import clean
from orchestra.shared.errors import Invalid, TooLarge
from orchestra.shared.redaction import Redactor
from orchestra.shared.wording import plain

_TAG = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_PATH_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Draft:
    """A note that is not stored yet. Author and trust are not its to say.

    `untrusted` says that it quotes text from outside; nothing can say the opposite.
    """

    text: str
    kind: Kind = "fact"
    scope: str = "repository"
    tags: Sequence[str] = ()
    paths: Sequence[str] = ()
    expires_at: datetime | None = None
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What shall stand in a note's place; what is None stays as it was, and the scope always does.

    Its end is its own: without `expires_at` it has none.
    """

    text: str
    kind: Kind | None = None
    tags: Sequence[str] | None = None
    paths: Sequence[str] | None = None
    expires_at: datetime | None = None
    untrusted: bool = False


def prepared(draft: Draft, redactor: Redactor, limits: Limits, now: datetime) -> Draft:
    """The draft as it may be stored.

    Raises:
        Invalid: it says nothing, a tag or path is not one, or it would end in the past.
        TooLarge: the text is too long.
    """
    text = redactor.text(clean(draft.text))
    if not text:
        raise Invalid("the note says nothing", hint="write down what shall be remembered, and why")
    size = len(text.encode())
    if size > limits.text:
        raise TooLarge(
            f"the note has `{size}` bytes; a note has at most {limits.text}",
            hint="keep what will matter later, and name the file that has the rest",
        )
    _check_end(draft.expires_at, limits, now)
    tags = sorted({tag_of(redactor.text(tag)) for tag in draft.tags})
    paths = sorted({path_of(redactor.text(path)) for path in draft.paths})
    for name, found, most in (("tags", tags, limits.tags), ("paths", paths, limits.paths)):
        if len(found) > most:
            raise Invalid(f"`{len(found)}` {name} are too many", hint=f"give at most {most}")
    return replace(draft, text=text, tags=tags, paths=paths)


def _check_end(at: datetime | None, limits: Limits, now: datetime) -> None:
    if at is None:
        return
    if at.tzinfo is None:
        raise Invalid("the time at which the note ends has no zone", hint="end it with `Z`")
    if not now < at <= now + limits.longest_life:
        raise Invalid(
            f"a note cannot end at `{at.isoformat()}`",
            hint="give a time to come, within ten years; or none, and it has no end",
        )


def tag_of(tag: str) -> str:
    """The tag as notes keep it: lower case.

    Raises:
        Invalid: it is not one.
    """
    lower = tag.strip().lower()
    if not _TAG.fullmatch(lower):
        raise Invalid(
            f"`{plain(tag, 80)}` is not a tag",
            hint="use up to 40 letters, digits and . _ -, such as `api` or `post-mortem`",
        )
    return lower


def path_of(path: str) -> str:
    """The path as notes keep it: relative to the repository, with slashes.

    Raises:
        Invalid: it is not within the repository.
    """
    shown = plain(path, _PATH_LENGTH + 1)
    pure = PurePosixPath(shown)
    outside = pure.is_absolute() or ".." in pure.parts or not pure.parts
    if outside or len(shown) > _PATH_LENGTH:
        raise Invalid(
            f"`{shown[:80]}` is not a path within the repository",
            hint="give it relative to the root, such as `src/app.py`",
        )
    return str(pure)
