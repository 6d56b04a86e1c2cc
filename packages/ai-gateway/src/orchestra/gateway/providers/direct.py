"""Providers over HTTPS, with a pool of connections that are kept open."""

import socket
from collections.abc import AsyncIterator, Mapping
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from orchestra.gateway.calls import ModelCall
from orchestra.gateway.providers.addresses import resolve
from orchestra.gateway.providers.headers import PATHS, Credentials, request_headers
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target, Timeouts
from orchestra.gateway.wire import spoken

_KEPT = 60.0  # seconds that an idle connection is kept
_PIECE = 64 * 1024  # bytes


class Resolver(AbstractResolver):
    """Names into addresses that may be connected to."""

    def __init__(self, *, private: bool) -> None:
        """`private`: addresses that are not of the open internet may be among them."""
        self._private = private

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - both kinds are looked up
    ) -> list[ResolveResult]:
        """The addresses of a host, checked."""
        found = await resolve(host, port, private=self._private)
        return [
            ResolveResult(
                hostname=host, host=ip, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, ip in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


class HttpResponse:
    """What aiohttp gives, behind the port of the executor."""

    __slots__ = ("_answer", "headers", "status")

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in answer.headers.items()}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise Fault("cut", type(error).__name__, status=self.status) from None

    def close(self) -> None:
        """Close the connection, unless the answer was read to its end."""
        self._answer.close()


class DirectProvider:
    """Sends requests to the providers of the configuration, and to no other place."""

    def __init__(self, providers: Mapping[str, Credentials]) -> None:
        self._providers = providers
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def start(self) -> Self:
        """Open the pools, one that may reach private addresses and one that may not."""
        for private in (False, True):
            self._sessions[private] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    resolver=Resolver(private=private),
                    use_dns_cache=False,
                    keepalive_timeout=_KEPT,
                ),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("accept", "accept-encoding", "user-agent", "content-type"),
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=_PIECE,
                trust_env=False,
            )
        return self

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    async def open(
        self, attempt: Target, call: ModelCall, body: bytes, timeouts: Timeouts
    ) -> HttpResponse:
        """Send a request and wait for the head of the answer.

        Raises:
            Fault: no head came.
        """
        to = self._providers[attempt.provider]
        format = spoken(call.endpoint, attempt.dialect)
        if format is None:
            raise Fault("untranslatable", f"`{attempt.provider}` has no such endpoint")
        try:
            answer = await self._sessions[to.section.private].post(
                to.section.url.rstrip("/") + PATHS[format],
                data=body,
                headers=request_headers(to, call),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect),
            )
        except Fault:
            raise
        except aiohttp.ConnectionTimeoutError:
            raise Fault("connect_timeout") from None
        except aiohttp.ClientConnectorError as error:
            raise Fault("unreachable", type(error.os_error).__name__) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Fault("reset", type(error).__name__) from None
        return HttpResponse(answer)
