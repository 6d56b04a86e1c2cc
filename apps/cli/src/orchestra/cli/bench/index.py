"""`orchestra bench index`: the code index over HTTP on a large repository, beside its peers."""

import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestra.cli.bench.codebase import Codebase, generate_codebase
from orchestra.cli.bench.index_peers import FullText, Peer, Ripgrep, Tantivy
from orchestra.cli.bench.process import descendants, memory, peak_memory
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.repository import git
from orchestra.cli.bench.system import BenchSystem, until
from orchestra.shared.errors import Unavailable

_BUDGET = 16_000
_PATIENCE = 900.0  # seconds that the first indexing may take
_PAUSE = (0.01, 0.1)  # seconds between saves, at random
_REFERENCE = "tantivy"  # the peer of the targets, of those that could be had


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    files: int
    switched: int
    saves: int
    searches: int
    packs: int


_WHOLE = Size(files=20_000, switched=5_000, saves=200, searches=400, packs=300)
_QUICK = Size(files=2_000, switched=500, saves=30, searches=60, packs=30)


def measure(report: Report, quick: bool) -> None:
    """Everything that is promised of the index; `quick` takes a smaller repository.

    Raises:
        Unavailable: this is not Linux, whose /proc this relies on.
    """
    if sys.platform != "linux":
        raise Unavailable("this benchmark runs on Linux only", hint="run it in a container")
    size = _QUICK if quick else _WHOLE
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-index-") as folder:
        code = generate_codebase(
            Path(folder) / "repository", size.files, size.switched, size.searches
        )
        report.row("repository", files=len(code.paths), commits=code.commits, bytes=code.size)
        run = _Run(report, code, size)
        run.ask_peers(Path(folder))
        with BenchSystem(code.folder) as system:
            run.ask_us(system)
        run.promise()


@dataclass(slots=True)
class _Run:
    report: Report
    code: Codebase
    size: Size
    found: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """What was measured → who → milliseconds."""
    words: int = 0

    def ask_us(self, system: BenchSystem) -> None:
        """Start twice, save, search, pack, switch."""
        self._start(system, "first indexing")
        system.stop()
        system.start()
        self._start(system, "warm start, from the cache")
        searches, tasks = self.code.searches, self.code.tasks[: self.size.packs]
        client = system.client

        def pack(task: str) -> None:
            made = client.call("POST", "/pack", body={"task": task, "budget": _BUDGET})
            if made["tokens"] > _BUDGET:
                raise Unavailable(f"a pack has {made['tokens']} tokens", hint="this is a mistake")

        for query in searches[:5]:
            client.get("/search", {"q": query})
        self._time("search", "Orchestra", searches, lambda q: client.get("/search", {"q": q}))
        self._time("pack", "Orchestra", tasks, pack)
        self._save("consistent", "Orchestra", lambda path, word: _find_now(system, word, path))
        self._save("polled", "Orchestra", lambda path, word: _poll(system, word, path))
        self._remember(system, "after saves and questions")
        self._switch(system)

    def ask_peers(self, folder: Path) -> None:
        """The same questions and saves to each peer."""
        for peer in _peers(self.report, self.code, folder):
            peer.search(self.code.searches[0])
            few = self.size.searches // (8 if peer.name == "ripgrep" else 1)
            self._time("search", peer.name, self.code.searches[:few], peer.search)

            def take(path: str, word: str, peer: Peer = peer) -> None:
                peer.take(path)
                peer.search(word)

            self._save("consistent", peer.name, take)
            git(self.code.folder, "checkout", "-q", "--", ".")

    def promise(self) -> None:
        """The targets, each beside the reference peer."""
        self._target("search over HTTP, p99", "search", 50)
        self._target("save → searchable, consistent=true, p99", "consistent", 150)
        self._target("save → searchable, polled, p99", "polled", 150, beside="consistent")
        self._target(f"pack of {_BUDGET:,} tokens, p99", "pack", 300)

    def _start(self, system: BenchSystem, what: str) -> None:
        most = 0

        def look() -> bool:
            nonlocal most
            api = system.api_pid
            helpers = descendants(api) if api else []
            most = max(most, sum(memory(pid).own for pid in helpers))
            return bool(system.client.get("/index")["ready"])

        until(look, "the index does not become ready", _PATIENCE)
        seconds = time.monotonic() - system.started
        files = system.client.get("/index")["files"]
        self.report.row(what, files=files, seconds=seconds, files_per_s=files / seconds)
        self._remember(system, what, parsers_mib=most / 2**20)

    def _remember(self, system: BenchSystem, what: str, **more: float) -> None:
        pid = system.api_pid or 0
        now, peak = memory(pid), peak_memory(pid)
        figures = {"now_mib": (now.own + now.shared) / 2**20, "peak_mib": peak / 2**20}
        self.report.row(f"memory of the API, {what}", **figures, **more)

    def _time(self, what: str, who: str, items: Iterable[str], ask: Callable[[str], Any]) -> None:
        times = []
        for item in items:
            started = time.perf_counter()
            ask(item)
            times.append((time.perf_counter() - started) * 1000)
        self._keep(what, who, times)

    def _save(self, what: str, who: str, ask: Callable[[str, str], None]) -> None:
        """Append a new word to a file and wait until a search has it."""
        times, pause = [], threading.Event()
        tracked = [path for path in self.code.paths if not path.endswith(".md")]
        for path in random.sample(tracked, self.size.saves):
            pause.wait(random.uniform(*_PAUSE))  # noqa: S311 - moments, not secrets
            self.words += 1
            word = f"zyx{self.words}qj"
            saved = time.perf_counter()
            with (self.code.folder / path).open("a") as file:
                file.write(f"\n// {word}\n" if not path.endswith(".py") else f"\n# {word}\n")
            ask(path, word)
            times.append((time.perf_counter() - saved) * 1000)
        self._keep(f"save → searchable, {what}", who, times, what)

    def _switch(self, system: BenchSystem) -> None:
        """The other branch, until its last file is searched."""
        git(self.code.folder, "checkout", "-q", "--", ".")
        system.client.get("/search", {"q": "x", "consistent": "true"})
        commit = git(self.code.folder, "rev-parse", "other").strip()
        started = time.monotonic()
        git(self.code.folder, "checkout", "-q", "other")
        done = time.monotonic()

        def there() -> bool:
            return bool(system.client.get("/index")["commit"] == commit)

        until(there, "the index does not follow the switch", 300.0)
        self.report.row(
            f"branch switch of {self.size.switched} files → searchable",
            seconds=time.monotonic() - done,
            git_seconds=done - started,
        )

    def _keep(self, row: str, who: str, times: Sequence[float], what: str | None = None) -> None:
        self.found.setdefault(what or row, {})[who] = list(times)
        p50, p99 = percentile(list(times), 0.5), percentile(list(times), 0.99)
        name = row if who == "Orchestra" else f"{row}, peer: {who}"
        self.report.row(name, times=len(times), p50_ms=p50, p99_ms=p99)

    def _target(self, name: str, what: str, most: float, beside: str | None = None) -> None:
        ours = percentile(self.found[what]["Orchestra"], 0.99)
        peers = self.found.get(beside or what, {})
        peer = next((p for p in (_REFERENCE, FullText.name) if p in peers), None)
        ratio = ours / percentile(peers[peer], 0.99) if peer else None
        self.report.target(Target(name, ours, "ms", most, "lower", peer, ratio))


def _peers(report: Report, code: Codebase, folder: Path) -> Iterable[Peer]:
    program = Ripgrep.find()
    if program is None:
        report.row("peer: ripgrep", there="could not be had")
    else:
        yield Ripgrep(program, code.folder)
    for kind, there in ((Tantivy, Tantivy.there()), (FullText, True)):
        if not there:
            report.row(f"peer: {kind.name}", there="could not be had")
            continue
        started = time.monotonic()
        peer = kind(code.folder, code.paths, folder / kind.name)
        seconds = time.monotonic() - started
        files = len(code.paths)
        report.row(f"indexing, peer: {kind.name}", seconds=seconds, files_per_s=files / seconds)
        yield peer


def _find_now(system: BenchSystem, word: str, path: str) -> None:
    if not _found(system, {"q": word, "consistent": "true"}, path):
        raise Unavailable(f"a consistent search does not find `{word}`", hint="this is a mistake")


def _poll(system: BenchSystem, word: str, path: str) -> None:
    until(lambda: _found(system, {"q": word}, path), f"`{word}` is not found")


def _found(system: BenchSystem, question: dict[str, str], path: str) -> bool:
    """Whether the file is among what a search finds."""
    answer = system.client.get("/search", question)
    return any(place["path"] == path for place in answer["found"])
