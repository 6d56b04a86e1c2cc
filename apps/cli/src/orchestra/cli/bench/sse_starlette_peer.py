"""`python -m … PORT`: the peer of the fan-out, sse-starlette as its documentation uses it."""

import asyncio
import sys
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application() -> Starlette:
    """`GET /stream` subscribes; `POST /publish` sends its body to all, with a number as its id."""
    queues: set[asyncio.Queue[tuple[int, str]]] = set()
    published = 0

    async def events() -> AsyncIterator[dict[str, str]]:
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        queues.add(queue)
        try:
            yield {"event": "up-to-date", "data": "{}"}
            while True:
                number, data = await queue.get()
                yield {"event": "delta", "id": str(number), "data": data}
        finally:
            queues.discard(queue)

    async def stream(_request: Request) -> Response:
        return EventSourceResponse(events())

    async def publish(request: Request) -> Response:
        nonlocal published
        published += 1
        data = (await request.body()).decode()
        for queue in queues:
            queue.put_nowait((published, data))
        return Response(status_code=204)

    return Starlette(
        routes=[Route("/stream", stream), Route("/publish", publish, methods=["POST"])]
    )


if __name__ == "__main__":
    uvicorn.run(
        application(),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
