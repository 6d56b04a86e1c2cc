"""A call in the words of a target: the client's bytes, with the model's name put in."""

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.door.peek import splice
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target
from orchestra.gateway.wire import spoken

_COUNT = b'"stream_options":{"include_usage":true}'


class Bodies:
    """Writes the body for each attempt."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config

    def __call__(self, call: ModelCall, target: Target) -> tuple[bytes, bool]:
        """The body, and whether the target is asked for a usage that the client did not ask for.

        Raises:
            Fault: it cannot be said in the target's dialect.
        """
        if spoken(call.endpoint, target.dialect) != call.endpoint:
            raise Fault("untranslatable", f"`{target.provider}` does not speak this format")
        body = splice(call.body, call.model_at, target.model)
        if not call.stream or call.endpoint != "chat" or call.has_stream_options:
            return body, False
        if not self._config.providers[target.provider].usage:
            return body, False
        return with_usage(body), True


def with_usage(body: bytes) -> bytes:
    """The body of a streamed chat that also asks for its usage."""
    end = body.rstrip().rfind(b"}")
    return b"".join((body[:end].rstrip(), b",", _COUNT, body[end:]))
