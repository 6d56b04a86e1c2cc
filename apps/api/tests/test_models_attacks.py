"""Attacks on the doors to models, and clients that leave or dawdle."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from orchestra.api.testing_models import KEY, POOR, ServedModels, chat_text, serving_models
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.config.sections import ProviderSection
from orchestra.gateway.providers.addresses import is_public, resolve
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.testing.upstream import FaultyUpstream
from pydantic import ValidationError

pytestmark = pytest.mark.requirement("gw.resilience")

SECRET = "sk-upstream-0123456789abcdef"
LARGEST = 64 * 1024


@pytest.fixture
async def upstream() -> AsyncIterator[FaultyUpstream]:
    async with FaultyUpstream() as upstream:
        yield upstream


@pytest.fixture
async def models(upstream: FaultyUpstream, tmp_path: Path) -> AsyncIterator[ServedModels]:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "up").write_text(SECRET)
    (secrets / "up").chmod(0o600)
    provider = {"url": upstream.url, "private": True, "key": "secret://file/up"}
    config = GatewayConfig.model_validate(
        {
            "largest_body": LARGEST,
            "providers": {
                "main": {"kind": "openai", **provider},
                "claude": {"kind": "anthropic", **provider},
            },
            "routes": {
                "r": {"targets": [{"provider": "main"}], "attempts": 1},
                "c": {"targets": [{"provider": "claude"}]},
                "picky": {
                    "targets": [{"provider": "main", "model": "eu/{model}"}],
                    "allow": ["main/eu/good-*"],
                },
            },
            "models": {"*": "r", "claude*": "c", "good-*": "picky", "bad-*": "picky"},
        }
    )
    async with serving_models(config, tmp_path) as models:
        yield models


async def raw(models: ServedModels, body: bytes, **headers: str) -> httpx2.Response:
    return await models.http.post("/v1/chat/completions", content=body, headers=headers)


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_s07_the_key_of_a_client_never_goes_upstream(
    models: ServedModels, upstream: FaultyUpstream, header: str
) -> None:
    value = f"Bearer {KEY}" if header == "authorization" else KEY
    models.http.headers.pop("authorization")
    headers = {
        header: value,
        "cookie": "orchestra_session=1",
        "x-forwarded-for": "10.0.0.1",
        "anthropic-beta": "tools-1",
        "anthropic-version": "2023-06-01",
    }
    for path, name in (("/v1/chat/completions", "ok"), ("/v1/messages", "claude--ok")):
        answer = await models.http.post(path, json={"model": name, "messages": []}, headers=headers)
        assert answer.status_code == 200, answer.text

    assert KEY not in str(upstream.requests)
    openai, anthropic = upstream.requests
    assert openai.headers["authorization"] == f"Bearer {SECRET}"
    assert anthropic.headers["x-api-key"] == SECRET
    assert "authorization" not in anthropic.headers
    assert anthropic.headers["anthropic-beta"] == "tools-1"
    assert "anthropic-beta" not in openai.headers
    for seen in upstream.requests:
        assert not {"cookie", "x-forwarded-for"} & set(seen.headers)


async def test_what_a_provider_says_of_its_account_stays_here(models: ServedModels) -> None:
    answer = await models.chat("ok")

    assert answer.headers["x-request-id"] == "up-1"
    assert not {"set-cookie", "openai-organization"} & set(answer.headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer orc_wrong"}, 401),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": f"Bearer {POOR}"}, 403),
    ],
)
async def test_nobody_gets_in_without_a_good_key_and_its_scope(
    models: ServedModels, upstream: FaultyUpstream, headers: dict[str, str], status: int
) -> None:
    for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/models")):
        answer = await models.http.request(method, path, content=b"{}", headers=headers)
        assert answer.status_code == status
        assert "orc_wrong" not in answer.text
    assert upstream.requests == []


async def test_s31_what_breaks_inside_tells_nothing_of_the_inside(
    models: ServedModels, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"postgresql://u:{SECRET}@db/x in /srv/orchestra/gateway.py")

    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(models.built.gateway.plans, "plan", broken)
    answer = await models.chat("ok")

    assert answer.status_code == 500
    for word in (SECRET, "postgresql", "RuntimeError", ".py", "Traceback"):
        assert word not in answer.text


async def test_s31_a_provider_that_refuses_our_key_is_not_quoted(models: ServedModels) -> None:
    answer = await models.chat("401")

    assert answer.status_code == 502
    assert "key_refused" in answer.text
    assert "sk-" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/v1",
        "https://169.254.169.254/v1",
        "https://[::1]/v1",
        "https://127.0.0.1/v1",
        "https://[::ffff:10.0.0.1]/v1",
        "http://api.example.com/v1",
        "ftp://api.example.com/v1",
        "https://user:pass@api.example.com/v1",
        "https://api.example.com/v1?key=1",
    ],
)
def test_s48_a_provider_is_on_the_open_internet_unless_it_says_otherwise(url: str) -> None:
    with pytest.raises(ValidationError):
        ProviderSection.model_validate({"kind": "openai", "url": url})


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "127.1", "2130706433", "ip6-localhost"])
async def test_s48_a_name_that_leads_inside_is_not_connected_to(host: str) -> None:
    with pytest.raises(Fault) as refused:
        await resolve(host, 443, private=False)
    assert refused.value.word == "unreachable"


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "100.64.0.1", "0.0.0.0", "224.0.0.1", "fd00::1"],
)  # fmt: skip
def test_s48_no_spelling_of_an_inner_address_is_public(address: str) -> None:
    assert not is_public(address)


async def test_s48_redirects_are_not_followed(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    upstream.fail("redirect")
    answer = await models.chat("ok")

    assert answer.status_code == 502
    assert len(upstream.requests) == 1


async def test_s54_a_model_that_the_routes_policy_forbids_is_an_error_and_not_another_model(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    allowed = await models.chat("good-1")
    answer = await models.chat("bad-1")

    assert (allowed.status_code, answer.status_code) == (200, 403)
    assert "policy" in answer.json()["error"]["message"]
    assert [seen.model for seen in upstream.requests] == ["eu/good-1"]


def test_s54_a_target_that_the_policy_forbids_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="is not in `allow`"):
        GatewayConfig.model_validate(
            {
                "providers": {"a": {"kind": "openai", "url": "https://a.example/v1"}},
                "routes": {
                    "r": {"targets": [{"provider": "a", "model": "x"}], "allow": ["a/y"]},
                },
            }
        )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"model": 5}',
        b'{"model": ""}',
        b'{"model": "ok", "model": "other"}',
        b'{"model": "ok", "mod\\u0065l": "other"}',
        b'{"mod\\u0065l": "ok", "model": "other"}',
        b'{"messages": [], "model": "ok", "messages": [{}]}',
        b'{"model": "ok", "x": "\xff"}',
        b'{"model": "\xc0\xaf"}',
        b'{"model": "ok\\r\\nset-cookie: a=1"}',
        b'{"model": "ok\\u0000"}',
        b'{"model": "' + b"m" * 10_000 + b'"}',
        b'{"model": "ok"} {"model": "ok"}',
        b'{"model": "ok", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'\xef\xbb\xbf{"model": "ok"}',
        b'{"model": "ok", "messages": [',
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_a_body_that_two_readers_could_read_differently_is_refused(
    models: ServedModels, upstream: FaultyUpstream, body: bytes
) -> None:
    answer = await raw(models, body)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert len(answer.text) < 600
    assert upstream.requests == []


async def test_a_body_goes_upstream_byte_for_byte_but_for_the_models_name(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    body = (
        b'{ "tools":[{"function":{"name":"f","parameters":{"model":"inner"}}}],\n "x_unknown":1e400,'
        b'  "messages":[{"role":"user","content":"\\u00e4 \xc3\xa4 \\"model\\":\\"no\\""}],'
        b'"model" :\t"good-2","zz":[]}'
    )
    await raw(models, body)

    assert upstream.requests[0].body == body.replace(b'"good-2"', b'"eu/good-2"')


@pytest.mark.parametrize("name", ["x-orchestra-task", "x-orchestra-class"])
async def test_a_label_that_is_none_is_refused(models: ServedModels, name: str) -> None:
    answer = await raw(models, b'{"model":"ok"}', **{name: "a b<script>"})

    assert answer.status_code == 400


async def test_a_header_that_holds_control_characters_does_not_go_upstream(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    headers = [(b"x-title", b"t\tx"), (b"http-referer", b"r\xe9")]
    await models.http.post("/v1/chat/completions", content=b'{"model":"ok"}', headers=headers)

    assert not {"x-title", "http-referer"} & set(upstream.requests[0].headers)


async def test_a_body_of_fifty_megabytes_is_refused_before_it_is_read(models: ServedModels) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(models.url.rpartition(":")[2]))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
    writer.write(f"{head}content-length: {50 * 1024 * 1024}\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_without_a_length_is_refused_once_it_is_too_long(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(models.url.rpartition(":")[2]))
    head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n"
    writer.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
    for _ in range(3):
        writer.write(b"%x\r\n%s\r\n" % (LARGEST, b"x" * LARGEST))
    answer = await reader.readuntil(b"}}")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"type":"request_too_large"' in answer


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_the_provider_hears_at_once_that_a_client_left_a_stream(
    models: ServedModels, upstream: FaultyUpstream, path: str
) -> None:
    name = "claude" if path == "/v1/messages" else "r"
    upstream.fail("stall")
    body = {"model": name, "messages": [], "input": "x", "stream": True}
    async with models.http.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, await answer.aread()
        await anext(answer.aiter_bytes())
    async with asyncio.timeout(1):
        await upstream.requests[0].cancelled.wait()
    outcome = await models.booked.outcomes.get()

    assert outcome.finish == "cancelled"
    assert outcome.received > 0


@pytest.mark.parametrize("fault", ["silent", "stall"])
async def test_the_provider_hears_at_once_that_a_client_left_before_an_answer(
    models: ServedModels, upstream: FaultyUpstream, fault: Literal["silent", "stall"]
) -> None:
    upstream.fail(fault)
    asking = asyncio.create_task(models.chat("r"))
    await upstream.arrived.wait()
    asking.cancel()
    async with asyncio.timeout(1):
        await upstream.requests[0].cancelled.wait()

    assert (await models.booked.outcomes.get()).finish == "cancelled"


async def test_all_bodies_together_are_bounded(
    models: ServedModels, upstream: FaultyUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestra.gateway.door.door._MOST_HELD", 100)
    upstream.fail("silent")
    asking = asyncio.create_task(models.chat("r"))
    await upstream.arrived.wait()
    refused = await models.chat("r")
    asking.cancel()
    await upstream.requests[0].cancelled.wait()

    assert refused.status_code == 503
    assert (await models.chat("r")).status_code == 200


async def test_a_client_that_does_not_read_costs_the_provider_no_endless_stream(
    upstream: FaultyUpstream, tmp_path: Path
) -> None:
    upstream.words = ["x" * 50_000] * 400  # more than all buffers on the way take
    config = GatewayConfig.model_validate(
        {
            "providers": {"m": {"kind": "openai", "url": upstream.url, "private": True}},
            "routes": {"r": {"targets": [{"provider": "m", "model": "ok"}], "stall": 0.5}},
        }
    )
    async with serving_models(config, tmp_path) as models:
        port = int(models.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        body = json.dumps({"model": "r", "messages": [], "stream": True}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        outcome = await models.booked.outcomes.get()
        writer.close()

    assert outcome.finish == "cancelled"
    assert outcome.received < 400 * 50_000


async def test_an_event_over_several_lines_arrives_as_it_was_sent(
    models: ServedModels, upstream: FaultyUpstream
) -> None:
    upstream.words = ["one\n\ntwo ", "data: [DONE]\n\n", "\r\n: no comment\r\n\r\n", "event: error"]
    answer = await models.chat("r", stream=True)

    assert chat_text(answer) == "".join(upstream.words)
    assert answer.text.count("data: [DONE]\n\n") == 1


async def test_a_method_or_a_model_that_is_not_there_is_said_in_the_doors_words(
    models: ServedModels,
) -> None:
    wrong = await models.http.get("/v1/messages")
    unknown = await models.http.get("/v1/models/nothing")

    assert (wrong.status_code, wrong.json()["type"]) == (405, "error")
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "not_found_error")
