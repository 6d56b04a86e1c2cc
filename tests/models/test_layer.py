"""The layer `portkey`: what reaches the provider, what comes back, and what is let go."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from orchestra.gateway.calls import Endpoint, ModelCall
from orchestra.gateway.config import ProviderSection
from orchestra.gateway.door.request import call_of
from orchestra.gateway.portkey.child import PortkeyChild
from orchestra.gateway.portkey.provider import PortkeyProvider
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.gateway.providers.headers import Credentials
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target, Timeouts
from orchestra.gateway.testing.portkey import fake_portkey
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.gateway.wire import Dialect
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject
from pydantic import SecretStr

from tests.models.conftest import PATIENCE

pytestmark = [pytest.mark.requirement("gw.portkey"), pytest.mark.asyncio(loop_scope="session")]

KEY = "sk-provider-0123456789"
ACCOUNT = "pk-account-0123456789"
TIMES = Timeouts(PATIENCE, PATIENCE, PATIENCE)
CALLER = Caller("p1", "tester", "agent", "k1", frozenset({"models:use"}), None)


def call(model: str, endpoint: Endpoint = "chat", more: "JsonObject | None" = None) -> ModelCall:
    question: JsonObject = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    document = question | (more or {})
    return call_of(endpoint, CALLER, {}, json.dumps(document).encode())


@asynccontextmanager
async def layer(
    upstream: FaultyUpstream, section: PortkeySection, key: str | None = None
) -> AsyncGenerator[PortkeyProvider]:
    kinds: list[Dialect] = ["openai", "anthropic"]
    providers: dict[str, Credentials] = {
        kind: Credentials(
            ProviderSection(kind=kind, url=upstream.url, private=True, key=None), SecretStr(KEY)
        )
        for kind in kinds
    }
    port = upstream.url.rpartition(":")[2]
    name = ProviderSection(kind="openai", url=f"https://localhost:{port}", key=None)
    providers["private-name"] = Credentials(name, SecretStr(KEY))
    cohere = ProviderSection(
        kind="openai", url=upstream.url[:-3], private=True, layer="portkey", portkey="cohere"
    )
    providers["translated"] = Credentials(cohere, SecretStr(KEY))
    gone = ProviderSection(kind="openai", url="http://127.0.0.1:9/v1", private=True, key=None)
    providers["gone"] = Credentials(gone, SecretStr(KEY))
    child = None if section.address else PortkeyChild(section, [upstream.url], str)
    provider = PortkeyProvider(providers, section, None if key is None else SecretStr(key), child)
    await provider.start()
    try:
        yield provider
    finally:
        await provider.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def upstream() -> AsyncGenerator[FaultyUpstream]:
    async with FaultyUpstream() as up:
        yield up


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def child_layer(upstream: FaultyUpstream) -> AsyncGenerator[PortkeyProvider]:
    async with layer(upstream, PortkeySection()) as provider:
        yield provider


async def opened(provider: PortkeyProvider, asked: ModelCall, name: str = "openai") -> bytes:
    target = Target(name, asked.model, "anthropic" if name == "anthropic" else "openai", "portkey")
    response = await provider.open(target, asked, asked.body, TIMES)
    try:
        return b"".join([piece async for piece in response])
    finally:
        response.close()


async def test_a_body_reaches_the_provider_with_every_parameter(
    child_layer: PortkeyProvider, upstream: FaultyUpstream
) -> None:
    odd: JsonObject = {
        "stop": ["x"],
        "top_k": 3,
        "plugins": [{"id": "web"}],
        "cache_control": {"type": "e"},
    }
    asked = call("ok", more=odd)

    answer = json.loads(await opened(child_layer, asked))

    assert answer["choices"][0]["message"]["content"]
    seen = upstream.requests[-1]
    assert json.loads(seen.body) == json.loads(asked.body)
    assert list(json.loads(seen.body)) == list(json.loads(asked.body))
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert [name for name in seen.headers if name.startswith("x-portkey")] == []


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("embeddings", "openai"), ("responses", "openai"), ("messages", "anthropic")],
)
async def test_the_other_doors_pass_too(
    child_layer: PortkeyProvider, upstream: FaultyUpstream, endpoint: Endpoint, name: str
) -> None:
    assert json.loads(await opened(child_layer, call("ok", endpoint, {"input": "x"}), name))
    seen = upstream.requests[-1]
    assert seen.path.endswith(endpoint)
    assert KEY in (seen.headers.get("x-api-key"), seen.headers.get("authorization", "")[7:])


async def test_a_dialect_that_only_portkey_speaks_is_spoken_by_it(
    child_layer: PortkeyProvider, upstream: FaultyUpstream
) -> None:
    await opened(child_layer, call("command", more={"max_tokens": 7}), "translated")

    seen = upstream.requests[-1]
    assert seen.path == "/v2/chat"
    assert (seen.model, seen.json["max_tokens"]) == ("command", 7)
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    with pytest.raises(Fault, match="untranslatable|does not translate"):
        await opened(child_layer, call("command", "responses"), "translated")


async def test_a_stream_comes_event_by_event_and_whole(child_layer: PortkeyProvider) -> None:
    text = await opened(child_layer, call("ok", more={"stream": True}))

    assert text.endswith(b"data: [DONE]\n\n")
    assert text.count(b"word") == 8


async def test_a_stream_that_its_provider_cut_is_cut(child_layer: PortkeyProvider) -> None:
    with pytest.raises(Fault) as cut:
        await opened(child_layer, call("cut", more={"stream": True}))

    assert cut.value.word == "cut"


async def test_letting_go_of_a_stream_ends_it_at_the_provider(
    child_layer: PortkeyProvider, upstream: FaultyUpstream
) -> None:
    asked = call("stall", more={"stream": True})
    response = await child_layer.open(
        Target("openai", "stall", layer="portkey"), asked, asked.body, TIMES
    )
    await anext(aiter(response))
    seen = upstream.requests[-1]
    assert not seen.cancelled.is_set()

    response.close()

    async with asyncio.timeout(PATIENCE):
        await seen.cancelled.wait()


async def test_cancelling_a_call_that_waits_ends_it_at_the_provider(
    child_layer: PortkeyProvider, upstream: FaultyUpstream
) -> None:
    upstream.arrived.clear()
    waiting = asyncio.create_task(opened(child_layer, call("silent")))
    async with asyncio.timeout(PATIENCE):
        await upstream.arrived.wait()
    seen = upstream.requests[-1]

    waiting.cancel()

    async with asyncio.timeout(PATIENCE):
        await seen.cancelled.wait()


async def test_a_provider_that_is_not_there_is_told_from_one_that_failed(
    child_layer: PortkeyProvider,
) -> None:
    with pytest.raises(Fault) as unreachable:
        await opened(child_layer, call("ok"), "gone")
    with pytest.raises(Fault) as reset:
        await opened(child_layer, call("reset"))

    assert (unreachable.value.word, reset.value.word) == ("unreachable", "reset")


async def test_a_name_leads_into_no_private_network_unless_it_may(
    child_layer: PortkeyProvider, upstream: FaultyUpstream
) -> None:
    before = len(upstream.requests)

    with pytest.raises(Fault, match="EPRIVATE"):
        await opened(child_layer, call("ok"), "private-name")

    assert len(upstream.requests) == before


async def test_a_redirect_is_not_followed() -> None:
    elsewhere: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        elsewhere.append(head.split(b" ")[1])
        where = b"Location: /v1/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\n" + where)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, FaultyUpstream() as unused:
        unused.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with layer(unused, PortkeySection()) as provider:
            asked = call("ok")
            response = await provider.open(
                Target("openai", "ok", layer="portkey"), asked, asked.body, TIMES
            )
            assert response.status == 307
            response.close()
    assert elsewhere == [b"/v1/chat/completions"]


async def test_it_asks_once(child_layer: PortkeyProvider, upstream: FaultyUpstream) -> None:
    before = len(upstream.requests)
    asked = call("503")

    response = await child_layer.open(
        Target("openai", "503", layer="portkey"), asked, asked.body, TIMES
    )

    assert response.status == 503
    response.close()
    assert len(upstream.requests) == before + 1


async def test_a_service_elsewhere_gets_one_target_and_no_retries(upstream: FaultyUpstream) -> None:
    async with fake_portkey(ACCOUNT) as service:
        section = PortkeySection(url=service.url, key="secret://env/PORTKEY_API_KEY", private=True)
        async with layer(upstream, section, ACCOUNT) as provider:
            assert json.loads(await opened(provider, call("ok")))

        (path, headers) = service.calls[-1]
        config = json.loads(headers["x-portkey-config"])
        (target,) = config["targets"]
        assert path == "/v1/chat/completions"
        assert target["retry"] == {"attempts": 0}
        assert (target["custom_host"], target["api_key"]) == (upstream.url, KEY)
        assert "authorization" not in headers
        assert upstream.requests[-1].headers["authorization"] == f"Bearer {KEY}"


async def test_a_configuration_kept_in_the_account_needs_no_key_of_a_provider(
    upstream: FaultyUpstream,
) -> None:
    async with fake_portkey(ACCOUNT) as service:
        section = PortkeySection(
            url=service.url, key="secret://env/PORTKEY_API_KEY", private=True, config="pc-mine-1"
        )
        async with layer(upstream, section, ACCOUNT) as provider:
            await opened(provider, call("ok"))

        (_, headers) = service.calls[-1]
        assert headers["x-portkey-config"] == "pc-mine-1"
        assert KEY not in str(headers)


async def test_without_its_key_the_account_is_not_asked(upstream: FaultyUpstream) -> None:
    async with fake_portkey(ACCOUNT) as service:
        section = PortkeySection(url=service.url, key="secret://env/PORTKEY_API_KEY", private=True)
        async with layer(upstream, section) as provider:
            with pytest.raises(Fault, match="PORTKEY_API_KEY"):
                await opened(provider, call("ok"))
        assert service.calls == []
