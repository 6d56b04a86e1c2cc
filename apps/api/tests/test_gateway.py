"""What models cost, through the public doors: budgets hold, refusals explain, calls are told."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from orchestra.api.testing import RunningApi, running_api
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.settings import Settings
from orchestra.shared.testing.postgres import TemporaryPostgres
from pydantic import SecretStr

pytestmark = [pytest.mark.requirement("gw.cost"), pytest.mark.asyncio(loop_scope="session")]

CONFIG = """
[providers.up]
kind = "openai"
url = "{url}"
private = true

[routes.cheap]
targets = [{{ provider = "up", model = "small" }}]
[routes.dear]
targets = [{{ provider = "up", model = "503--big" }}, {{ provider = "up", model = "big" }}]
[routes.new]
targets = [{{ provider = "up", model = "nobody-knows" }}]

[models]
"small" = "cheap"

[classes.edit]
routes = ["cheap", "dear"]

[prices."up/small"]
input = 0
output = 1000
[prices."up/*big"]
input = 0
output = 10000

[budgets]
keys = {{ "*" = "1000/day" }}

[cache]
near = true
false_hits = 0.5
confidence = 0.8
checks = 0.000001
"""
ASKED = {"model": "small", "max_tokens": 8, "messages": [{"role": "user", "content": "Say words"}]}
CALL = Decimal("0.008")
"""Dollars: eight words at a thousand dollars a million."""


@dataclass(frozen=True, slots=True)
class System:
    api: RunningApi
    upstream: FaultyUpstream

    async def client(self, name: str, **budget: str) -> httpx2.AsyncClient:
        """A client of an agent with the scope for models, and a budget."""
        order = {"name": name, "scopes": ["models:use"]}
        key = (await self.api.http.post("/api/v1/keys", json=order)).json()["key"]
        for kind, amount in budget.items():
            await self.budget(kind, name, amount)
        return httpx2.AsyncClient(
            base_url=self.api.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )

    async def budget(self, kind: str, subject: str, amount: str) -> dict[str, Any]:
        order = {"kind": kind, "subject": subject, "amount": amount}
        answer = await self.api.http.put("/api/v1/gateway/budgets", json=order)
        assert answer.status_code == 200, answer.text
        budgets: list[dict[str, Any]] = answer.json()["budgets"]
        return next(one for one in budgets if one["subject"] == subject)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(
    postgres: TemporaryPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    new_repository: Callable[[Path], Path],
) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("models")
    async with FaultyUpstream() as upstream:
        state = folder / "state"
        state.mkdir()
        (state / "gateway.toml").write_text(CONFIG.format(url=upstream.url))
        settings = Settings(
            repo=new_repository(folder),
            state_dir=state,
            database_url=SecretStr(postgres.create_database()),
            port=0,
        )
        async with running_api(settings) as api:
            yield System(api, upstream)


async def chat(http: httpx2.AsyncClient, **more: object) -> httpx2.Response:
    headers = more.pop("headers", {})
    assert isinstance(headers, dict)
    return await http.post("/v1/chat/completions", json=ASKED | more, headers=headers)


async def told(http: httpx2.AsyncClient, answer: httpx2.Response) -> dict[str, Any]:
    found = await http.get(f"/api/v1/gateway/explain/{answer.headers['x-orchestra-request-id']}")
    assert found.status_code == 200, found.text
    document: dict[str, Any] = found.json()
    return document


async def heard(system: System, what: str, **data: str) -> None:
    """Wait until the stream `gateway` tells something."""
    async with asyncio.timeout(20):
        while True:
            events = (await system.api.http.get("/api/v1/events/gateway")).json()["events"]
            if any(e["kind"] == what and data.items() <= e["data"].items() for e in events):
                return
            await asyncio.sleep(0.05)


async def test_fifty_callers_at_the_edge_spend_no_more_than_the_budget(system: System) -> None:
    async with await system.client("edge", agent="0.1/day") as http:

        async def spend() -> list[int]:
            return [(await chat(http)).status_code for _ in range(4)]

        callers = await asyncio.gather(*(spend() for _ in range(50)))
        statuses = [status for caller in callers for status in caller]
        standing = next(
            one
            for one in (await http.get("/api/v1/gateway/budgets")).json()["budgets"]
            if one["subject"] == "edge"
        )
        summed = (await http.get("/api/v1/gateway/cost?by=agent")).json()

    assert set(statuses) <= {200, 402, 429}
    assert statuses.count(200) == 12  # of which each takes 0.8 cents
    assert Decimal(standing["spent"]) == 12 * CALL <= Decimal("0.1")
    assert Decimal(summed["total"]["cost"]) == 12 * CALL


async def test_a_spent_budget_is_refused_in_the_dialect_of_each_door(system: System) -> None:
    async with await system.client("poor", agent="0.01/day") as http:
        assert (await chat(http)).status_code == 200
        before = len(system.upstream.requests)
        refused = await chat(http)
        message = {"max_tokens": 8, "model": "small", "messages": ASKED["messages"]}
        other = await http.post("/v1/messages", json=message)

    assert len(system.upstream.requests) == before
    await heard(system, "budget.spent", kind="agent", subject="poor", period="day")
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["code"]) == (
        402,
        "insufficient_quota",
        "budget-spent",
    )
    assert (
        "the budget of the agent `poor` for the day is $0.0100; $0.00200 of it" in error["message"]
    )
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert (other.status_code, other.json()["error"]["type"]) == (402, "billing_error")


@pytest.mark.parametrize(
    "greed", [{"max_tokens": 10**9}, {"n": 1000}, {"max_completion_tokens": 10**8}]
)
async def test_a_call_that_could_cost_more_than_what_is_left_is_not_made(
    system: System, greed: dict[str, int]
) -> None:
    async with await system.client("greedy", agent="1/day") as http:
        before = len(system.upstream.requests)
        refused = await chat(http, **greed)
        assert refused.status_code == 402, refused.text
        assert len(system.upstream.requests) == before
        assert (await chat(http)).status_code == 200


async def test_a_call_is_told_from_its_route_to_its_price(system: System) -> None:
    async with await system.client("told") as http:
        answer = await chat(http, model="dear", stream=True, headers={"x-orchestra-task": "t1"})
        document = await told(http, answer)
        listed = (await http.get("/api/v1/gateway/ledger?task=t1")).json()["calls"]

    call = document["call"]
    assert [(one["model"], one["error"]) for one in document["attempts"]][-1] == ("big", None)
    assert document["attempts"][0]["error"] is not None
    assert (call["route"], call["model"], call["cost"], call["source"]) == (
        "dear",
        "big",
        "0.08",
        "table",
    )
    assert (call["output"], call["finish"], call["task"]) == (8, "stop", "t1")
    assert document["price"] == "the gateway's configuration"
    assert "set aside" in document["lines"][-1]
    assert [one["id"] for one in listed] == [document["id"]]


async def test_what_others_spend_is_seen_by_administrators_alone(system: System) -> None:
    async with await system.client("seen") as one, await system.client("curious") as two:
        answer = await chat(one)
        path = f"/api/v1/gateway/explain/{answer.headers['x-orchestra-request-id']}"
        assert (await two.get(path)).status_code == 404
        assert (await two.get("/api/v1/gateway/cost")).json()["total"]["calls"] == 0
        assert (await two.get("/api/v1/gateway/ledger")).json()["calls"] == []
        assert (
            await two.put("/api/v1/gateway/budgets", json={"kind": "system", "amount": "9"})
        ).status_code == 403
        subjects = {
            b["subject"] for b in (await two.get("/api/v1/gateway/budgets")).json()["budgets"]
        }
        assert "seen" not in subjects
    assert (await system.api.http.get(path)).status_code == 200


async def test_a_budget_holds_from_the_moment_that_it_is_set(system: System) -> None:
    async with await system.client("late") as http:
        assert (await chat(http)).status_code == 200
        standing = await system.budget("agent", "late", "0.01/day")
        assert (standing["amount"], standing["spent"]) == ("0.01", "0.008")
        assert (await chat(http)).status_code == 402  # what was spent before counts
        await system.budget("agent", "late", "1/day")
        assert (await chat(http)).status_code == 200
        await system.budget("agent", "late", "0.001/day")
        assert (await chat(http)).status_code == 402
        gone = await system.api.http.delete("/api/v1/gateway/budgets/agent/late?period=day")
        assert gone.status_code == 204
        assert (await chat(http)).status_code == 200
    again = await system.api.http.delete("/api/v1/gateway/budgets/agent/late?period=day")
    assert (again.status_code, again.json()["hint"][:3]) == (404, "see")


async def test_work_of_a_class_climbs_when_an_answer_does_not_pass(system: System) -> None:
    async with await system.client("worker") as http:
        work = {"x-orchestra-class": "edit", "x-orchestra-task": "t7"}
        first = await chat(http, headers=work)
        assert first.headers["x-orchestra-route"] == "cheap"
        for _ in range(2):  # the same failure twice is one step
            report = {"request_id": first.headers["x-orchestra-request-id"], "passed": False}
            verdict = (await http.post("/api/v1/gateway/outcomes", json=report)).json()
        assert (verdict["subject"], verdict["route"]) == ("t7", "dear")

        second = await chat(http, headers=work)
        assert second.headers["x-orchestra-route"] == "dear"
        why = next(line for line in (await told(http, second))["lines"] if "why" in line)
        assert "2 of 2, because answers of cheaper ones did not pass" in why
        other = await chat(http, headers=work | {"x-orchestra-task": "t8"})
        assert other.headers["x-orchestra-route"] == "cheap"
        last = await http.post("/api/v1/gateway/outcomes", json={"task": "t7", "passed": False})
        assert last.json()["why"] == "there is no dearer route in the class"


async def test_a_session_stays_with_the_model_that_knows_it(system: System) -> None:
    async with await system.client("sticky") as http:
        work = {"x-orchestra-class": "edit", "x-orchestra-task": "t9"}
        first = await chat(http, headers=work)
        report = {"request_id": first.headers["x-orchestra-request-id"], "passed": False}
        await http.post("/api/v1/gateway/outcomes", json=report)
        session = work | {"x-orchestra-session": "s1"}
        assert (await chat(http, headers=session)).headers["x-orchestra-route"] == "dear"
        moved = session | {"x-orchestra-task": "t10"}
        stays = await chat(http, headers=moved)
        assert stays.headers["x-orchestra-route"] == "dear"
        assert any("prompt cache is warm" in line for line in (await told(http, stays))["lines"])


async def test_a_price_that_nobody_knows_is_null_and_is_told(system: System) -> None:
    async with await system.client("modern") as http:
        answer = await chat(http, model="new")
        assert answer.status_code == 200
        assert "x-orchestra-cost" not in answer.headers
        call = (await told(http, answer))["call"]
        total = (await http.get("/api/v1/gateway/cost?by=model")).json()["total"]
    assert (call["cost"], call["source"]) == (None, "unknown")
    assert (total["cost"], total["unpriced"]) == ("0.00", 1)
    await heard(system, "price.unknown", model="nobody-knows")
    metrics = (await system.api.http.get("/metrics")).text
    assert "orchestra_gateway_unpriced_total 1.0" in metrics


async def test_what_can_be_asked_is_listed_with_prices_and_health(system: System) -> None:
    document = (await system.api.http.get("/api/v1/gateway/models")).json()
    targets = {
        (route["name"], target["model"]): target
        for route in document["routes"]
        for target in route["targets"]
    }
    assert targets["cheap", "small"]["price"] == {
        "input": "0.00",
        "cached": "0.00",
        "output": "1000.00",
        "origin": "the gateway's configuration",
    }
    assert targets["new", "nobody-knows"]["price"] is None
    assert targets["dear", "503--big"]["state"] in ("closed", "open", "half-open")
    assert document["classes"] == {"edit": ["cheap", "dear"]}


async def test_what_kept_answers_did_is_told(system: System) -> None:
    document = (await system.api.http.get("/api/v1/gateway/cache")).json()
    assert document["exact"] is True
    assert document["semantic"] == "on"


async def test_an_answer_that_is_given_again_costs_nothing(system: System) -> None:
    headers = {"x-orchestra-cache": "semantic"}
    async with await system.client("again") as http:
        first = await chat(http, headers=headers, seed=7)
        second = await chat(http, headers=headers, seed=7)

    assert (first.headers["x-orchestra-cache"], first.headers["x-orchestra-cost"]) == (
        "miss",
        "0.008",
    )
    assert second.headers["x-orchestra-cache"] == "exact"
    assert second.content == first.content
    assert second.headers["x-orchestra-cost"] == "0"
    figures = (await system.api.http.get("/api/v1/gateway/cache")).json()
    assert Decimal(figures["saved"]) == CALL


async def test_a_near_answer_is_given_once_it_was_shown_to_be_safe(system: System) -> None:
    headers = {"x-orchestra-cache": "semantic"}
    openings = ("please", "kindly", "hello", "ok", "could you", "can you", "would you", "hi")
    seen = []
    async with await system.client("near") as http, asyncio.timeout(60):
        for number in range(200):
            words = f"{' '.join(['so'] * (number // 8))} {openings[number % 8]} say the words"
            answer = await chat(
                http, headers=headers, messages=[{"role": "user", "content": words}]
            )
            seen.append(answer.headers["x-orchestra-cache"])
            if seen[-1] != "miss":
                break

    assert len(seen) > 10
    assert seen[-1].startswith("semantic;sim=")
    assert answer.headers["x-orchestra-cost"] == "0"
    figures = (await system.api.http.get("/api/v1/gateway/cache")).json()
    assert figures["families"][0]["state"] == "open"


async def test_kept_answers_are_forgotten_when_asked(system: System) -> None:
    answer = await system.api.http.delete("/api/v1/gateway/cache", params={"model": "small"})
    assert answer.status_code == 200
    assert answer.json()["cleared"] >= 0
    empty = await system.api.http.delete("/api/v1/gateway/cache", params={"tenant": ""})
    assert empty.status_code == 422


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"kind": "agent", "subject": "a", "amount": "much"}, "is not a budget"),
        ({"kind": "agent", "subject": "\n", "amount": "1/day"}, "cannot have a budget"),
        ({"kind": "nobody", "subject": "a", "amount": "1/day"}, "kind"),
    ],
)
async def test_a_budget_that_cannot_be_says_why(
    system: System, order: dict[str, str], said: str
) -> None:
    answer = await system.api.http.put("/api/v1/gateway/budgets", json=order)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert answer.json()["hint"]


@pytest.mark.requirement("obs.metrics")
async def test_calls_are_counted_with_their_attempts_tokens_and_dollars(system: System) -> None:
    async def counted() -> dict[str, float]:
        text = (await system.api.http.get("/metrics")).text
        rows = re.findall(r"^orchestra_gateway_(\w+\{.*\}) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in rows}

    before = await counted()
    async with await system.client("counted") as http:
        for model in ("small", "dear"):
            await chat(http, model=model, stream=model == "small")
    after = await counted()

    assert {name: round(after[name] - before.get(name, 0), 9) for name in (
        'calls_total{cache="miss",door="chat",result="answered"}',
        'attempts_total{provider="up",result="unavailable"}',
        'attempts_total{provider="up",result="ok"}',
        'tokens_total{kind="output",provider="up"}',
        'dollars_total{provider="up",source="table"}',
        'first_token_seconds_count{provider="up"}',
        'call_seconds_count{door="chat"}',
    )} == {
        'calls_total{cache="miss",door="chat",result="answered"}': 2,
        'attempts_total{provider="up",result="unavailable"}': 1,
        'attempts_total{provider="up",result="ok"}': 2,
        'tokens_total{kind="output",provider="up"}': 16,
        'dollars_total{provider="up",source="table"}': 0.088,
        'first_token_seconds_count{provider="up"}': 1,
        'call_seconds_count{door="chat"}': 2,
    }  # fmt: skip
    assert 'breakers_open{provider="up"}' in after
