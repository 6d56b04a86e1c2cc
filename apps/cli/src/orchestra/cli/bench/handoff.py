"""`orchestra bench handoff`: from one agent's release to the next one's first prompt, races, kills."""

import asyncio
import contextlib
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from orchestra.cli.bench.report import Report, Target, percentile
from orchestra.cli.bench.repository import generate
from orchestra.cli.bench.system import BenchSystem, until

_FILES = 200
_RACERS = 100
_CONNECTIONS = 20
_SCOPES = ["tasks:read", "tasks:write", "context:read", "hooks:write"]
_SETTINGS = {"ORCHESTRA_REQUESTS_PER_SECOND": "100000"}
_PROMISED = "12 s (45 s before) as the seed says; not run here"


def measure(report: Report, quick: bool) -> None:
    """Rows for the time, the races and the kills, and what is promised of each."""
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-repository-") as folder:
        repository = Path(folder) / "repository"
        generate(repository, _FILES)
        with BenchSystem(repository, _SETTINGS) as system:
            agents = [_Agent(system, name) for name in ("claude", "codex")]
            times = _relay(agents[0], agents[1], 50 if quick else 200)
            winners = asyncio.run(_races(system, agents[0], rounds=10 if quick else 1000))
            lost, doubled, kills = _kills(system, agents, rounds=1 if quick else 10)
    report.row(
        "release to first prompt",
        rounds=len(times),
        p50_s=percentile(times, 0.5),
        p99_s=percentile(times, 0.99),
    )
    report.row(
        "peer", what_it_is=_PROMISED, why="no other hand-off between these agents to install"
    )
    report.row(f"{_RACERS} racing claimers", rounds=len(winners), winners=sum(winners))
    report.row("kill -9 of the API within a step", kills=kills, lost=lost, doubled=doubled)
    wrong = sum(won != 1 for won in winners)
    for id, value, unit, target in (
        ("release to the packet in the first prompt, p99", percentile(times, 0.99), "s", 1.0),
        ("races without exactly one winner", wrong, "races", 0),
        ("tasks lost by a kill", lost, "tasks", 0),
        ("tasks or hand-offs doubled by a kill", doubled, "tasks", 0),
    ):
        report.target(Target(id, value, unit, target, "lower"))


class _Agent:
    """An agent with a key of its own, over plain HTTP."""

    def __init__(self, system: BenchSystem, name: str) -> None:
        order = {"name": name, "scopes": _SCOPES}
        self.key = str(system.client.call("POST", "/keys", body=order)["key"])
        self.name = name
        self._http = httpx2.Client(
            base_url=f"{system.url}/api/v1",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30.0,
        )

    def post(self, path: str, body: object) -> httpx2.Response:
        return self._http.post(path, json=body)

    def done(self, path: str, body: object) -> dict[str, Any]:
        answer = self.post(path, body)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def first_prompt(self, session: str) -> str:
        """What the agent is told at the start of a session."""
        hook = {"hook_event_name": "SessionStart", "session_id": session, "cwd": "/"}
        answer = self.post(f"/hooks/{self.name}", hook | {"source": "startup"})
        answer.raise_for_status()
        return str(answer.text)


def _relay(sender: _Agent, receiver: _Agent, rounds: int) -> list[float]:
    """Seconds from the sender's release until the receiver's brief holds the packet."""
    times = []
    for number in range(rounds):
        task = sender.done("/tasks", {"title": f"Task {number}"})["id"]
        token = sender.done(f"/tasks/{task}/claim", {})["claim"]["token"]
        progress = {"next_step": f"step {number}", "done": ["the first half"]}
        body = {"task_id": task, "token": token, "to": receiver.name, "progress": progress}
        started = time.monotonic()
        handoff = sender.done("/handoffs", body)["id"]
        while True:
            brief = receiver.first_prompt(f"s{number}")
            if handoff in brief and f"step {number}" in brief:
                break
        times.append(time.monotonic() - started)
        taken = receiver.done(f"/handoffs/{handoff}/accept", {})["task"]["claim"]["token"]
        receiver.done(f"/tasks/{task}/complete", {"token": taken})
    return times


async def _races(system: BenchSystem, agent: _Agent, rounds: int) -> list[int]:
    """How many won, of so many sessions that claim one task at once, in each round."""
    limits = httpx2.Limits(max_connections=_CONNECTIONS)
    headers = {"Authorization": f"Bearer {agent.key}"}
    won = []
    async with httpx2.AsyncClient(
        base_url=f"{system.url}/api/v1", headers=headers, limits=limits, timeout=60.0
    ) as http:
        for number in range(rounds):
            task = (await http.post("/tasks", json={"title": f"Race {number}"})).json()["id"]
            answers = await asyncio.gather(
                *(
                    http.post(f"/tasks/{task}/claim", json={"session": f"bench/{number}-{n}"})
                    for n in range(_RACERS)
                )
            )
            won.append(sum(answer.status_code == 200 for answer in answers))
            await http.post(f"/tasks/{task}/cancel", json={})
    return won


def _kills(system: BenchSystem, agents: list[_Agent], rounds: int) -> tuple[int, int, int]:
    """Lost, doubled, kills: each step is asked for while the API is killed, then asked for again."""
    lost = doubled = kills = 0
    for number in range(rounds):
        outcome = _Interrupted(system, *agents).run(f"bench-{os.getpid()}-{number}")
        lost, doubled, kills = lost + outcome[0], doubled + outcome[1], kills + outcome[2]
    return lost, doubled, kills


class _Interrupted:
    """One task from its creation to its end, the API killed within each step."""

    def __init__(self, system: BenchSystem, sender: _Agent, receiver: _Agent) -> None:
        self._system = system
        self._sender = sender
        self._receiver = receiver

    def run(self, key: str) -> tuple[int, int, int]:
        """Lost, doubled, kills."""
        sender, receiver = self._sender, self._receiver
        order = {"title": "Survive", "key": key}
        task = self._killed(lambda: sender.post("/tasks", order))["id"]
        claim = self._killed(lambda: sender.post(f"/tasks/{task}/claim", {}))["claim"]
        body = {"task_id": task, "token": claim["token"]}
        self._killed(lambda: sender.post("/handoffs", body), again=409)
        found = [h for h in sender.get("/handoffs?limit=200")["handoffs"] if h["task_id"] == task]
        if not found:
            return 1, 0, 3
        accept = f"/handoffs/{found[0]['id']}/accept"
        token = self._killed(lambda: receiver.post(accept, {}))["task"]["claim"]["token"]
        done = self._killed(lambda: receiver.post(f"/tasks/{task}/complete", {"token": token}))
        lost = int(done.get("state") != "done")
        doubled = int(len(found) != 1) + int(claim["token"] != 1) + int(token != 2)
        return lost, doubled, 5

    def _killed(self, ask: Callable[[], httpx2.Response], again: int = 200) -> dict[str, Any]:
        """Ask, kill the API meanwhile, wait until it is back, ask again.

        `again` is what the second answer may also be, when the first was lost after it was done.
        """
        api = self._system.api_pid
        asking = threading.Thread(target=_quietly, args=(ask,))
        asking.start()
        threading.Event().wait(random.uniform(0, 0.02))  # noqa: S311 - a moment, no secret
        if api is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(api, signal.SIGKILL)
        asking.join()
        until(
            lambda: self._system.api_pid not in (None, api) and self._system.ready(),
            "the API does not come back",
        )
        answer = ask()
        if answer.status_code != again:
            answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _quietly(ask: Callable[[], httpx2.Response]) -> None:
    with contextlib.suppress(httpx2.HTTPError):
        ask()
