"""Before the first call: a stream, an embedding and a cut stream through Portkey, against ourselves.

A fresh install of the open-source gateway may answer 500 to the first two, and takes the third for a
complete answer unless our guard works in it. Either is found here, not by a caller.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web
from orchestra.gateway.portkey.headers import for_child
from orchestra.shared.errors import Unavailable

_EVENTS = [
    json.dumps(
        {
            "id": "rehearsal",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "rehearsal",
            "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": finish}],
        }
    )
    for word, finish in (("one", None), ("two", None), ("", "stop"))
]
_EMBEDDING = {
    "object": "list",
    "model": "rehearsal",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
_KEY = "Bearer rehearsal"
_CUT = "cut"


async def rehearse(door: Path) -> None:
    """Make the three calls.

    Raises:
        Unavailable: one was not answered as it should be; the message says which.
        aiohttp.ClientError: there was no answer.
    """
    async with (
        _upstream() as url,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(door))) as http,
    ):
        for path in ("/v1/chat/completions", "/v1/proxy/chat/completions"):
            body = {"model": "rehearsal", "stream": True, "messages": []}
            async with http.post(
                f"http://portkey{path}", json=body, headers=_headers(url)
            ) as answer:
                text = await answer.text()
                words = [line for line in text.split("\n") if line.startswith("data: {")]
                _expect(answer.status == 200 and len(words) == len(_EVENTS), "a stream", text)
        body = {"model": "rehearsal", "input": "one"}
        async with http.post(
            "http://portkey/v1/embeddings", json=body, headers=_headers(url)
        ) as answer:
            text = await answer.text()
            _expect(answer.status == 200 and "-0.5" in text, "an embedding", text)
        body = {"model": _CUT, "stream": True, "messages": []}
        try:
            async with http.post(
                "http://portkey/v1/proxy/chat/completions", json=body, headers=_headers(url)
            ) as answer:
                text = await answer.text()
        except aiohttp.ClientError:
            return
        _expect(False, "a stream that its provider cut", text)


def _headers(url: str) -> dict[str, str]:
    return {"Authorization": _KEY, **for_child("openai", url)}


def _expect(right: bool, what: str, text: str) -> None:
    if not right:
        raise Unavailable(
            f"{what} through Portkey's gateway came back wrong: {text[:200]!r}",
            hint="install `@portkey-ai/gateway` 1.15.2 beside `@hono/node-server` 1.13.5",
        )


@asynccontextmanager
async def _upstream() -> AsyncGenerator[str]:
    """A provider of our own on loopback; its address, as Portkey wants it."""
    application = web.Application()
    application.router.add_post("/v1/chat/completions", _chat)
    application.router.add_post("/v1/embeddings", _embeddings)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


async def _embeddings(_request: web.Request) -> web.Response:
    return web.json_response(_EMBEDDING)


async def _chat(request: web.Request) -> web.StreamResponse:
    cut = (await request.json())["model"] == _CUT
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for event in _EVENTS[:1] if cut else _EVENTS:
        await answer.write(f"data: {event}\n\n".encode())
    if cut and request.transport is not None:
        request.transport.abort()
        return answer
    await answer.write(b"data: [DONE]\n\n")
    return answer
