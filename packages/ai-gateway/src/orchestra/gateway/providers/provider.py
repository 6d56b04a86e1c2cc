"""What the executor needs of a provider: one attempt, opened, read and closed."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.routing.target import Target, Timeouts


class Response(Protocol):
    """An answer whose head is there and whose body is still to come."""

    @property
    def status(self) -> int:
        """The status of its head."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces as they come; raises `Fault` when it breaks off."""
        ...

    def close(self) -> None:
        """Let go at once; what is not read yet is cancelled upstream. Any number of times."""
        ...


class Provider(Protocol):
    """A way to reach targets: directly, or through another gateway."""

    async def open(
        self, attempt: Target, call: ModelCall, body: bytes, timeouts: Timeouts
    ) -> Response:
        """Send a request and wait for the head of the answer; cancelling this cancels it upstream.

        Raises:
            Fault: no head came, and why.
        """
        ...
