"""What a hook costs an agent: the installed entry, from its start to its answer, and the CPU of it."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestra.cli.bench.process import cpu_seconds
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.repository import generate
from orchestra.cli.bench.system import ORCHESTRA, BenchSystem
from orchestra.shared.settings import child_environment

_RUNS, _QUICK = 200, 40
_PROMISED = 20.0  # ms
_PEER = """
import sys, urllib.request
request = urllib.request.Request(
    sys.argv[1] + "/api/v1/hooks/claude", sys.stdin.buffer.read(),
    {"Authorization": "Bearer " + sys.argv[2], "Content-Type": "application/json"})
sys.stdout.buffer.write(urllib.request.urlopen(request, timeout=4).read())
"""


@dataclass(slots=True)
class _Cost:
    """Milliseconds of each run, and CPU of all of them."""

    walls: list[float]
    client: float
    server: float


def measure(report: Report, quick: bool) -> None:
    """Rows for a command before it runs and for one that has run, nothing having changed."""
    runs = _QUICK if quick else _RUNS
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-hooks-") as folder:
        repository = Path(folder) / "repository"
        generate(repository, 200)
        with BenchSystem(repository) as system:
            variables = _connect(system, repository)
            entry = ["sh", str(repository / ".ai-context/hooks/orchestra-hook"), "claude", "open"]
            peer = [sys.executable, "-S", "-c", _PEER, *variables.values()]
            system.consistent()
            _once(entry, _event(repository, "SessionStart"), variables)
            for what, command, event in (
                ("before a command", entry, _event(repository, "PreToolUse")),
                ("after a command, nothing new", entry, _event(repository, "PostToolUse")),
                ("peer: the same by Python", peer, _event(repository, "PreToolUse")),
            ):
                cost = _run(command, event, variables, system, runs)
                _report(report, what, cost, runs)


def _connect(system: BenchSystem, repository: Path) -> dict[str, str]:
    place = ["--repo", str(repository), "--state-dir", str(system.state)]
    order = [ORCHESTRA, "connect", "claude", "--keys", "--url", system.url, *place]
    subprocess.run(order, check=True, capture_output=True, env=child_environment(), timeout=120)
    key = (system.state / "keys" / "claude.key").read_text().strip()
    return {"ORCHESTRA_URL": system.url, "ORCHESTRA_CLAUDE_KEY": key}


def _event(repository: Path, name: str) -> bytes:
    tool: dict[str, Any] = {
        "tool_name": "Bash",
        "tool_input": {"command": "cd src && ls -la | head"},
    }
    said = {"tool_response": {"stdout": "x" * 2000}} if name == "PostToolUse" else {}
    event = {"hook_event_name": name, "session_id": "bench", "cwd": str(repository), **tool, **said}
    return json.dumps(event).encode()


def _run(
    command: list[str], event: bytes, variables: dict[str, str], system: BenchSystem, runs: int
) -> _Cost:
    walls = []
    server, client = cpu_seconds(system.api_pid or 0), _children()
    for _ in range(runs):
        started = time.perf_counter()
        _once(command, event, variables)
        walls.append((time.perf_counter() - started) * 1000)
    spent = _children() - client, cpu_seconds(system.api_pid or 0) - server
    return _Cost(walls, spent[0] / runs * 1000, spent[1] / runs * 1000)


def _once(command: list[str], event: bytes, variables: dict[str, str]) -> None:
    done = subprocess.run(
        command, input=event, capture_output=True, env=child_environment(variables), check=True
    )
    json.loads(done.stdout)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _report(report: Report, what: str, cost: _Cost, runs: int) -> None:
    p50, p99 = percentile(cost.walls, 0.5), percentile(cost.walls, 0.99)
    busy = os.getloadavg()[0]
    report.row(
        what,
        runs=runs,
        p50_ms=p50,
        p99_ms=p99,
        entry_cpu_ms=cost.client,
        server_cpu_ms=cost.server,
        load=busy,
    )
    if not what.startswith("peer"):
        report.target(
            Target(id=f"a hook {what}, p50", value=p50, unit="ms", target=_PROMISED, better="lower")
        )
