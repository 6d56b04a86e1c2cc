"""Reads a committed tree: which files there are, and their contents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestra.context.git.command import Git
from orchestra.shared.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a tree: its object's name, and its size in bytes."""

    oid: str
    size: int


def list_tree(git: Git, revision: str) -> dict[str, Blob]:
    """Every plain file of a revision's tree by path; links and submodules are left out.

    Raises:
        NotFound: there is no such revision.
        Unavailable: git fails.
    """
    found = git.attempt("ls-tree", "-r", "-l", "-z", "--full-tree", revision)
    if found.code != 0:
        raise NotFound(
            f"there is no revision `{revision[:80]}`", hint="name a commit, a branch or a tag"
        )
    files = {}
    for entry in found.output.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        fields = head.split()
        if len(fields) == 4 and fields[0] in (b"100644", b"100755") and fields[3].isdigit():
            name = path.decode("utf-8", "surrogateescape")
            files[name] = Blob(fields[2].decode("ascii"), int(fields[3]))
    return files


def read_blobs(git: Git, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The contents of objects, one after another; one that is missing is left out.

    Raises:
        Unavailable: git ends before it has answered.
    """
    with git.process("cat-file", "--batch") as process:
        asked, answer = process.stdin, process.stdout
        if asked is None or answer is None:
            return
        for oid in oids:
            asked.write(oid.encode("ascii") + b"\n")
            asked.flush()
            head = answer.readline().split()
            if len(head) < 3:
                if head:
                    continue
                raise Unavailable("git ended while reading objects", hint="run `git fsck`")
            size = int(head[2])
            content = answer.read(size + 1)
            yield oid, content[:size]
