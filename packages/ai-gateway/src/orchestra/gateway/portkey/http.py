"""aiohttp's answers and names behind the ports of the gateway."""

import socket
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from orchestra.gateway.providers.addresses import resolve
from orchestra.gateway.routing.failures import Fault


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
