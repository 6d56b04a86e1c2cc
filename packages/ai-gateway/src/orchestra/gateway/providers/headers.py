"""Which headers go to a provider, and which of its own come back."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.config import ProviderSection
from orchestra.gateway.wire import Format
from pydantic import SecretStr

PATHS: dict[Format, str] = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
    "messages": "/messages",
    "count_tokens": "/messages/count_tokens",
}
"""Where each format is asked for, after a provider's URL."""

_OPENAIS = ("openai-beta", "http-referer", "x-title")
_ANTHROPICS = ("anthropic-version", "anthropic-beta")
_RETURNED = frozenset(
    {
        "content-type",
        "retry-after",
        "retry-after-ms",
        "request-id",
        "x-request-id",
        "x-should-retry",
        "openai-processing-ms",
        "openai-version",
    }
)
_LONGEST = 2048  # bytes of a value
_VERSION = "2023-06-01"  # of Anthropic's API, where the client says none


@dataclass(frozen=True, slots=True)
class Credentials:
    """A provider with its key; the key is written into headers for that provider and nowhere else."""

    section: ProviderSection
    key: SecretStr | None

    def __repr__(self) -> str:
        return f"Credentials({self.section.url})"


def request_headers(to: Credentials, call: ModelCall) -> dict[str, str]:
    """What a provider is sent: its own key, never the client's, and what is known to be harmless."""
    return {**forwarded(to, call), **own_headers(to, stream=call.stream)}


def forwarded(to: Credentials, call: ModelCall) -> dict[str, str]:
    """What of the client's headers goes to the provider."""
    headers = {}
    given = call.headers
    for name in _ANTHROPICS if to.section.kind == "anthropic" else _OPENAIS:
        value = given.get(name)
        if value is not None and len(value) <= _LONGEST and value.isascii() and value.isprintable():
            headers[name] = value
    if to.section.kind == "anthropic":
        headers.setdefault("anthropic-version", _VERSION)
    return headers


def own_headers(to: Credentials, *, stream: bool) -> dict[str, str]:
    """What a provider is sent with each call; it wins over what the client says."""
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
        "accept-encoding": "identity",
        "user-agent": "orchestra-gateway",
    }
    if to.key is not None:
        key = to.key.get_secret_value()
        if to.section.kind == "anthropic":
            headers["x-api-key"] = key
        else:
            headers["authorization"] = f"Bearer {key}"
    if to.section.headers:
        headers.update({name.lower(): value for name, value in to.section.headers.items()})
    return headers


def response_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """What the client gets to see of a provider's headers; no cookies, and nothing of an account."""
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name in _RETURNED and value.isprintable()
    ]
