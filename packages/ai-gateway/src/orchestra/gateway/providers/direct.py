"""Providers over HTTPS, with connections that are kept open."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.providers.connection import HttpResponse
from orchestra.gateway.providers.headers import PATHS, Credentials, forwarded, own_headers
from orchestra.gateway.providers.pool import Place, Pool
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target, Timeouts
from orchestra.gateway.wire import Format, spoken


class DirectProvider:
    """Sends requests to the providers of the configuration, and to no other place."""

    def __init__(self, providers: Mapping[str, Credentials]) -> None:
        self._providers = providers
        self._places = {
            name: Place.of(to.section.url, private=to.section.private)
            for name, to in providers.items()
        }
        self._heads: dict[tuple[str, Format, bool], bytes] = {}
        """What is the same in each request, with the provider's key in it."""
        self._pool = Pool()

    async def start(self) -> None:
        """Connections are opened when they are needed."""

    async def close(self) -> None:
        """Close every connection."""
        self._pool.close()

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
        key = (attempt.provider, format, call.stream)
        head = self._heads.get(key)
        if head is None:
            own = own_headers(to, stream=call.stream)
            head = self._heads[key] = request_head(to.section.url, PATHS[format], own)
        lines = "".join([f"{name}: {value}\r\n" for name, value in forwarded(to, call).items()])
        head = b"%s%scontent-length: %d\r\n\r\n" % (head, lines.encode("ascii"), len(body))
        place = self._places[attempt.provider]
        return await self._pool.send(place, head, body, timeouts.connect)


def request_head(url: str, path: str, headers: Mapping[str, str]) -> bytes:
    """The beginning of a request; the values have been looked at: none can end a line."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path.rstrip('/')}{path} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, ""]).encode("latin-1")
