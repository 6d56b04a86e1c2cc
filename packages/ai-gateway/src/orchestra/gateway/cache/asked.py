"""What a call asks for, as digests: equal ones share an answer, and nothing else does.

Everything in the body counts, known or not, but for whether the answer is streamed. So does who
asks, where, at which commit, and each header that may change the answer.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from orchestra.gateway.cache.config import CacheSection
from orchestra.gateway.calls import ModelCall

MOST_PROMPT = 2_000
"""Characters of a prompt that may be answered by likeness: a longer one says too much to compare."""

_SAME_ANSWER = frozenset(["stream", "stream_options"])
_OF_THE_MOMENT = frozenset(
    [
        "background",
        "container",
        "conversation",
        "functions",
        "mcp_servers",
        "plugins",
        "previous_response_id",
        "prompt",
        "search_parameters",
        "tools",
        "web_search_options",
    ]
)
"""Fields with which an answer depends on more than the request: state elsewhere, a search, tools."""
_HEADERS = ("anthropic-beta", "anthropic-version", "openai-beta", "openai-organization")
_OUR_HEADERS = "x-orchestra-"
_NO_CONTENT = frozenset(
    f"{_OUR_HEADERS}{name}"
    for name in ("cache", "commit", "repository", "request-id", "session", "task")
)

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder(Any)
_messages = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is made: the repository, and its commit where that is known."""

    repository: str = ""
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be answered from the cache."""

    key: bytes
    """Of everything."""
    tenant: str
    commit: str | None
    scope: bytes = b""
    """Of everything but the prompt; empty where likeness is out of the question."""
    family: bytes = b""
    """Of tenant, repository, door, model and system prompt: what is calibrated together."""
    prompt: str = ""


def asked(
    call: ModelCall, place: Place, section: CacheSection, *, explicit: bool, likeness: bool
) -> Asked | None:
    """What a call asks for; None for one whose answer cannot be given again."""
    try:
        fields = _top.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    moment = _OF_THE_MOMENT & fields.keys()
    if moment and not explicit and any(bytes(fields[n]) not in (b"null", b"[]") for n in moment):
        return None
    place = _named_place(call, place)
    tenant = section.tenant(call.caller.principal_id, call.caller.name)
    commit = place.commit if section.by_commit else None
    before = [tenant.encode(), place.repository.encode(), call.endpoint.encode()]
    around = [*before, (commit or "").encode(), *_headers(call.headers)]
    values = [(name, bytes(fields[name])) for name in sorted(fields) if name not in _SAME_ANSWER]
    key = _digest(b"answer", *around, *_flat(values))
    found = _prompt(call, fields) if likeness and not moment else None
    if found is None:
        return Asked(key, tenant, commit)
    field, system, rest, prompt = found
    others = [(name, value) for name, value in values if name != field]
    scope = _digest(b"scope", *around, *_flat([*others, (field, rest)]))
    family = _digest(b"family", *before, call.model.encode(), system)
    return Asked(key, tenant, commit, scope, family, prompt)


def _named_place(call: ModelCall, place: Place) -> Place:
    """Where the client says that it is; it may know better than the process that serves."""
    repository = call.headers.get("x-orchestra-repository", place.repository)
    return Place(repository, call.headers.get("x-orchestra-commit", place.commit))


def _headers(headers: Mapping[str, str]) -> Iterable[bytes]:
    for name in sorted(headers):
        if name in _HEADERS or (name.startswith(_OUR_HEADERS) and name not in _NO_CONTENT):
            yield f"{name}: {headers[name]}".encode()


def _flat(values: Iterable[tuple[str, bytes]]) -> Iterable[bytes]:
    for name, value in values:
        yield name.encode()
        yield value


def _digest(*parts: bytes) -> bytes:
    """Of the parts and of how long each is: `ab`, `c` is another than `a`, `bc`."""
    lengths = ",".join([str(len(part)) for part in parts]).encode()
    return hashlib.blake2b(b";".join((lengths, *parts)), digest_size=32).digest()


def _prompt(
    call: ModelCall, fields: Mapping[str, msgspec.Raw]
) -> tuple[str, bytes, bytes, str] | None:
    """The field with the prompt, the system prompt, the field without the prompt, and the prompt."""
    system = bytes(fields.get("system", fields.get("instructions", b"")))
    if call.endpoint == "responses":
        text = _any.decode(fields["input"]) if "input" in fields else None
        return _usable("input", system, b"", text)
    try:
        listed = _messages.decode(fields["messages"])
        last = _any.decode(listed[-1])
    except (KeyError, IndexError, msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(last, dict) or last.keys() != {"role", "content"} or last["role"] != "user":
        return None
    earlier = [bytes(one) for one in listed[:-1]]
    if _encode(last) != _compact(bytes(listed[-1])):
        return None  # a key twice, or escapes that two readers may read differently
    first = earlier[0] if earlier else b""
    return _usable("messages", system + first, b"\n".join(earlier), last["content"])


def _usable(
    field: str, system: bytes, rest: bytes, text: object
) -> tuple[str, bytes, bytes, str] | None:
    if isinstance(text, list) and len(text) == 1 and isinstance(text[0], dict):
        only = text[0]
        text = only.get("text") if only.keys() == {"type", "text"} else None
    if not isinstance(text, str) or not 0 < len(text.strip()) or len(text) > MOST_PROMPT:
        return None
    return field, system, rest, text


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def _compact(value: bytes) -> bytes:
    """The same JSON in the way in which we write it."""
    return _encode(_any.decode(value)) if b"\\u" in value else msgspec.json.format(value, indent=-1)
