"""The gateway to models over real HTTP in the test's own event loop, without the rest of the API."""

import asyncio
import json
import socket
import time as clock
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from orchestra.api.connection import Connection
from orchestra.gateway.build import Built, build, resolve_keys
from orchestra.gateway.calls import Answer, Hit, ModelCall, Outcome, Reservation
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.config.sections import Layer
from orchestra.gateway.door.door import ModelDoor
from orchestra.gateway.portkey.child import PortkeyChild
from orchestra.gateway.portkey.provider import PortkeyProvider
from orchestra.gateway.ports import Answers, NoAccounts
from orchestra.gateway.providers.headers import Credentials
from orchestra.gateway.providers.provider import Provider
from orchestra.shared.errors import Unauthenticated
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets

KEY = "orc_test_key"
POOR = "orc_key_without_the_scope"
_CALLERS = {
    KEY: Caller("prn_1", "Ada", "agent", "key_1", frozenset({"models:use"}), None),
    POOR: Caller("prn_2", "Bob", "agent", "key_2", frozenset({"context:read"}), None),
}


class Booked(NoAccounts):
    """Accounts that show what was booked."""

    def __init__(self) -> None:
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()

    def settle(self, reservation: Reservation, call: ModelCall, outcome: Outcome) -> Any:  # noqa: ANN401 - as the parent's
        """Remember it."""
        self.outcomes.put_nowait(outcome)
        return super().settle(reservation, call, outcome)


@dataclass(frozen=True, slots=True)
class ServedModels:
    """A running gateway, and a client that uses it."""

    url: str
    http: httpx2.AsyncClient
    built: Built
    booked: Booked

    async def chat(self, model: str, *, stream: bool = False, **fields: object) -> httpx2.Response:
        """Ask a model over OpenAI's door."""
        messages = [{"role": "user", "content": "Say words"}]
        body = {"model": model, "messages": messages, "stream": stream, **fields}
        return await self.http.post("/v1/chat/completions", json=body)

    async def message(self, model: str, *, stream: bool = False) -> httpx2.Response:
        """Ask a model over Anthropic's door."""
        messages = [{"role": "user", "content": "Say words"}]
        body = {"model": model, "max_tokens": 64, "messages": messages, "stream": stream}
        return await self.http.post("/v1/messages", json=body)


def chat_text(answer: httpx2.Response) -> str:
    """The text of a chat, whole or streamed."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return str(answer.json()["choices"][0]["message"]["content"])
    deltas = [event["choices"][0]["delta"] for event in events_of(answer) if event.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


def events_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    """The documents of a stream; `[DONE]` is none."""
    lines = answer.text.split("\n")
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(text) for text in data if text != "[DONE]"]


class Shared:
    """Portkey's gateway, run by somebody else for longer than a test."""

    failure: str | None = None

    def __init__(self, child: PortkeyChild) -> None:
        self.socket = child.socket

    async def start(self) -> None:
        """It runs."""

    async def wait(self, _seconds: float) -> None:
        """It serves."""

    async def close(self) -> None:
        """It goes on."""


@asynccontextmanager
async def serving_models_over(
    child: PortkeyChild | None,
    config: GatewayConfig,
    state: Path,
    *,
    time: Callable[[], float] = clock.monotonic,
) -> AsyncGenerator[ServedModels]:
    """Serve it over Portkey's gateway, where there is one. The providers have no keys."""
    if child is None:
        async with serving_models(config, state, time=time) as served:
            yield served
        return
    providers = {name: Credentials(section, None) for name, section in config.providers.items()}
    portkey = PortkeyProvider(providers, config.portkey, None, Shared(child))
    await portkey.start()
    try:
        layers: dict[Layer, Provider] = {"portkey": portkey}
        async with serving_models(config, state, time=time, layers=layers) as served:
            yield served
    finally:
        await portkey.close()


@asynccontextmanager
async def serving_models(
    config: GatewayConfig,
    state: Path,
    *,
    time: Callable[[], float] = clock.monotonic,
    answers: Answers | None = None,
    layers: Mapping[Layer, Provider] | None = None,
) -> AsyncGenerator[ServedModels]:
    """Serve the gateway of a configuration until the block ends."""
    redactor, booked = Redactor(), Booked()
    known = resolve_keys(config, Secrets(state, redactor))
    built = build(config, known, time=time, accounts=booked, answers=answers, layers=layers)

    async def authorize(key: str, _peer: str) -> Caller:
        if key not in _CALLERS:
            raise Unauthenticated("the key is not known", hint="use another")
        return _CALLERS[key]

    door = ModelDoor(
        built.gateway, authorize, largest_body=config.largest_body, redactor=redactor, time=time
    )
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(
            door, http=Connection, log_config=None, access_log=False, ws="none", lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    await built.start()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    headers = {"Authorization": f"Bearer {KEY}"}
    try:
        async with httpx2.AsyncClient(
            base_url=url, headers=headers, timeout=30, verify=False
        ) as http:
            yield ServedModels(url, http, built, booked)
    finally:
        server.should_exit = True
        await serving
        await built.close()


class Kept:
    """A cache that gives what it is told to, and remembers what it was given."""

    def __init__(self, hit: Hit | None = None) -> None:
        self.hit = hit
        self.kept: list[Answer] = []

    async def find(self, _call: ModelCall, _plan: object) -> Hit | None:
        """The hit, if there is one."""
        return self.hit

    def keep(self, _call: ModelCall, answer: Answer) -> None:
        """Remember it."""
        self.kept.append(answer)

    def observe(self, _call: ModelCall, _answer: Answer) -> None:
        """Nothing to compare."""
