"""One question to a model from inside the process, through the same gateway as every other call."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from orchestra.gateway.calls import ModelCall
from orchestra.gateway.door.request import call_of
from orchestra.gateway.gateway import Gateway, Headers
from orchestra.shared.errors import Invalid, Unavailable
from orchestra.shared.identity import Caller
from orchestra.shared.wording import plain

_SHOWN = 300  # characters of what a provider said


@dataclass(frozen=True, slots=True)
class Told:
    """What a model said. As a text, it is that."""

    text: str
    provider: str
    model: str
    route: str
    attempts: int
    cache: str
    """`miss`, or how it came to be answered from the cache."""
    cost: str | None
    """Dollars, as a decimal; None when nobody knows."""

    def __str__(self) -> str:
        return self.text


class _Message(msgspec.Struct):
    content: "str | list[dict[str, object]] | None" = None


class _Choice(msgspec.Struct):
    message: _Message


class _Chat(msgspec.Struct):
    choices: list[_Choice] = msgspec.field(default_factory=list)


class _Kept:
    """Holds a whole answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = {name.decode(): value.decode("latin-1") for name, value in headers}

    async def begin(self, status: int, headers: Headers) -> None:
        await self.whole(status, headers, b"")

    async def piece(self, data: bytes) -> None:
        self.body += data

    async def end(self) -> None:
        """It is whole."""


def question(
    caller: Caller,
    prompt: str,
    *,
    model: str,
    max_tokens: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> ModelCall:
    """The call that a question makes; `headers` are what a client could have sent.

    Raises:
        OrchestraError: no model can have that name.
    """
    document: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
    }
    if max_tokens is not None:
        document["max_tokens"] = max_tokens
    return call_of("chat", caller, dict(headers or {}), msgspec.json.encode(document))


async def answered(gateway: Gateway, call: ModelCall) -> Told:
    """Make the call, and wait for the whole answer.

    Raises:
        OrchestraError: nobody answered, or not this question.
    """
    kept = _Kept()
    await gateway.answer(call, kept)
    if kept.status != 200:
        said = plain(kept.body[:2000].decode(errors="replace"), _SHOWN)
        raise Invalid(
            f"the model did not take the question ({kept.status}): {said}",
            hint="change the question, or ask another model",
        )
    ours = {name.removeprefix("x-orchestra-"): value for name, value in kept.headers.items()}
    return Told(
        text=_text(kept.body),
        provider=ours.get("provider", ""),
        model=ours.get("model", ""),
        route=ours.get("route", ""),
        attempts=int(ours.get("attempts", "0")),
        cache=ours.get("cache", "miss"),
        cost=ours.get("cost"),
    )


def _text(body: bytes) -> str:
    try:
        chat = msgspec.json.decode(body, type=_Chat)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"the answer cannot be read: {plain(error, _SHOWN)}", hint="ask again, or another model"
        ) from None
    content = chat.choices[0].message.content if chat.choices else None
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content or ""
