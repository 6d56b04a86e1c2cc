"""Malformed requests: each is answered with what is wrong, none with a failure of ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from orchestra.api.testing import RunningApi

pytestmark = [pytest.mark.requirement("trust.inputs"), pytest.mark.asyncio(loop_scope="session")]

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b'"x"',
        b'{"kind": 7}',
        b'{"kind": "a", "data": []}',
        b'{"kind": "a", "data": {"x": NaN}}',
        b'{"kind": "a", "data": {"x": 1e999}}',
        b'{"kind": "a", "data": {"x": "\\ud800"}}',
        b'{"kind": "a", "data": {"x": 18446744073709551616}}',
        b'{"kind": "a", "data": {"x": ["\\"", -9223372036854775809]}}',
        b'{"kind": "a", "data": {"x": 1' + b"0" * 5000 + b"}}",
        b'{"kind": "a\\u0000b"}',
        b'{"kind": "a", "unknown": 1}',
        b'{"kind": "a", "id": "not-a-uuid"}',
        b"\xff\xfe",
        b'{"kind": "a", "data": {"x": ' + b"[" * 100 + b"]" * 100 + b"}}",
        b"[" * 200_000,
    ],
)
async def test_a_malformed_body_is_explained(shared_api: RunningApi, body: bytes) -> None:
    answer = await shared_api.http.post("/api/v1/events/notes/a", content=body, headers=JSON)

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].startswith("urn:orchestra:problem:")
    assert problem["detail"]
    assert problem["hint"]


@pytest.mark.parametrize(
    "data",
    [
        {"nul": "a\0b"},
        {"rtl": "\u202egnp"},
        {"": {"": None}},
        {"big": 2**60, "small": -(2**63), "unsigned": 2**64 - 1},
        {"e": "é\n"},
        {"digits": '"' + "9" * 30, "float": 1e300, "fraction": 0.12345678901234567},
    ],
)
async def test_odd_but_proper_data_is_kept_as_it_is(
    shared_api: RunningApi, data: dict[str, object]
) -> None:
    stream = f"/api/v1/events/notes/{uuid4().hex}"
    answer = await shared_api.http.post(stream, json={"kind": "odd", "data": data})

    assert answer.status_code == 201
    read = (await shared_api.http.get(stream)).json()
    assert read["events"][0]["data"] == data


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/nothing", 404),
        ("POST", "/api/v1/events/a%0Ab", 404),
        ("PATCH", "/api/v1/keys", 405),
        ("GET", "/api/v1/context?topics=nonsense", 422),
        ("GET", "/api/v1/context?topics=", 422),
        ("GET", "/api/v1/context/topics/nonsense", 404),
        ("GET", "/api/v1/context/topics/%00", 404),
        ("GET", "/api/v1/context/wait?since=x", 422),
        ("GET", "/api/v1/context/wait", 422),
        ("GET", f"/api/v1/context/wait?since={'0' * 32}:1&timeout=nan", 422),
        ("GET", f"/api/v1/context/wait?since={'0' * 32}:1&timeout=1e9", 422),
        ("DELETE", "/api/v1/keys/nobody", 422),
        ("DELETE", "/api/v1/keys/aaaaaaaaaaaa", 404),
        ("DELETE", "/api/v1/keys/%00%00%00%00%00%00%00%00%00%00%00%00", 422),
        ("GET", "/api/v1/events/notes/none", 404),
        ("GET", "/api/v1/events/notes%00/none", 404),
        ("GET", "/api/v1/events/notes/a?after=-1", 422),
        ("GET", "/api/v1/events/notes/a?after=99999999999999999999", 422),
        ("GET", f"/api/v1/events/{'x' * 5000}", 422),
        ("GET", "/api/v1/events/' or 1=1 --", 404),
    ],
)
async def test_a_wrong_address_or_parameter_is_explained(
    shared_api: RunningApi, method: str, path: str, status: int
) -> None:
    answer = await shared_api.http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("keys", {"name": "typed", "days": True}),
        ("keys", {"name": "typed", "days": "3"}),
        ("keys", {"name": "typed", "days": 3.0}),
        ("pack", {"task": "a", "budget": "4000"}),
        ("memory", {"text": "a", "untrusted": "yes"}),
    ],
)
async def test_what_is_no_number_is_not_taken_for_one(
    shared_api: RunningApi, path: str, body: dict[str, object]
) -> None:
    answer = await shared_api.http.post(f"/api/v1/{path}", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_only_notes_can_be_written(shared_api: RunningApi) -> None:
    answer = await shared_api.http.post("/api/v1/events/identity", json={"kind": "key.revoked"})

    assert answer.status_code == 403


async def test_a_huge_body_is_refused_before_it_is_read(shared_api: RunningApi) -> None:
    answer = await shared_api.http.post("/api/v1/keys", content=b"x" * (2 * 1024 * 1024))

    assert answer.status_code == 413


async def test_a_huge_body_without_a_length_is_refused(shared_api: RunningApi) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    answer = await shared_api.http.post("/api/v1/keys", content=endless())

    assert answer.status_code == 413


async def test_a_compressed_body_is_refused(shared_api: RunningApi) -> None:
    answer = await shared_api.http.post(
        "/api/v1/keys", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
    )

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n",
    ],
)
async def test_a_malformed_request_is_answered_with_4xx(
    shared_api: RunningApi, request_head: bytes
) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(shared_api.url.rsplit(":", 1)[1])
    )
    writer.write(request_head)
    await writer.drain()
    async with asyncio.timeout(10):
        line = await reader.readline()
    writer.close()

    assert line.split()[1].startswith(b"4")


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2**23,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: x\r\n" * 2**21,
        b"GET /" + b"x" * 2**23,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2**16 + b"\r\n\r\n",
    ],
)
async def test_an_endless_request_head_is_refused_before_it_is_read(
    shared_api: RunningApi, request_head: bytes
) -> None:
    port = int(shared_api.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_head)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["hint"]


async def test_a_long_head_is_served(shared_api: RunningApi) -> None:
    answer = await shared_api.http.get("/api/v1/me", headers={"X-Trace": "x" * 60_000})

    assert answer.status_code == 200


async def test_a_stream_that_is_not_there_is_neither_read_nor_found_intact(
    shared_api: RunningApi,
) -> None:
    stream = f"/api/v1/events/notes/{uuid4().hex}"

    answers = [await shared_api.http.get(stream), await shared_api.http.get(f"{stream}/verify")]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_a_stream_that_could_never_be_read_is_not_begun(shared_api: RunningApi) -> None:
    stream = f"/api/v1/events/notes/{uuid4().hex}/verify"

    answer = await shared_api.http.post(stream, json={"kind": "a"})

    assert answer.status_code == 422
    assert answer.json()["hint"]
