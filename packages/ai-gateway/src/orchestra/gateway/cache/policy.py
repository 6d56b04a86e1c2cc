"""Which calls the cache has to do with: what the client says, what it asks for, what is settled."""

from dataclasses import dataclass

from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.calls import ModelCall
from orchestra.shared.errors import Invalid

HEADER = "x-orchestra-cache"
LOW_TEMPERATURE = 0.3
MOST_MESSAGES = 4
"""Of a call that may be answered by likeness; longer ones are conversations."""

_WORDS = ("off", "refresh", "exact", "semantic")
_AGENTS = ("claude-cli", "claude-code", "codex", "cursor", "opencode", "aider", "gemini-cli")


@dataclass(frozen=True, slots=True)
class Wish:
    """What may be done for a call."""

    find: bool
    keep: bool
    semantic: bool
    explicit: bool = False
    """The client asked for it: it knows what its call depends on."""


NOTHING = Wish(find=False, keep=False, semantic=False)


def wish(call: ModelCall, section: CacheSection) -> Wish:
    """What the cache may do for a call.

    Raises:
        Invalid: the header `x-orchestra-cache` says something else than `off`, `refresh`, `exact` or
            `semantic`.
    """
    said = _said(call.headers.get(HEADER))
    if not section.exact or "off" in said or call.endpoint == "count_tokens":
        return NOTHING
    explicit = bool(said - {"refresh"})
    if not explicit and (call.uses_tools or not _is_settled(call, section)):
        return NOTHING
    near = "semantic" in said or (not said and section.likeness_allowed(call.model))
    return Wish(
        find="refresh" not in said,
        keep=True,
        semantic=near and "refresh" not in said and _is_a_question(call),
        explicit=explicit,
    )


def _said(header: str | None) -> set[str]:
    if header is None:
        return set()
    words = {word.strip().lower() for word in header.split(",")} - {""}
    if unknown := sorted(words - set(_WORDS)):
        raise Invalid(
            f"`{HEADER}` says `{unknown[0][:40]}`", hint=f"say one of: {', '.join(_WORDS)}"
        )
    return words


def _is_settled(call: ModelCall, section: CacheSection) -> bool:
    """Whether asking again would hardly give another answer; a provider's default is 1."""
    if call.endpoint == "embeddings" or section.temperature_ignored(call.model):
        return True
    return call.temperature is not None and 0 <= call.temperature <= LOW_TEMPERATURE


def _is_a_question(call: ModelCall) -> bool:
    """Short, without tools, and from no agent: what an agent sees changes while its words do not."""
    agent = call.headers.get("user-agent", "").lower().startswith(_AGENTS)
    return not (agent or call.uses_tools or call.messages > MOST_MESSAGES) and call.endpoint in (
        "chat",
        "messages",
        "responses",
    )
