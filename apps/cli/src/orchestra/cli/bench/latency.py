"""How long it takes from the save of a file to an SSE client and to an MCP listener."""

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from orchestra.cli.bench.listener import Listener, mcp_request, sse_request
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.system import BenchSystem

_URI = "orchestra://context/codebase_state"
_CHANGED = b"notifications/resources/updated"
_PAUSE = (0.005, 0.080)  # seconds between saves, at random
_POLL = 30.0  # seconds: the interval of the poll that pushing replaces


def measure(report: Report, system: BenchSystem, tracked: Sequence[Path], saves: int) -> None:
    """Rows for saves of tracked files and for new files, and the promises on both."""
    sse = Listener(system.url, sse_request(system.key), b"event: up-to-date")
    mcp = Listener(system.url, mcp_request(system.key, _URI), b"acknowledged")
    new = system.repository / "area_new"
    new.mkdir()
    system.consistent()
    chosen = random.sample(list(tracked), saves)
    for what, paths in (
        ("save of a tracked file", chosen),
        ("save of a new file", [new / f"fresh_{number:04}.py" for number in range(saves)]),
    ):
        _run(report, what, paths, sse, mcp)
    sse.close()
    mcp.close()
    report.row(
        f"peer: a poll each {_POLL:g} s (calculated)",
        p50_ms=_POLL * 500,
        p99_ms=_POLL * 990,
    )


def _run(report: Report, what: str, paths: Sequence[Path], sse: Listener, mcp: Listener) -> None:
    times: dict[str, list[float]] = {"SSE": [], "MCP": []}
    missed, pause = 0, threading.Event()
    for path in paths:
        pause.wait(random.uniform(*_PAUSE))  # noqa: S311 - moments, not secrets
        places = sse.here, mcp.here
        saved = time.monotonic()
        with path.open("a") as file:
            file.write(f"SAVED = {saved}\n")
        at_sse = sse.wait(path.name.encode(), places[0])
        at_mcp = mcp.wait(_CHANGED, places[1])
        missed += (at_sse is None) + (at_mcp is None)
        if at_sse is not None:
            times["SSE"].append((at_sse - saved) * 1000)
        if at_mcp is not None:
            times["MCP"].append((at_mcp - saved) * 1000)
    for reader, found in times.items():
        p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
        report.row(f"{what} → {reader}", saves=len(paths), p50_ms=p50, p99_ms=p99, missed=missed)
        report.target(
            Target(
                id=f"{what} → {reader}, p99",
                value=p99 if not missed else None,
                unit="ms",
                target=100,
                better="lower",
                peer=f"poll each {_POLL:g} s",
                ratio=p99 / (_POLL * 990),
            )
        )
