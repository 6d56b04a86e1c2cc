"""Our own gateway in its several forms, on the database of one system."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from orchestra.cli.bench.gateway.contender import Contender, end, launch
from orchestra.cli.bench.gateway.peers import KEY, Ground
from orchestra.cli.bench.repository import generate
from orchestra.cli.bench.system import BenchSystem, free_port, until
from orchestra.shared.errors import Invalid

FULL = "Orchestra"
BARE = "Orchestra, budgets and cache off"
HIT = "Orchestra, answered from the exact cache"
MOUNTED = "Orchestra inside the whole API"
IN_FRONT = "Orchestra in front of Portkey"

_START = 60.0  # seconds
_CONFIG = """
layer = "{layer}"
[providers.bench]
kind = "openai"
url = "http://127.0.0.1:{port}/v1"
key = "secret://env/BENCH_KEY"
private = true
[routes.bench]
targets = [ {{ provider = "bench", model = "gpt-4o-mini" }} ]
[models]
"bench" = "bench"
[prices."bench/*"]
input = 0.15
output = 0.6
"""
_FEATURES = """
[budgets]
system = "1000000/day"
[budgets.keys]
"*" = "1000000/day"
[limits]
requests_per_minute = 10000000
"""
_NONE = """
[cache]
exact = false
"""


@dataclass(frozen=True, slots=True)
class OurGround:
    """The system whose database and keys all of ours use."""

    ground: Ground
    system: BenchSystem
    key: str


@contextmanager
def our_ground(ground: Ground) -> Generator[OurGround]:
    """A system of the benchmark's own; its API serves the gateway too."""
    repository = ground.folder / "repository"
    generate(repository, 20)
    settings = {
        "ORCHESTRA_REQUESTS_PER_SECOND": "1000000",
        "ORCHESTRA_GATEWAY_CONFIG": str(_config(ground, "mounted", _FEATURES)),
        "BENCH_KEY": KEY,
    }
    with BenchSystem(repository, settings) as system:
        order = {"name": "bench", "scopes": ["models:use"]}
        yield OurGround(ground, system, str(system.client.call("POST", "/keys", body=order)["key"]))


def mounted(ours: OurGround) -> Contender:
    """The gateway in the process that serves everything else too."""
    pid = until(lambda: ours.system.api_pid, "the API is gone")
    log = ours.system.state / "logs" / "api.log"
    return Contender(MOUNTED, ours.system.port, pid, headers=_headers(ours), alone=True, log=log)


@contextmanager
def served(ours: OurGround, name: str) -> Generator[Contender]:
    """The gateway in a process of its own, as `orchestra gateway serve` runs it."""
    layer = "portkey" if name == IN_FRONT else "direct"
    config = _config(ours.ground, name, _NONE if name == BARE else _FEATURES, layer)
    port = free_port()
    log = ours.ground.folder / f"{config.stem}.log"
    process = launch(
        [sys.executable, "-OO", "-m", "orchestra.api.models_server"],
        log,
        ours.ground.core,
        {
            "ORCHESTRA_REPO": str(ours.system.repository),
            "ORCHESTRA_STATE_DIR": str(ours.system.state),
            "ORCHESTRA_PORT": str(port),
            "ORCHESTRA_GATEWAY_CONFIG": str(config),
            "ORCHESTRA_REQUESTS_PER_SECOND": "1000000",
            "BENCH_KEY": KEY,
        },
    )

    def answers() -> bool:
        if process.poll() is not None:
            said = log.read_text(errors="replace")[-1000:]
            raise Invalid(f"our gateway did not start: {said}", hint=f"its whole log is {log}")
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success
        except httpx2.TransportError:
            return False

    try:
        until(answers, f"our gateway does not answer, see {log}", _START)
        yield Contender(name, port, process.pid, headers=_headers(ours), log=log)
    finally:
        end(process)


def hits(full: Contender) -> Contender:
    """The same process, asked the same question again and again."""
    return replace(full, name=HIT, repeated=True, readings={})


def _headers(ours: OurGround) -> dict[str, str]:
    return {"Authorization": f"Bearer {ours.key}"}


def _config(ground: Ground, name: str, features: str, layer: str = "direct") -> Path:
    stem = "".join(c if c.isalnum() else "-" for c in name.lower())
    path = ground.folder / f"{stem}.toml"
    path.write_text(_CONFIG.format(port=ground.upstream, layer=layer) + features)
    return path
