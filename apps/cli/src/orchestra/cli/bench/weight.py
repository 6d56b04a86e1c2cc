"""How many bytes a change costs a reader, beside the whole document."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx2
from orchestra.cli.bench.listener import Listener, sse_request
from orchestra.cli.bench.report import Report, Target
from orchestra.cli.bench.repository import git
from orchestra.cli.bench.system import BenchSystem

_SIZES = (20, 200)  # changed files
_SAVES = 15
_SHARE = 30


def measure(report: Report, system: BenchSystem, tracked: Sequence[Path]) -> None:
    """Rows for few and for many changed files; the promise is on the larger document."""
    git(system.repository, "clean", "-qfd")
    git(system.repository, "checkout", "-q", "--", ".")
    stream = Listener(system.url, sse_request(system.key), b"event: up-to-date")
    for size in _SIZES:
        for path in tracked[:size]:
            path.write_text("CHANGED = 1\n")
        system.consistent()
        document = len(_document(system))
        saved = _bytes_per_change(system, stream, tracked[:_SAVES], "CHANGED = 22\n")
        fresh = [system.repository / f"weight_{size}_{number}.py" for number in range(_SAVES)]
        new = _bytes_per_change(system, stream, fresh, "NEW = 1\n")
        for path in fresh:
            path.unlink()
        for what, found in (("save of a changed file", saved), ("a new file", new)):
            report.row(
                f"bytes: {what}, {size} files changed",
                document=document,
                change=found,
                share=document / found,
            )
        if size == _SIZES[-1]:
            report.target(
                Target(
                    f"bytes per change ÷ document of {size} changed files",
                    max(saved, new) / document,
                    "×",
                    1 / _SHARE,
                    "lower",
                    "the whole document",
                    max(saved, new) / document,
                )
            )
    stream.close()


def _document(system: BenchSystem) -> bytes:
    """The whole document, as `GET /api/v1/context` gives it."""
    headers = system.client.system.headers
    answer = httpx2.get(f"{system.url}/api/v1/context", headers=headers, timeout=10)
    return answer.raise_for_status().content


def _bytes_per_change(
    system: BenchSystem, stream: Listener, paths: Sequence[Path], content: str
) -> float:
    sizes = []
    for number, path in enumerate(paths):
        system.consistent()
        start = stream.here
        path.write_text(content + f"NUMBER = {number}\n")
        stream.wait(path.name.encode(), start)
        system.consistent()
        frames = stream.since(start).split(b"event: delta\n")[1:]
        sizes += [len(b"event: delta\n" + f) for f in frames if path.name.encode() in f]
    return median(sizes)
