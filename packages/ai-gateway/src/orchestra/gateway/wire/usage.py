"""What a provider says it used, in each dialect's words, as one `Usage`."""

from typing import TypeGuard

from orchestra.gateway.calls import Finish, Usage

_MOST = 2**53  # tokens, or nano-dollars: beyond it a number is noise

FINISHES: dict[str, Finish] = {
    # OpenAI's chat, and what compatible hosts say instead
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
    # Anthropic's messages
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    # Cohere's second version
    "complete": "stop",
    "tool_call": "tool_calls",
    "error_toxic": "content_filter",
    "error_limit": "length",
    "timeout": "error",
}


def finish_of(reason: str) -> Finish:
    """The word for how an answer ended; one that nobody knows is taken for an ordinary end."""
    return FINISHES.get(reason.lower(), "stop")


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a decoded value is a JSON object."""
    return isinstance(value, dict)


def openai_usage(found: object, tier: str | None = None) -> Usage | None:
    """Of chat, embeddings and responses; with OpenRouter's own count of what it took."""
    if not is_object(found):
        return None
    into = _part(found, "prompt_tokens_details", "input_tokens_details")
    out = _part(found, "completion_tokens_details", "output_tokens_details")
    return Usage(
        input=_count(found, "prompt_tokens", "input_tokens"),
        cached=_count(into, "cached_tokens") or _count(found, "prompt_cache_hit_tokens"),
        cache_written=_count(into, "cache_write_tokens", "cache_creation_tokens"),
        output=_count(found, "completion_tokens", "output_tokens"),
        reasoning=_count(out, "reasoning_tokens"),
        cost=_cost(found),
        tier=tier,
    )


def anthropic_usage(found: object) -> Usage | None:
    """Of messages, where `input_tokens` leaves out what the cache gave or took."""
    if not is_object(found):
        return None
    cached = _count(found, "cache_read_input_tokens")
    written = _count(found, "cache_creation_input_tokens")
    out = _part(found, "output_tokens_details")
    tier = found.get("service_tier")
    return Usage(
        input=_count(found, "input_tokens") + cached + written,
        cached=cached,
        cache_written=written,
        output=_count(found, "output_tokens"),
        reasoning=_count(out, "thinking_tokens", "reasoning_tokens"),
        cost=_cost(found),
        cache_written_long=_count(_part(found, "cache_creation"), "ephemeral_1h_input_tokens"),
        tier=tier if isinstance(tier, str) else None,
    )


def cohere_usage(found: object) -> Usage | None:
    """Of Cohere's second version: what is billed, else what was counted."""
    if not is_object(found):
        return None
    counted = _part(found, "billed_units") or _part(found, "tokens")
    return Usage(
        input=_count(counted, "input_tokens"),
        cached=_count(found, "cached_tokens"),
        output=_count(counted, "output_tokens"),
    )


def _part(found: dict[str, object], *names: str) -> dict[str, object]:
    for name in names:
        part = found.get(name)
        if is_object(part):
            return part
    return {}


def _count(found: dict[str, object], *names: str) -> int:
    for name in names:
        value = found.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _MOST:
            return int(value)
    return 0


def _cost(found: dict[str, object]) -> int | None:
    """Nano-dollars; with a key of one's own, OpenRouter's fee and what the provider took."""
    cost = _nano(found.get("cost"))
    if cost is not None and found.get("is_byok") is True:
        cost += _nano(_part(found, "cost_details").get("upstream_inference_cost")) or 0
    return cost


def _nano(dollars: object) -> int | None:
    if not isinstance(dollars, (int, float)) or isinstance(dollars, bool):
        return None
    return round(dollars * 1e9) if 0 <= dollars < _MOST / 1e9 else None
