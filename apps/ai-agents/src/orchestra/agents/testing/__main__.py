"""`make test-agents`: real agents against Orchestra and a scripted model, offline, as a table."""

import argparse
import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestra.agents.testing.real import PACKAGES, RealAgent, find_agents
from orchestra.agents.testing.trial import Trial, connected, runs_it
from orchestra.shared.settings import child_environment

_COLUMNS = {
    "brief": "brief at the start",
    "mcp": "calls an MCP tool",
    "delta": "change while it works",
    "denied": "forbidden command denied",
    "wrapped": "… inside `sh -c`",
    "down": "… with Orchestra down",
}
_ORCHESTRA = str(Path(sys.executable).with_name("orchestra"))


def main() -> int:
    """Run what is installed, say what is missing; 1 when an agent did not do as promised."""
    parser = argparse.ArgumentParser(prog="orchestra.agents.testing", description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="where npm has put the agents")
    parser.add_argument("--only", choices=[*PACKAGES], action="append", help="one agent")
    parser.add_argument("--verbose", action="store_true", help="print what failing agents said")
    order = parser.parse_args()
    agents, missing = find_agents(order.tools)
    agents = [agent for agent in agents if not order.only or agent.brand in order.only]
    if missing:
        install = shlex.join(["npm", "install", "--prefix", str(order.tools), *missing])
        sys.stderr.write(f"not installed here: {', '.join(missing)}\ninstall: {install}\n")
    if not agents:
        return 0
    with tempfile.TemporaryDirectory(prefix="orchestra-agents-") as folder:
        trials = _trials(agents, order.tools, Path(folder))
    sys.stdout.write(f"{_table(trials)}\n")
    failed = [trial for trial in trials if not all(trial.seen.values())]
    if order.verbose:
        for trial in failed:
            sys.stderr.write(f"--- {trial.brand}: {trial.said}\n")
    return 1 if failed else 0


def _trials(agents: list[RealAgent], tools: Path, folder: Path) -> list[Trial]:
    repository, plain, state = folder / "repository", folder / "plain", folder / "state"
    _make_repository(repository)
    _make_repository(plain)
    place = ["--repo", str(repository), "--state-dir", str(state)]
    served = subprocess.Popen(
        [_ORCHESTRA, "up", *place, "--port", "0", "--no-browser"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    try:
        variables = _connect(served, [agent.brand for agent in agents], place)
        _git(repository, "add", ".")
        _git(repository, "commit", "-qm", "Connect the agents")
        trials = []
        for agent in agents:
            version = agent.version(tools)
            scratch = folder / agent.brand
            trial = asyncio.run(connected(agent, version, repository, scratch, variables))
            trials.append(trial)
    finally:
        served.terminate()
        served.wait(60)
    for agent, trial in zip(agents, trials, strict=True):
        scratch = folder / f"{agent.brand}-down"
        ran, said = asyncio.run(runs_it(agent, repository, scratch, variables))
        trial.seen["down"] = not ran
        trial.said += said if ran else ""
        scratch = folder / f"{agent.brand}-plain"
        ran, said = asyncio.run(runs_it(agent, plain, scratch, variables))
        if not ran:  # then the trials above show nothing
            trial.seen |= {"denied": False, "wrapped": False, "down": False}
            trial.said += f"\nnot even without Orchestra did the command run: {said}"
    return trials


def _connect(
    served: "subprocess.Popen[str]", brands: list[str], place: list[str]
) -> dict[str, str]:
    """Wait until it serves, configure the agents, and make their keys."""
    if served.stderr is None:
        raise AssertionError("standard error is a pipe")
    for line in served.stderr:
        if "http://127.0.0.1:" in line:
            break
    url = _json("status", *place)["url"]
    done = _orchestra("connect", *brands, "--url", url, "--fail-mode", "closed", "--keys", *place)
    if done.returncode:
        raise SystemExit(f"orchestra connect failed:\n{done.stderr}")
    state = Path(place[-1])
    keys = {path.stem: path.read_text().strip() for path in (state / "keys").glob("*.key")}
    return {f"ORCHESTRA_{name.upper()}_KEY": key for name, key in keys.items()} | {
        "ORCHESTRA_URL": url
    }


def _make_repository(folder: Path) -> None:
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("print(1)\n")
    (folder / "AGENTS.md").write_text("# Rules\n\nBe brief.\n")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "First")


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, env=child_environment())


def _orchestra(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [_ORCHESTRA, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=child_environment(),
    )


def _json(*arguments: str) -> dict[str, Any]:
    done = _orchestra(*arguments, "--json")
    if done.returncode:
        raise SystemExit(f"orchestra {arguments[0]} failed:\n{done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _table(trials: list[Trial]) -> str:
    head = ["agent", *_COLUMNS.values()]
    rows = [
        [f"{t.brand} {t.version}", *("yes" if t.seen.get(c) else "no" for c in _COLUMNS)]
        for t in trials
    ]
    lines = [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join([f"{datetime.now(UTC):%d %B %Y}", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
