"""A request for a chat completion or embeddings, as Cohere's compatible door takes it."""

from orchestra.gateway.wire.fields import Dropped, refused
from orchestra.shared.json import JsonObject

_CHAT = frozenset(
    [
        "model",
        "messages",
        "stream",
        "tools",
        "response_format",
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "reasoning_effort",
    ]
)
_EMBEDDINGS = frozenset(("model", "input", "encoding_format"))
_EFFORTS: dict[str, str] = {"minimal": "none", "low": "high", "medium": "high"}


def to_cohere(chat: JsonObject, model: str, dropped: Dropped) -> JsonObject:
    """The same request with what that door knows.

    Raises:
        Invalid: what it does not know changes the meaning of the answer; the error names it.
    """
    if chat.get("n") not in (None, 1):
        raise refused("n", f"is {chat['n']}, and this provider gives one answer", "send `n` 1")
    for name in ("audio", "web_search_options", "functions", "function_call"):
        if chat.get(name) is not None:
            raise refused(name, "is not had from Cohere")
    request: JsonObject = {name: chat[name] for name in chat if name in _CHAT} | {"model": model}
    if chat.get("max_completion_tokens") is not None:
        request["max_tokens"] = chat["max_completion_tokens"]
    choice = chat.get("tool_choice")
    if isinstance(choice, dict):
        raise refused("tool_choice", "names one tool; Cohere chooses", "send auto or required")
    if choice is not None and choice != "auto":
        request["tool_choice"] = choice
    for name in ("frequency_penalty", "presence_penalty"):
        value = request.get(name)
        if isinstance(value, (int, float)) and not 0 <= value <= 1:
            request[name] = min(max(value, 0), 1)
            dropped.add(name, "brought between 0 and 1")
    effort = request.get("reasoning_effort")
    if isinstance(effort, str) and effort in _EFFORTS:
        request["reasoning_effort"] = _EFFORTS[effort]
        dropped.add("reasoning_effort", f"`{effort}` was taken as `{_EFFORTS[effort]}`")
    known = _CHAT | {"n", "max_completion_tokens", "tool_choice"}
    dropped.rest({name: value for name, value in chat.items() if value != {}}, known)
    return request


def to_cohere_embeddings(asked: JsonObject, model: str, dropped: Dropped) -> JsonObject:
    """A request for embeddings with what that door knows."""
    if asked.get("dimensions") is not None:
        raise refused("dimensions", "cannot be chosen at Cohere's compatible door")
    dropped.rest(asked, _EMBEDDINGS)
    return {name: asked[name] for name in asked if name in _EMBEDDINGS} | {"model": model}
