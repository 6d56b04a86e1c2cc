"""Many subscribers at once: latency, gaps, and what a delivery costs the server, beside peers."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from orchestra.cli.bench import nats, sse_starlette
from orchestra.cli.bench.listener import sse_request
from orchestra.cli.bench.process import cpu_seconds
from orchestra.cli.bench.reader_process import Answer, Plan, Question
from orchestra.cli.bench.readers import Readers
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.system import BenchSystem
from orchestra.shared.errors import NotFound

SUBSCRIBERS = 500
_RATE = 20  # events per second
_DRAIN = 1.0  # seconds after the last event until the count
_TICK = r"tick-(\d{6})"
_CONNECTS = 1000.0  # per second
_CONNECTS_PER_KEY = 180.0  # per second: below what one key may ask
_OUR_SEQUENCE = r"event: delta\nid: [0-9a-f]{32}:(\d+)\n"
_ITS_SEQUENCE = r"id: (\d+)\r\nevent: delta\r\n"

_pause = threading.Event()


class _Server(Protocol):
    port: int
    pid: int

    def publish(self, payload: bytes) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Contender:
    """A server to be measured. `publish` makes the event with that number happen."""

    name: str
    port: int
    pid: int
    opening: str
    ready: str
    sequence: str
    publish: Callable[[int], None]
    clear: Callable[[], None] = lambda: None
    connects: float = _CONNECTS


@dataclass(slots=True)
class _Cost:
    """CPU seconds and deliveries of the runs with one subscriber and with many."""

    alone: list[tuple[float, int]] = field(default_factory=list)
    many: list[tuple[float, int]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    gaps: int = 0
    missing: int = 0
    sample: str = ""

    @property
    def marginal(self) -> float:
        """Microseconds of CPU that one more delivery costs."""
        spent = sum(c for c, _ in self.many) - sum(c for c, _ in self.alone)
        extra = sum(d for _, d in self.many) - sum(d for _, d in self.alone)
        return spent / extra * 1e6 if extra else float("nan")

    @property
    def total(self) -> float:
        """Microseconds of CPU per delivery, with all that comes before it."""
        deliveries = sum(d for _, d in self.many)
        return sum(c for c, _ in self.many) / deliveries * 1e6 if deliveries else float("nan")


def measure(report: Report, system: BenchSystem, *, seconds: float, rounds: int) -> None:
    """A row for each server, and the promises on ours."""
    ours = _Cost()
    _round(_orchestra(system), ours, seconds)  # also shows what an event looks like
    data = _data_of(ours.sample)
    peers, missing = _peers(data)
    costs = {"Orchestra": ours} | {peer.name: _Cost() for peer, _ in peers}
    try:
        for number in range(rounds):
            if number:
                _round(_orchestra(system), ours, seconds)
            for peer, _ in peers:
                _round(peer, costs[peer.name], seconds)
    finally:
        for _, server in peers:
            server.close()
    for name, cost in costs.items():
        _row(report, name, cost)
    for name, reason in missing.items():
        report.row(f"fan-out, peer: {name}", missing=reason)
    _targets(report, costs, len(data))


def _round(contender: _Contender, cost: _Cost, seconds: float) -> None:
    for count, results in ((1, cost.alone), (SUBSCRIBERS, cost.many)):
        spent, answer = _run(contender, count, seconds)
        results.append((spent, answer.deliveries))
        cost.gaps += answer.gaps
        cost.missing += answer.missing
        cost.sample = answer.sample or cost.sample
        if count > 1:
            cost.latencies += answer.latencies


def _run(contender: _Contender, count: int, seconds: float) -> tuple[float, Answer]:
    contender.clear()
    plan = Plan(contender.port, count, contender.opening, contender.ready, contender.connects)
    with Readers(plan) as readers:
        _pause.wait(_DRAIN)
        sent, since = {}, time.monotonic()
        before = cpu_seconds(contender.pid)
        for number in range(int(seconds * _RATE)):
            _pause.wait(max(0.0, since + number / _RATE - time.monotonic()))
            sent[f"{number:06}"] = time.monotonic()
            contender.publish(number)
        _pause.wait(_DRAIN)
        spent = cpu_seconds(contender.pid) - before
        return spent, readers.ask(Question(_TICK, contender.sequence, sent, since))


def _orchestra(system: BenchSystem) -> _Contender:
    folder = system.repository / "area_ticks"
    folder.mkdir(exist_ok=True)

    def publish(number: int) -> None:
        (folder / f"tick-{number:06}.txt").write_text("tick\n")

    def clear() -> None:
        for path in folder.iterdir():
            path.unlink()
        system.consistent()

    return _Contender(
        name="Orchestra",
        port=system.port,
        pid=system.api_pid or 0,
        opening=sse_request(system.key).decode(),
        ready="event: up-to-date",
        sequence=_OUR_SEQUENCE,
        publish=publish,
        clear=clear,
        connects=_CONNECTS_PER_KEY,
    )


def _peers(data: str) -> tuple[list[tuple[_Contender, _Server]], dict[str, str]]:
    """The peers that there are, and why the others are missing. All send events of one size."""
    kinds: list[tuple[str, Callable[[], _Server], str, str, str]] = [
        ("nats-server", nats.NatsServer, nats.OPENING, nats.READY, _TICK),
        (
            "sse-starlette",
            sse_starlette.SseStarlette,
            sse_starlette.OPENING,
            sse_starlette.READY,
            _ITS_SEQUENCE,
        ),
    ]
    found: list[tuple[_Contender, _Server]] = []
    missing = {}
    for name, kind, opening, ready, sequence in kinds:
        try:
            server = kind()
        except NotFound as error:
            missing[name] = str(error)
            continue
        publish = _publisher(server, data)
        made = _Contender(name, server.port, server.pid, opening, ready, sequence, publish)
        found.append((made, server))
    return found, missing


def _publisher(server: _Server, data: str) -> Callable[[int], None]:
    def publish(number: int) -> None:
        server.publish(re.sub(_TICK, f"tick-{number:06}", data).encode())

    return publish


def _data_of(sample: str) -> str:
    """The data of one of our events with a tick, as it was read."""
    lines = [line for line in sample.splitlines() if line.startswith("data: ")]
    return next(line.removeprefix("data: ") for line in lines if re.search(_TICK, line))


def _row(report: Report, name: str, cost: _Cost) -> None:
    report.row(
        f"fan-out, {SUBSCRIBERS} × {_RATE}/s, {'' if name == 'Orchestra' else 'peer: '}{name}",
        p50_ms=percentile(cost.latencies, 0.5) * 1000,
        p99_ms=percentile(cost.latencies, 0.99) * 1000,
        gaps=cost.gaps,
        missing=cost.missing,
        deliveries=sum(d for _, d in cost.many),
        cpu_us_per_delivery=cost.marginal,
        cpu_us_per_delivery_in_all=cost.total,
    )


def _targets(report: Report, costs: dict[str, _Cost], size: int) -> None:
    ours = costs["Orchestra"]
    report.row("size of an event", bytes=size)
    latency = percentile(ours.latencies, 0.99) * 1000
    report.target(Target("fan-out, save → subscriber, p99", latency, "ms", 250, "lower"))
    report.target(Target("fan-out, gaps", ours.gaps + ours.missing, "", 0, "lower"))
    for name, share in (("nats-server", 1.25), ("sse-starlette", 0.5)):
        ratio = ours.marginal / costs[name].marginal if name in costs else None
        report.target(
            Target(f"CPU per delivery ÷ {name}'s", ratio, "×", share, "lower", name, ratio)
        )
