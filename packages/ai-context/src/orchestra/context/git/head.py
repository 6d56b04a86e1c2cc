"""Where HEAD is, what was committed lately, and which operation is half done."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestra.context.git.command import Git
from orchestra.context.git.names import clean_text
from orchestra.shared.errors import Unavailable

State = Literal["branch", "detached", "unborn", "broken"]
Operation = Literal["merge", "rebase", "cherry-pick", "revert", "bisect"]

_FIELDS = ("%H", "%an", "%cI", "%s")
_OPERATIONS: tuple[tuple[str, Operation], ...] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
RECENT = 10


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its name, who wrote it, when it was committed (ISO 8601), its first line."""

    sha: str
    author: str
    at: str
    subject: str


@dataclass(frozen=True, slots=True)
class Upstream:
    """The branch that ours follows; the counts are None when it is gone."""

    name: str
    ahead: int | None
    behind: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """HEAD and the ten last commits from it, newest first."""

    state: State
    branch: str | None = None
    commits: tuple[Commit, ...] = ()
    upstream: Upstream | None = None

    @property
    def commit(self) -> str | None:
        """The commit that HEAD names."""
        return self.commits[0].sha if self.commits else None


def read_head(git: Git) -> Head:
    """HEAD as it is now; a broken one is a state, not an error."""
    symbolic = git.attempt("symbolic-ref", "-q", "HEAD")
    reference = symbolic.output.removesuffix(b"\n") if symbolic.code == 0 else None
    branch = clean_text(reference.removeprefix(b"refs/heads/")) if reference else None
    log = git.attempt(
        "log", f"-{RECENT}", "-z", f"--format=tformat:{'%x1f'.join(_FIELDS)}", "HEAD", "--"
    )
    if log.code == 0:
        commits = tuple(_commit(item) for item in log.output.split(b"\0") if item)
        upstream = _read_upstream(git, reference) if reference else None
        return Head("branch" if branch else "detached", branch, commits, upstream)
    exists = reference is None or git.attempt("show-ref", "-q", "--", reference).code == 0
    listed = not exists and git.attempt("for-each-ref", "--", reference or b"")
    unborn = not exists and not (listed and (listed.output or listed.error))
    return Head("unborn" if unborn else "broken", branch)


def read_operation(folder: Path) -> Operation | None:
    """The operation that waits for a person to finish it."""
    return next((name for file, name in _OPERATIONS if os.path.lexists(folder / file)), None)


def _commit(item: bytes) -> Commit:
    sha, author, at, subject = (*item.split(b"\x1f", 3), b"", b"", b"")[:4]
    return Commit(sha.decode("ascii"), clean_text(author), clean_text(at), clean_text(subject))


def _read_upstream(git: Git, reference: bytes) -> Upstream | None:
    try:
        answer = git.run(
            "for-each-ref", "--format=%(upstream:short)%00%(upstream:track,nobracket)", reference
        )
    except Unavailable:  # an upstream that points at nothing readable is none
        return None
    name, _, track = answer.split(b"\n")[0].partition(b"\0")
    if not name:
        return None
    words = track.replace(b",", b"").split()
    counts = {word: int(n) for word, n in zip(words[::2], words[1::2], strict=False)}
    if track == b"gone":
        return Upstream(clean_text(name), None, None)
    return Upstream(clean_text(name), counts.get(b"ahead", 0), counts.get(b"behind", 0))
