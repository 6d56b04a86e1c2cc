"""Files lost when they come faster than anyone can follow, beside watchfiles."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from orchestra.cli.bench.report import Report, Target
from orchestra.cli.bench.repository import count_untracked
from orchestra.cli.bench.system import BenchSystem
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

_QUIET = 2.0  # seconds that the peer gets to report what it has


def measure(report: Report, system: BenchSystem, *, nested: int, flood: int) -> None:
    """A storm of nested folders, then more writes than the kernel's queue holds."""

    def write_nested(folder: Path) -> None:
        for number in range(nested):
            deep = folder / f"n{number:05}" / "a" / "b" / "c" / "d"
            deep.mkdir(parents=True)
            (deep / "file.txt").write_text("x")

    def write_flood(folder: Path) -> None:
        for number in range(flood):
            (folder / f"file-{number:05}.txt").write_text("x")

    _storm(report, system, f"{nested} × mkdir -p a/b/c/d && write", write_nested, nested)
    _storm(report, system, f"{flood} writes while stopped", write_flood, flood, stopped=True)


def _storm(
    report: Report,
    system: BenchSystem,
    what: str,
    write: Callable[[Path], None],
    files: int,
    *,
    stopped: bool = False,
) -> None:
    folder = system.repository / ("area_flood" if stopped else "area_storm")
    folder.mkdir()
    rescans = system.consistent()["watch"]["rescans"]
    peer = _Watchfiles(folder) if find_spec("watchfiles") is not None else None
    halted = [pid for pid in (system.api_pid, peer.pid if peer else None) if pid and stopped]
    for pid in halted:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        write(folder)
    finally:
        for pid in halted:
            os.kill(pid, signal.SIGCONT)
    written = time.monotonic()
    found = system.consistent()
    settled = time.monotonic() - written
    lost = abs(count_untracked(system.repository) - found["counts"]["untracked"])
    report.row(
        what,
        files=files,
        lost=lost,
        written_in_s=written - began,
        consistent_after_s=settled,
        rescans=found["watch"]["rescans"] - rescans,
    )
    peer_lost = None if peer is None else files - peer.count()
    report.row(f"{what}, peer: watchfiles", lost="not installed" if peer is None else peer_lost)
    report.target(Target(f"files lost, {what}", lost, "files", 0, "lower", "watchfiles"))


class _Watchfiles:
    """The peer, armed when made."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orchestra.cli.bench.watchfiles_peer", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        self.pid = self._process.pid
        if self._process.stdout is None or self._process.stdout.readline() != "ready\n":
            raise Unavailable("watchfiles does not start", hint="see what it said on stderr")

    def count(self) -> int:
        """How many files it has reported; it ends then."""
        threading.Event().wait(_QUIET)
        said, _ = self._process.communicate("count\n", timeout=30)
        return int(said)
