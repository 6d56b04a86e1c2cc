"""Connections to providers that are kept open between calls."""

import asyncio
import ipaddress
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestra.gateway.providers.addresses import resolve
from orchestra.gateway.providers.connection import HttpConnection, HttpResponse
from orchestra.gateway.routing.failures import Fault

_MOST_IDLE = 256  # connections to one place
_KEPT = 30.0  # seconds; servers close theirs after a minute or more


@dataclass(frozen=True, slots=True)
class Place:
    """Where connections lead."""

    host: str
    port: int
    tls: bool
    private: bool
    """It may be in a private network."""
    socket: str | None = None
    """The path of a socket on this machine, which is connected to instead."""

    @classmethod
    def of(cls, url: str, *, private: bool) -> "Place":
        """Where a URL leads."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if tls else 80), tls, private)


class Pool:
    """The connections of one process, by place."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """`tls` says whose certificates are good; without it, those that the system trusts."""
        self._idle: dict[Place, deque[HttpConnection]] = {}
        self._open: set[HttpConnection] = set()
        self._tls = tls

    async def send(self, place: Place, head: bytes, body: bytes, connect: float) -> HttpResponse:
        """Send a request and wait for the head of its answer.

        Raises:
            Fault: none came.
        """
        connection = self._kept(place)
        while True:
            if connection is None:
                connection = await self._connect(place, connect)
            fresh = connection.fresh
            response = connection.send(head, body)
            try:
                while not response.status:
                    if response.error is not None:
                        raise response.error
                    await response.wait()
            except Fault as fault:
                if fault.word != "reset" or fresh:
                    raise
                connection = None  # it had been closed over there just before we used it
                continue
            except BaseException:
                response.close()
                raise
            return response

    def close(self) -> None:
        """Close all of them."""
        for connection in list(self._open):
            connection.lost = True
            connection.transport.abort()
        self._open.clear()
        self._idle.clear()

    def _kept(self, place: Place) -> HttpConnection | None:
        kept = self._idle.get(place)
        now = asyncio.get_running_loop().time()
        while kept:
            connection = kept.pop()  # the one that was used last: the others may grow old
            if not connection.lost and now - connection.idle_since < _KEPT:
                return connection
            self._drop(connection)
        return None

    def _drop(self, connection: HttpConnection) -> None:
        self._open.discard(connection)
        if not connection.lost:
            connection.lost = True
            connection.transport.close()

    async def _connect(self, place: Place, seconds: float) -> HttpConnection:
        idle = self._idle.setdefault(place, deque())
        loop = asyncio.get_running_loop()

        def keep(connection: HttpConnection) -> None:
            connection.idle_since = loop.time()
            idle.append(connection)
            while idle and (len(idle) > _MOST_IDLE or idle[0].lost or _is_old(idle[0], loop)):
                self._drop(idle.popleft())

        tls = self._context() if place.tls else None
        try:
            async with asyncio.timeout(seconds):
                connection = await _reach(place, lambda: HttpConnection(keep), tls)
        except TimeoutError:
            raise Fault("connect_timeout", f"`{place.host}` did not answer in time") from None
        except (OSError, ssl.SSLError) as error:
            raise Fault("unreachable", f"{place.host}: {type(error).__name__}") from None
        self._open = {other for other in self._open if not other.lost}
        self._open.add(connection)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


def _is_old(connection: HttpConnection, loop: asyncio.AbstractEventLoop) -> bool:
    return loop.time() - connection.idle_since > _KEPT


async def _addresses(place: Place) -> list[str]:
    try:
        literal = ipaddress.ip_address(place.host)
    except ValueError:
        found = await resolve(place.host, place.port, private=place.private)
        return [address for _, address in found]
    return [str(literal)]  # whether it may be one was looked at when the configuration was read


async def _reach(
    place: Place, make: Callable[[], HttpConnection], tls: ssl.SSLContext | None
) -> HttpConnection:
    """A connection to the first address that takes one."""
    loop = asyncio.get_running_loop()
    if place.socket is not None:
        return (await loop.create_unix_connection(make, place.socket))[1]
    last: OSError = OSError("there is no address")
    for address in await _addresses(place):
        try:
            _, connection = await loop.create_connection(
                make,
                address,
                place.port,
                ssl=tls,
                server_hostname=place.host if tls is not None else None,
            )
        except OSError as error:
            last = error
        else:
            return connection
    raise last
