"""The files of a working tree as the index knows them, kept in step with the disk."""

import hashlib
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from orchestra.context.git.repository import Repository
from orchestra.context.index.cache import Cache
from orchestra.context.index.objects import list_tree, read_blobs
from orchestra.context.index.parsed import LARGEST, ParsedFile, content_key, unread
from orchestra.context.index.parsing import Parsers, Progress
from orchestra.context.index.reading_process import Work
from orchestra.context.index.safe_read import Root, Stamp

MOST_FILES = 100_000
"""Files that are indexed; of a larger repository, the first by path."""

_SECRET = re.compile(
    r"(^|/)(\.env(\.[^/]*)?|\.netrc|\.npmrc|\.pypirc|id_(rsa|dsa|ecdsa|ed25519)|credentials"
    r"|[^/]+\.(pem|key|p12|pfx|jks|keystore|kdbx))$",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"\.(example|sample|template|dist)$", re.IGNORECASE)
_KEPT_AT_ONCE = 2_000
_LISTING = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
_MOST_ASKED = 200  # paths; for more, git is asked for all
_TICK = 50_000_000  # nanoseconds; file systems' clocks tick each 1 to 10 ms


class WorkingFiles:
    """The files that git tracks or would track. Blocking: use it from one thread.

    A bare repository has no working tree; its files are those of HEAD.
    """

    def __init__(
        self,
        repository: Repository,
        cache: Cache,
        progress: Progress,
        most: int = MOST_FILES,
        parsers: Parsers | None = None,
    ) -> None:
        self.omitted = 0
        """How many files there are beyond the most that are indexed."""
        self._most = most
        self._repository = repository
        self._cache = cache
        self._progress = progress
        self._root = Root(os.fsencode(repository.root)) if repository.root else None
        self._stamps: dict[str, Stamp] = {}
        self._files: dict[str, ParsedFile] = {}
        self._by_key: dict[str, ParsedFile] = {}
        self._parsers = parsers or Parsers()

    def scan(self) -> dict[str, ParsedFile]:
        """All files, whatever was known: the ones whose stamp has changed are read again.

        Raises:
            Unavailable: git fails.
        """
        if self._root is None:
            return self._scan_head()
        names = self._list()
        self.omitted = max(0, len(names) - self._most)
        names = names[: self._most]
        wanted = set(names)
        for gone in [path for path in self._files if path not in wanted]:
            self._forget(gone)
        self._look(names)
        self._parsers.warm()
        return dict(self._files)

    def take(
        self, paths: Collection[str], left: Collection[str] = ()
    ) -> tuple[dict[str, ParsedFile], frozenset[str] | None]:
        """All files after some may have changed; a new one must be known not to be ignored.

        `left` are those of the paths that may be ignored now. With the files comes which of them
        were looked at, None for all.

        Raises:
            Unavailable: git fails.
        """
        if self._root is None or len(left) > _MOST_ASKED:
            return self.scan(), None
        asked = frozenset(paths).union(left)
        gone = set(left) - set(self._list(left) if left else ())
        for path in gone:
            self._forget(path)
        paths = set(paths) - gone
        known = sorted(path for path in paths if path in self._files)
        new = sorted(path for path in paths if path not in self._files)
        room = max(0, self._most - len(self._files))
        for path in known:  # it is said that they changed: that their stamps are old says nothing
            self._stamps.pop(path, None)
        self._look([*known, *new[:room]])
        self.omitted += len(new[room:])
        return dict(self._files), asked

    def read(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The texts of files as they are now; one that may not be read is left out."""
        if self._root is None:
            return _texts_at_head(self._repository, paths)
        texts = {}
        for path in paths:
            if path in self._files and self._files[path].skipped is None:
                content = self._root.read(os.fsencode(path))
                if content is not None:
                    texts[path] = content.decode("utf-8", "replace")
        return texts

    def _list(self, among: Iterable[str] = ()) -> list[str]:
        """The paths that git tracks or would track; all, or those of some."""
        named: list[bytes] = [b":(top,literal)" + os.fsencode(path) for path in sorted(among)]
        listing = self._repository.git.run(*_LISTING, "--", *named)
        return sorted({_name(path) for path in listing.split(b"\0") if path})

    def _look(self, paths: Sequence[str]) -> None:
        assert self._root is not None  # noqa: S101 - for the type checker
        changed: list[str] = []
        for path in paths:
            now = time.time_ns()
            stamp = self._root.stamp(os.fsencode(path))
            if stamp is None:
                self._forget(path)
            elif self._stamps.get(path) != stamp:
                self._stamps.pop(path, None)
                if now - stamp.changed > _TICK:  # else the next change might leave no other stamp
                    self._stamps[path] = stamp
                reason = _reason(path, stamp.size)
                if reason is None:
                    changed.append(path)
                else:
                    self._files[path] = unread(reason)
        for first in range(0, len(changed), _KEPT_AT_ONCE):
            self._progress(first, len(changed))
            self._read_changed(changed[first : first + _KEPT_AT_ONCE])
        self._progress(len(changed), len(changed))

    def _read_changed(self, paths: Sequence[str]) -> None:
        keys: dict[str, str] = {}
        contents: dict[str, tuple[str, bytes]] = {}
        for path, content in self._contents(paths):
            keys[path] = key = content_key(path, _oid(content))
            contents[key] = path, content
        known = {key: self._by_key[key] for key in contents if key in self._by_key}
        known |= self._cache.files([key for key in contents if key not in known])
        work: list[Work] = [(k, p, c) for k, (p, c) in contents.items() if k not in known]
        fresh: dict[str, ParsedFile] = {}
        for key, file in self._parsers.parse(work, len(work)):
            fresh[key] = file
        self._cache.put_files(fresh)
        known |= fresh
        self._by_key |= known
        self._files |= {path: known[key] for path, key in keys.items()}
        if len(self._by_key) > 2 * len(self._files) + 10_000:  # of branches left behind
            self._by_key = {}

    def _contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        assert self._root is not None  # noqa: S101 - for the type checker
        for path in paths:
            content = self._root.read(os.fsencode(path))
            if content is None:
                self._forget(path)
            else:
                yield path, content

    def _forget(self, path: str) -> None:
        self._stamps.pop(path, None)
        self._files.pop(path, None)

    def _scan_head(self) -> dict[str, ParsedFile]:
        git = self._repository.git
        tree = list_tree(git, "HEAD") if git.attempt("rev-parse", "HEAD^{tree}").code == 0 else {}
        names = sorted(tree)[: self._most]
        self.omitted = len(tree) - len(names)
        reasons = {path: _reason(path, tree[path].size) for path in names}
        keys = {p: content_key(p, tree[p].oid) for p in names if reasons[p] is None}
        known = self._cache.files(set(keys.values()))
        missing = {tree[p].oid: p for p, key in keys.items() if key not in known}
        work = ((keys[missing[oid]], missing[oid], c) for oid, c in read_blobs(git, missing))
        fresh = dict(self._parsers.parse(work, len(missing)))
        self._cache.put_files(fresh)
        known |= fresh
        self._files = {p: known[keys[p]] for p in keys if keys[p] in known}
        self._files |= {p: unread(reason) for p, reason in reasons.items() if reason}
        return dict(self._files)


def _texts_at_head(repository: Repository, paths: Sequence[str]) -> dict[str, str]:
    tree = list_tree(repository.git, "HEAD")
    by_oid: dict[str, list[str]] = {}
    for path in paths:
        if path in tree and _reason(path, tree[path].size) is None:
            by_oid.setdefault(tree[path].oid, []).append(path)
    contents = read_blobs(repository.git, by_oid)
    return {p: content.decode("utf-8", "replace") for oid, content in contents for p in by_oid[oid]}


def _name(path: bytes) -> str:
    return os.fsdecode(path)


def _reason(path: str, size: int) -> str | None:
    """Why a file is known by name only."""
    if size > LARGEST:
        return "larger than 1 MB"
    if _SECRET.search(path) and not _HARMLESS.search(path):
        return "it may hold secrets"
    return None


def _oid(content: bytes) -> str:
    """Git's name for a content, so that a committed file and the same one on disk are one."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
