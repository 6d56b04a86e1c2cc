"""A call in the words of a target: the client's own bytes wherever the target speaks its format."""

from collections.abc import Mapping

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.config import ProviderSection
from orchestra.gateway.door.peek import splice
from orchestra.gateway.routing.attempt import Prepared
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.target import Target
from orchestra.gateway.wire import translator
from orchestra.shared.errors import Invalid

_COUNT = b'"stream_options":{"include_usage":true}'


class Bodies:
    """Writes the body for each attempt."""

    def __init__(self, providers: Mapping[str, ProviderSection]) -> None:
        self._providers = providers

    def __call__(self, call: ModelCall, target: Target) -> Prepared:
        """The body for a target, and how its answer is read.

        Raises:
            Fault: it cannot be said in the target's dialect.
        """
        try:
            translation = translator(call.endpoint, target.dialect)
            if translation is not None:
                return Prepared(translation.request(call.body, target.model), translation)
        except LookupError:
            message = f"`{target.provider}` has nothing for {call.endpoint}"
            raise Fault("untranslatable", message) from None
        except Invalid as error:
            raise Fault("untranslatable", error.message) from None
        body = splice(call.body, call.model_at, target.model)
        if not call.stream or call.endpoint != "chat" or call.has_stream_options:
            return Prepared(body)
        if not self._providers[target.provider].usage:
            return Prepared(body)
        return Prepared(_counted(body), uncounted=True)


def _counted(body: bytes) -> bytes:
    """The body of a streamed chat that also asks for its usage."""
    end = body.rstrip().rfind(b"}")
    return b"".join((body[:end].rstrip(), b",", _COUNT, body[end:]))
