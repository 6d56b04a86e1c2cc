"""All gateways in one run: slices of load in turn, and what came of them."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from orchestra.cli.bench.gateway.contender import Cell, Contender, Reading
from orchestra.cli.bench.gateway.ours import (
    BARE,
    FULL,
    IN_FRONT,
    hits,
    mounted,
    our_ground,
    served,
)
from orchestra.cli.bench.gateway.peers import Ground, Peers, enter
from orchestra.cli.bench.gateway.wire import Wire
from orchestra.cli.bench.report import Report, Target

_CELLS: tuple[Cell, ...] = (("json", 1), ("json", 16), ("json", 64), ("stream", 1), ("stream", 16))
_DIRECT = "direct"
_SETTLE = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class _Effort:
    rounds: int
    seconds: float
    """Of one slice."""
    warm: float


_FULL, _QUICK = _Effort(5, 1.5, 2.0), _Effort(1, 0.5, 0.5)


class GatewayBench:
    """`peers` that are not there have a row that says so."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    def measure(self, report: Report, quick: bool) -> None:
        """Start all, then load them in turn, so that what else the machine does falls on all alike."""
        effort = _QUICK if quick else _FULL
        cores = sorted(os.sched_getaffinity(0))
        ours, theirs = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
        report.row("cores", gateways=ours, provider_and_callers=theirs)
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orchestra-gw-")))
            folder.chmod(0o711)
            wire = Wire(folder, theirs)
            stack.callback(wire.close)
            with _on(ours):  # what is started from here on stays there
                contenders = self._start(stack, Ground(folder, wire.port, ours), report)
            for cell in _CELLS:
                self._cell(report, wire, cell, contenders, effort)
            self._tell(report, contenders)

    def _start(self, stack: ExitStack, ground: Ground, report: Report) -> list[Contender]:
        contenders = [Contender(_DIRECT, ground.upstream, None)]
        system = stack.enter_context(our_ground(ground))
        for name in (FULL, BARE, IN_FRONT):
            contenders.append(stack.enter_context(served(system, name)))
            report.say(f"{name} runs")
        contenders.append(hits(contenders[1]))
        contenders.append(mounted(system))
        for name, contender, why in enter(stack, ground, self._peers):
            if contender is None:
                report.row(name, absent=why)
            else:
                report.say(f"{name} runs")
                contenders.append(contender)
        return contenders

    def _cell(
        self, report: Report, wire: Wire, cell: Cell, contenders: list[Contender], effort: _Effort
    ) -> None:
        report.say(f"{cell[0]}, {cell[1]} at once")
        for contender in contenders:
            contender.measure(wire, cell, effort.warm, keep=False)
        for turn in range(effort.rounds):
            first = turn % len(contenders)
            for contender in contenders[first:] + contenders[:first]:
                contender.measure(wire, cell, effort.seconds)
        threading.Event().wait(_SETTLE)

    def _tell(self, report: Report, contenders: list[Contender]) -> None:
        direct = contenders[0]
        for c in contenders:
            report.row(c.name, **_figures(c, direct))
        by_name = {c.name: c for c in contenders}
        for target in _targets(by_name, direct):
            report.target(target)


def _figures(c: Contender, direct: Contender) -> dict[str, object]:
    figures: dict[str, object] = {}
    for kind, width in _CELLS:
        readings = c.readings[kind, width]
        if width == 1:
            figures[f"{kind}_p50_us"] = median(r.slice.p50 for r in readings)
            figures[f"{kind}_p99_us"] = median(r.slice.p99 for r in readings)
            figures[f"{kind}_added_p50_us"] = _added(c, direct, (kind, 1), _p50)
            figures[f"{kind}_added_p99_us"] = _added(c, direct, (kind, 1), _p99)
        if kind == "stream" and width == 1:
            figures["first_token_p50_us"] = median(r.slice.first_p50 for r in readings)
            figures["first_token_added_p50_us"] = _added(c, direct, (kind, 1), _first)
        figures[f"{kind}_{width}_calls_per_second"] = median(r.slice.rate for r in readings)
        figures[f"{kind}_{width}_best_calls_per_second"] = max(r.slice.rate for r in readings)
        if c.pid is not None:
            figures[f"{kind}_{width}_cpu_us"] = median(r.cpu for r in readings)
            figures[f"{kind}_{width}_least_cpu_us"] = min(r.cpu for r in readings)
    if c.pid is not None:
        figures["resident_mib"] = c.resident()
        figures["own_mib"] = c.resident(shared=False)
    return figures


Figure = Callable[[Reading], float]


def _p50(reading: Reading) -> float:
    return reading.slice.p50


def _p99(reading: Reading) -> float:
    return reading.slice.p99


def _first(reading: Reading) -> float:
    return reading.slice.first_p50


def _cpu(reading: Reading) -> float:
    return reading.cpu


def _rate(reading: Reading) -> float:
    return reading.slice.rate


def _pairs(a: Contender, b: Contender, cell: Cell) -> Iterator[tuple[Reading, Reading]]:
    """What the two gave in the same rounds."""
    return zip(a.readings[cell], b.readings[cell], strict=True)


def _added(c: Contender, direct: Contender, cell: Cell, figure: Figure) -> float:
    return median(figure(mine) - figure(bare) for mine, bare in _pairs(c, direct, cell))


def _ratio(c: Contender, other: Contender, cell: Cell, figure: Figure) -> float:
    """Of the same rounds, so that a busy moment falls on both."""
    return median(figure(mine) / figure(its) for mine, its in _pairs(c, other, cell))


def _targets(by_name: dict[str, Contender], direct: Contender) -> Iterator[Target]:
    ours = by_name[FULL]
    cpu = min(r.cpu for r in ours.readings["json", 16])
    yield Target("gateway.cpu", cpu, "µs", 220, "lower")
    yield Target("gateway.resident", ours.resident(), "MiB", 80, "lower")
    if (litellm := by_name.get("LiteLLM proxy")) is not None:
        rate = _ratio(ours, litellm, ("json", 16), _rate)
        yield Target("gateway.rate.litellm", rate, "×", 50, "higher", litellm.name, rate)
        spent = _ratio(ours, litellm, ("json", 16), _cpu)
        yield Target("gateway.cpu.litellm", spent, "×", 1 / 50, "lower", litellm.name, spent)
    if (portkey := by_name.get("Portkey alone")) is not None:
        rate = _ratio(ours, portkey, ("json", 16), _rate)
        yield Target("gateway.rate.portkey", rate, "×", 10, "higher", portkey.name, rate)
        first = _added(ours, direct, ("stream", 1), _first)
        first /= _added(portkey, direct, ("stream", 1), _first)
        yield Target("gateway.first.portkey", first, "×", 1 / 20, "lower", portkey.name, first)
        front = _ratio(by_name[IN_FRONT], portkey, ("json", 1), _p50)
        yield Target("gateway.front", front, "×", 1.15, "lower", portkey.name, front)
    if (tensorzero := by_name.get("TensorZero")) is not None:
        added = _added(ours, direct, ("json", 1), _p50)
        added /= _added(tensorzero, direct, ("json", 1), _p50)
        yield Target("gateway.added.tensorzero", added, "×", 1, "lower", tensorzero.name, added)


@contextmanager
def _on(core: int | None) -> Iterator[None]:
    """Be on one core for a while: children start where their parent is."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
