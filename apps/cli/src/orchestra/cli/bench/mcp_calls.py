"""What a tool call costs at our endpoint, beside the bare SDK and FastMCP: same tool, same client."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from orchestra.cli.bench.mcp_client import Endpoint, Era, call
from orchestra.cli.bench.nats import connected
from orchestra.cli.bench.process import cpu_seconds
from orchestra.cli.bench.report import Report, Target
from orchestra.cli.bench.repository import generate
from orchestra.cli.bench.system import BenchSystem, free_port, until
from orchestra.shared.settings import child_environment

_PEER = Path(__file__).with_name("mcp_peer.py")
_ERAS: tuple[Era, ...] = ("2026-07-28", "2025-11-25")
_AT_ONCE = 8
_REST = 5.0  # seconds
_RATIO = 1.5


@dataclass(slots=True)
class _Contender:
    """A server to be measured, and what was measured of it, by era."""

    name: str
    pid: int
    endpoint: Endpoint
    arguments: dict[str, Any]
    rest: float = 0.0
    """CPU seconds per second that it spends on other things than calls."""
    cpu: dict[str, list[float]] = field(default_factory=dict)
    rate: dict[str, list[float]] = field(default_factory=dict)

    def look_at_rest(self, seconds: float) -> None:
        """Find out what it spends when nobody calls."""
        before = cpu_seconds(self.pid)
        threading.Event().wait(seconds)
        self.rest = (cpu_seconds(self.pid) - before) / seconds

    def measure(self, era: Era, calls: int) -> None:
        """One round."""
        before = cpu_seconds(self.pid)
        seconds = call(self.endpoint, era, self.arguments, calls, _AT_ONCE)
        spent = cpu_seconds(self.pid) - before - self.rest * seconds
        self.cpu.setdefault(era, []).append(spent / calls * 1000)
        self.rate.setdefault(era, []).append(calls / seconds)


class McpBench:
    """`fastmcp` is a Python that has FastMCP; without it, its row says that it is absent."""

    def __init__(self, fastmcp: Path | None) -> None:
        self._fastmcp = fastmcp

    def measure(self, report: Report, quick: bool) -> None:
        """Call all of them in turn, so that what else the machine does falls on all alike."""
        calls, rounds = (300, 2) if quick else (1000, 3)
        with ExitStack() as stack:
            contenders = [
                stack.enter_context(_ours()),
                stack.enter_context(_peer("bare SDK", "sdk", sys.executable)),
            ]
            if self._fastmcp is not None:
                fast = stack.enter_context(_peer("FastMCP", "fastmcp", str(self._fastmcp)))
                contenders.append(fast)
            for contender in contenders:
                contender.look_at_rest(_REST)
            for era in _ERAS:
                for contender in contenders:  # warm
                    call(contender.endpoint, era, contender.arguments, calls // 4, _AT_ONCE)
                for _ in range(rounds):
                    for contender in contenders:
                        contender.measure(era, calls)
        self._tell(report, contenders)

    def _tell(self, report: Report, contenders: list[_Contender]) -> None:
        for c in contenders:
            report.row(f"{c.name}, at rest", cpu_percent=c.rest * 100)
        for era in _ERAS:
            for c in contenders:
                report.row(
                    f"{c.name}, {era}",
                    cpu_ms_per_call=median(c.cpu[era]),
                    calls_per_second=median(c.rate[era]),
                )
        if self._fastmcp is None:
            report.row("FastMCP", absent="give a Python that has it: --fastmcp PYTHON")
        ours, bare = contenders[:2]
        for era in _ERAS:
            pairs = zip(ours.cpu[era], bare.cpu[era], strict=True)
            ratio = median(mine / its for mine, its in pairs)
            target = Target(
                f"mcp.cpu.{era}", ratio, "×", _RATIO, "lower", peer="bare SDK", ratio=ratio
            )
            report.target(target)


@contextmanager
def _ours() -> Generator[_Contender]:
    """The whole system: keys, scopes, strictness, redaction and metrics on; only the rate is not."""
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name) / "repository"
        generate(repository, 20)
        settings = {"ORCHESTRA_REQUESTS_PER_SECOND": "1000000"}
        with BenchSystem(repository, settings) as system:
            system.consistent()
            order = {"name": "bench", "scopes": ["context:read"]}
            key = str(system.client.call("POST", "/keys", body=order)["key"])
            document = system.client.get("/context")
            since = f"{document['epoch']}:{document['seq']}"
            pid = until(lambda: system.api_pid, "the API is gone")
            endpoint = Endpoint(f"{system.url}/mcp", key)
            yield _Contender("Orchestra", pid, endpoint, {"since": since})


@contextmanager
def _peer(name: str, framework: str, python: str) -> Generator[_Contender]:
    port = free_port()
    # isolated: the modules beside it must not stand in for others of the same name
    command = [python, "-I", str(_PEER), framework, str(port)]
    process = subprocess.Popen(command, env=child_environment())
    try:
        until(lambda: connected(port), f"{name} does not answer", 60).close()
        endpoint = Endpoint(f"http://127.0.0.1:{port}/mcp")
        yield _Contender(name, process.pid, endpoint, {"since": "0" * 32 + ":1"})
    finally:
        process.terminate()
        process.wait()
