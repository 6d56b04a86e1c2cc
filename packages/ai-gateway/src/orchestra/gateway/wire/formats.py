"""Which format a provider speaks at which door."""

from typing import Literal, TypeAlias

from orchestra.gateway.calls import Endpoint

Format: TypeAlias = Literal["chat", "responses", "embeddings", "messages", "count_tokens"]
"""What is on the wire: OpenAI's three formats, Anthropic's two."""

Dialect: TypeAlias = Literal["openai", "openai-chat", "anthropic", "cohere"]
"""`openai` has all three of OpenAI's; `openai-chat` is a compatible host without responses; `cohere`
is Cohere's own compatible door, which takes fewer parameters."""

_SPOKEN: dict[str, dict[Endpoint, Format]] = {
    "openai": {
        "chat": "chat",
        "responses": "responses",
        "embeddings": "embeddings",
        "messages": "chat",
    },
    "openai-chat": {
        "chat": "chat",
        "responses": "chat",
        "embeddings": "embeddings",
        "messages": "chat",
    },
    "anthropic": {
        "chat": "messages",
        "responses": "messages",
        "messages": "messages",
        "count_tokens": "count_tokens",
    },
    "cohere": {
        "chat": "chat",
        "responses": "chat",
        "embeddings": "embeddings",
        "messages": "chat",
    },
}


def spoken(door: Endpoint, dialect: str) -> Format | None:
    """The format in which a provider of this dialect is asked what came in at this door.

    None where it cannot be: Anthropic has no embeddings, and only Anthropic counts tokens.
    """
    return _SPOKEN.get(dialect, {}).get(door)
