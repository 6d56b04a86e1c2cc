"""What past commits say: their messages, and which files each of them touched."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from orchestra.context.git.command import Finished, Git
from orchestra.context.index.inverted import Field, Inverted
from orchestra.context.index.parsed import Postings
from orchestra.context.index.words import number_text

DEPTH = 5000  # commits that are looked back
_FORMAT = "%x01%H%x02%ct%x02%B%x03"
_LISTING = ("--no-walk=unsorted", "--name-status", "-z", f"--format={_FORMAT}")
_AT_ONCE = 400
_LONGEST_MESSAGE = 3000
_MOST_FILES = 60  # a commit that touches more says little of any of them
_TRAILER = re.compile(
    r"^(signed-off-by|co-authored-by|reviewed-by|change-id|cc|closes|refs?):", re.IGNORECASE
)


@dataclass(frozen=True)
class Commit:
    """One commit: when (seconds since 1970), its message, the paths it touched, and renames."""

    sha: str
    at: int
    message: str
    paths: tuple[str, ...]
    renamed: Mapping[str, str]
    """Old path → new path."""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @cached_property
    def words(self) -> Postings:
        """The words of the message."""
        return Postings.of([number_text(self.message)])


def list_commits(git: Git, revision: str, depth: int = DEPTH) -> list[str]:
    """The commits that lead to a revision, newest first; none when there is no such revision."""
    found = git.attempt("rev-list", "--no-merges", f"-n{depth}", revision, "--")
    return found.output.decode("ascii").split() if found.code == 0 else []


def read_commits(git: Git, shas: Sequence[str]) -> Iterator[Commit]:
    """Read commits, some hundred at a time; renames are followed where the contents are at hand.

    Raises:
        Unavailable: git fails.
    """
    for first in range(0, len(shas), _AT_ONCE):
        some = shas[first : first + _AT_ONCE]
        found = git.attempt("log", *_LISTING, "-M", "-l200", *some, "--")
        if found.code != 0:  # a partial clone lacks contents, which only renames need
            found = Finished(0, git.run("log", *_LISTING, "--no-renames", *some, "--"), "")
        for record in found.output.split(b"\x01")[1:]:
            yield _commit(record)


class History:
    """Commits before one moment, newest first, searchable by message.

    `touches[i]` are the numbers of the paths that commit i touched, under the names that they have
    now; `paths` numbers them.
    """

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.commits = tuple(commits)
        self.paths: dict[str, int] = {}
        names: dict[str, str] = {}
        touches = []
        for commit in self.commits:
            now = [names.get(path, path) for path in commit.paths]
            for old, new in commit.renamed.items():
                names[old] = names.get(new, new)
            touches.append([self.paths.setdefault(path, len(self.paths)) for path in now])
        sizes = [len(t) for t in touches]
        self.starts: NDArray[np.int64] = np.cumsum([0, *sizes])
        self.touched: NDArray[np.int32] = np.array([p for t in touches for p in t], np.int32)
        self.commit_of: NDArray[np.int32] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        weights = [1.0 / np.log2(1 + size) if 0 < size <= _MOST_FILES else 0.0 for size in sizes]
        self.weights: NDArray[np.float32] = np.array(weights, np.float32)
        """How much each commit says of a file that it touched: less the more it touched."""
        words = Inverted.build([commit.words for commit in self.commits])
        self.messages = Field([words])

    @cached_property
    def churn(self) -> NDArray[np.float32]:
        """For each path the weights of the commits that touched it."""
        return self.per_path(np.ones(len(self.commits), np.float32))

    @cached_property
    def often(self) -> NDArray[np.float64]:
        """For each path the root of how many commits touched it, and two."""
        root: NDArray[np.float64] = np.sqrt(
            np.bincount(self.touched, minlength=len(self.paths)) + 2
        )
        return root

    def per_path(self, per_commit: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each path the sum, over the commits that touched it, of a figure of the commit."""
        figures = (per_commit * self.weights)[self.commit_of]
        summed = np.bincount(self.touched, weights=figures, minlength=len(self.paths))
        return summed.astype(np.float32)


def _commit(record: bytes) -> Commit:
    head, _, rest = record.partition(b"\x03")
    sha, at, body = head.decode("utf-8", "replace").split("\x02", 2)
    lines = [line for line in body.split("\n") if not _TRAILER.match(line)]
    paths, renamed = _paths(rest)
    message = "\n".join(lines).strip()[:_LONGEST_MESSAGE]
    return Commit(sha, int(at), message, tuple(dict.fromkeys(paths)), renamed)


def _paths(listing: bytes) -> tuple[list[str], dict[str, str]]:
    fields = [f.decode("utf-8", "surrogateescape") for f in listing.strip(b"\0\n").split(b"\0")]
    paths: list[str] = []
    renamed: dict[str, str] = {}
    at = 0
    while at + 1 < len(fields):
        status = fields[at].strip()
        if status[:1] in ("R", "C"):
            if status[0] == "R":
                renamed[fields[at + 1]] = fields[at + 2]
            paths.append(fields[at + 2])
            at += 3
        else:
            paths.append(fields[at + 1])
            at += 2
    return paths, renamed
