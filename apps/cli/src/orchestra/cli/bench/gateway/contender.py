"""One gateway among those that are compared: how it is called, and what was measured of it."""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from orchestra.cli.bench.gateway.wire import Slice, Wire, pin, post
from orchestra.cli.bench.process import cpu_seconds, descendants, memory, precise_cpu_seconds
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment

Kind = Literal["json", "stream"]
Cell = tuple[Kind, int]
"""What is asked for, and by how many callers at once."""

_STOP = 15.0  # seconds
_SAID = 2000  # characters of a log
_NUMBER, _KEEP = "@" * 10, "keep-this-answer"  # as `wire.c` knows them
_TEXT = "Explain in a few words what this commit changes, and whether a test is missing. " * 4


@dataclass(frozen=True, slots=True)
class Reading:
    """A slice, and the processor time that it took."""

    slice: Slice
    cpu: float
    """Microseconds per call."""


@dataclass(slots=True)
class Contender:
    """A gateway that runs; the processor time is that of `pid` and its descendants."""

    name: str
    port: int
    pid: int | None
    model: str = "bench"
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: bool = False
    """Each call is the same, and may be answered from a cache."""
    alone: bool = False
    """Its descendants are not counted."""
    log: Path | None = None
    """What it says."""
    readings: dict[Cell, list[Reading]] = field(default_factory=dict)

    def measure(self, wire: Wire, cell: Cell, seconds: float, *, keep: bool = True) -> None:
        """One slice.

        Raises:
            Unavailable: it fails; the message has the end of its log.
        """
        kind, width = cell
        before = self.cpu()
        try:
            found = wire.load(self.port, self.request(kind), width, seconds)
        except Unavailable as error:
            said = self.log.read_text(errors="replace")[-_SAID:] if self.log else ""
            raise Unavailable(f"{self.name}: {error.message}\n{said}", hint=error.hint) from None
        spent = self.cpu() - before
        if keep:
            self.readings.setdefault(cell, []).append(Reading(found, spent / found.calls * 1e6))

    def request(self, kind: Kind) -> bytes:
        """The call. It is one of those that caches look up, and none is like another."""
        mark = _KEEP if self.repeated else _NUMBER
        body: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": "user", "content": f"{_TEXT}({mark})"}],
            "max_tokens": 64,
            "temperature": 0,
        }
        if kind == "stream":
            body["stream"] = True
        return post(self.path, body, dict(self.headers))

    def cpu(self) -> float:
        """Processor time so far, in seconds."""
        return sum(precise_cpu_seconds(pid) or cpu_seconds(pid) for pid in self.pids())

    def resident(self, *, shared: bool = True) -> float:
        """Memory in MiB; without `shared`, without the pages of files that other processes use too."""
        sizes = [memory(pid) for pid in self.pids()]
        return sum(size.own + (size.shared if shared else 0) for size in sizes) / 2**20

    def pids(self) -> list[int]:
        """Its processes."""
        if self.pid is None:
            return []
        return [self.pid] if self.alone else [self.pid, *descendants(self.pid)]


def launch(
    command: list[str], log: Path, core: int | None, settings: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a gateway on its core; what it says is in `log`."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=child_environment(settings),
            start_new_session=True,  # a Ctrl-C is ours to pass on
        )
    pin(process.pid, core)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a gateway."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP)
        return
    process.kill()
    process.wait()
