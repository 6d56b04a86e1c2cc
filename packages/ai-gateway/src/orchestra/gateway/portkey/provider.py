"""Providers reached through Portkey: a child of ours, or a service elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.portkey.headers import (
    check_format,
    child_path,
    for_child,
    for_service,
    name_of,
)
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.gateway.providers.connection import HttpResponse
from orchestra.gateway.providers.direct import request_head
from orchestra.gateway.providers.headers import PATHS, Credentials, request_headers
from orchestra.gateway.providers.pool import Place, Pool
from orchestra.gateway.routing.failures import Fault, Word
from orchestra.gateway.routing.target import Target, Timeouts
from orchestra.gateway.wire import spoken
from orchestra.shared.errors import Invalid, Unavailable
from pydantic import SecretStr

_UNREACHABLE = "x-orchestra-unreachable"  # as the guard calls it
_WORDS: dict[str, Word] = {
    "ECONNRESET": "reset",
    "EPIPE": "reset",
    "UND_ERR_SOCKET": "reset",
    "ETIMEDOUT": "connect_timeout",
    "UND_ERR_CONNECT_TIMEOUT": "connect_timeout",
    "UND_ERR_HEADERS_TIMEOUT": "answer_timeout",
}
"""What Node calls a call that failed before its answer began; anything else is `unreachable`."""


class Child(Protocol):
    """The open-source gateway, run by somebody."""

    @property
    def socket(self) -> Path:
        """Where it listens, once it was started."""
        ...

    @property
    def failure(self) -> str | None:
        """Why it does not serve, when it does not."""
        ...

    async def start(self) -> object:
        """Begin to keep it running."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return as soon as it serves; raises `Unavailable` when it does not."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class PortkeyProvider:
    """The layer `portkey`. It tries once and in one place: which place is next is ours to say."""

    def __init__(
        self,
        providers: Mapping[str, Credentials],
        section: PortkeySection,
        key: SecretStr | None,
        child: Child | None,
    ) -> None:
        """`key` is the one that `section.key` refers to; no `child` for a service elsewhere."""
        self._providers = providers
        self._section = section
        self._key = key
        self.child = child
        self._pool = Pool()
        self._place: Place | None = None

    async def start(self) -> Self:
        """Start the child, which serves soon after."""
        address = self._section.address
        if self.child is not None:
            await self.child.start()
            self._place = Place(
                "portkey", 0, tls=False, private=True, socket=str(self.child.socket)
            )
        elif address is not None:
            self._place = Place.of(address, private=self._section.private)
        return self

    async def close(self) -> None:
        """Close every connection, and end the child."""
        self._pool.close()
        if self.child is not None:
            await self.child.close()

    def failures(self) -> dict[str, str]:
        """The providers that cannot be asked now, and why; as far as it is Portkey's own doing."""
        why = None if self.child is None else self.child.failure
        if self.child is None and self._section.key is not None and self._key is None:
            why = f"`{self._section.key}` is not set"
        return (
            {} if why is None else dict.fromkeys(self._providers, f"Portkey does not serve: {why}")
        )

    async def open(
        self, attempt: Target, call: ModelCall, body: bytes, timeouts: Timeouts
    ) -> HttpResponse:
        """Send a request and wait for the head of the answer.

        Raises:
            Fault: no head came, or Portkey could not reach the provider.
        """
        to = self._providers[attempt.provider]
        format = spoken(call.endpoint, attempt.dialect)
        if format is None:
            raise Fault("untranslatable", f"`{attempt.provider}` has no such endpoint")
        headers = request_headers(to, call)
        try:
            check_format(to, format)
            url = await self._address(to, PATHS[format], headers, timeouts)
            headers["content-length"] = str(len(body))
            head = request_head(url, "", headers) + b"\r\n"
            answer = await self._pool.send(self._placed(), head, body, timeouts.connect)
        except Invalid as error:
            raise Fault("untranslatable", error.message) from None
        except Unavailable as error:
            raise Fault("unreachable", error.message) from None
        failed = answer.headers.get(_UNREACHABLE)
        if failed is not None and self.child is not None:
            answer.close()
            raise Fault(_WORDS.get(failed, "unreachable"), failed[:100])
        return answer

    def _placed(self) -> Place:
        if self._place is None:
            raise Unavailable("the layer `portkey` was not started", hint="call start() first")
        return self._place

    async def _address(
        self, to: Credentials, path: str, headers: dict[str, str], timeouts: Timeouts
    ) -> str:
        """Where the request goes; adds to its headers what Portkey has to know.

        Raises:
            Unavailable: the child does not serve, or the account has no key.
        """
        if self.child is not None:
            await self.child.wait(timeouts.connect)
            headers.update(for_child(name_of(to), to.section.url))
            return "http://portkey" + child_path(to, path)
        if self._section.key is not None and self._key is None:
            raise Unavailable(
                f"`{self._section.key}` is not set", hint="it is the key of the account at Portkey"
            )
        headers.pop("authorization", None)
        headers.pop("x-api-key", None)
        headers.update(for_service(to, self._key, self._section.config))
        return f"{self._section.address}{path}"
