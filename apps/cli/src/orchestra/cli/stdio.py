"""Carries MCP between an agent's stdin and stdout, a message a line, and the HTTP endpoint."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from concurrent.futures import CancelledError
from typing import Any

import httpx2
from orchestra.cli.stdio_proxy import Commands, StdioProxy

_CHUNK = 64 * 1024
_LONGEST = 8 * 1024 * 1024  # bytes of a line; more than the endpoint takes anyway
_WAITING = 64  # lines that may wait to be sent before we stop reading
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0, read=600.0, pool=None)  # seconds


async def serve(url: str, key: str, commands: Commands | None = None) -> None:
    """Carry messages until stdin ends or a signal comes; both protocol eras.

    What goes wrong on the way is answered as a JSON-RPC error that says what to do. Nothing but
    messages is written to stdout.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
    output, headers = sys.stdout.fileno(), {"Authorization": f"Bearer {key}"}
    # A proxy of the environment is for the way out of this machine, not for a system on it.
    http = httpx2.AsyncClient(headers=headers, timeout=_TIMEOUT, trust_env=False)
    async with http:
        with contextlib.redirect_stdout(sys.stderr):
            proxy = StdioProxy(
                http, url, lambda message: _write(output, message), commands or Commands()
            )
            pump = asyncio.create_task(_pump(lines, proxy), name="stdio")
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, pump.cancel)
            reader = threading.Thread(
                target=_read, args=(sys.stdin.fileno(), loop, lines), name="stdin", daemon=True
            )
            reader.start()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
            await proxy.close()


async def _pump(lines: "asyncio.Queue[bytes | None]", proxy: StdioProxy) -> None:
    while (line := await lines.get()) is not None:
        await proxy.take(line)


def _read(
    source: int, loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[bytes | None]"
) -> None:
    """Put each line of the file into the queue, then None; runs in a thread of its own.

    A thread reads any kind of stdin, and it can be left behind when a signal ends the process.
    """

    def put(line: bytes | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()

    rest = b""
    with contextlib.suppress(RuntimeError, CancelledError):  # the loop has ended first
        with contextlib.suppress(OSError):  # the agent went away
            while chunk := os.read(source, _CHUNK):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    put(line)
                rest = rest[:_LONGEST]  # what is longer is no JSON any more, and answered as such
        put(rest)
        put(None)


def _write(target: int, message: dict[str, Any]) -> None:
    """Write a message as one line of ASCII, which no reader takes for two."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more; stdin ends next
        while line:
            line = line[os.write(target, line) :]
