"""What can go wrong with an attempt, and what that means for the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

Word = Literal[
    "unreachable",  # no connection
    "connect_timeout",
    "reset",  # the connection broke before the answer's head
    "cut",  # and after it
    "answer_timeout",  # no head in time
    "first_token_timeout",
    "stalled",  # a piece did not come in time
    "too_long",  # the answer went on for longer than the route lets it
    "garbled",  # it cannot be read as what it should be
    "rate_limited",
    "quota",  # nothing left on the account
    "server_error",
    "unavailable",
    "key_refused",
    "not_found",
    "context_length",
    "content_filter",
    "unsupported",  # this model cannot do what others can
    "bad_request",
    "untranslatable",  # there is no way to say the call in the target's dialect
    "open",  # not asked: it failed too often a moment ago
    "deadline",  # no time was left
]

Next = Literal["same", "once", "other", "larger", "stop"]
"""Ask the same again; the same once more; the next target; a larger model; nobody."""

_NEXT: dict[Word, Next] = {
    "rate_limited": "same",
    "server_error": "once",
    "reset": "once",
    "context_length": "larger",
    "content_filter": "stop",
    "bad_request": "stop",
    "deadline": "stop",
}

_CALLERS: frozenset[Word] = frozenset(
    {"context_length", "content_filter", "bad_request", "unsupported", "untranslatable", "open"}
)


class Fault(Exception):
    """An attempt that failed."""

    def __init__(
        self,
        word: Word,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message or word)
        self.word: Word = word
        self.status = status
        self.retry_after = retry_after

    @property
    def next(self) -> Next:
        """What to do about it."""
        return _NEXT.get(self.word, "other")

    @property
    def blames_provider(self) -> bool:
        """Whether it says something about the provider rather than about the call."""
        return self.word not in _CALLERS


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status of 400 or more, as the provider sent it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_CONTEXT = (
    b"context_length_exceeded",
    b"context length",
    b"context window",
    b"prompt is too long",
    b"too many tokens",
    b"maximum context",
    b"input is too long",
)
_FILTER = (b"content_filter", b"content_policy", b"content management policy", b"moderation")
_PREFILL = (b"prefill", b"must end with a user message")
_QUOTA = (b"insufficient_quota", b"billing_hard_limit", b"credit balance")
_LOOKED_AT = 16_384  # bytes of a refusal


def fault_of(refusal: Refusal, now: float) -> Fault:
    """The failure that a refusal stands for; `now` in seconds since 1970."""
    text = refusal.body[:_LOOKED_AT].lower()
    word = _word(refusal.status, text)
    return Fault(word, status=refusal.status, retry_after=retry_after(refusal.headers, now))


def _word(status: int, text: bytes) -> Word:
    if status == 429:
        return "quota" if _any(_QUOTA, text) else "rate_limited"
    if status in (401, 402) or (status == 403 and not _any(_FILTER, text)):
        return "quota" if status == 402 else "key_refused"
    if status in (404, 410):
        return "not_found"
    if 400 <= status < 500:
        return _word_of_request(status, text)
    if status in (502, 503, 504, 529):
        return "unavailable"
    return "server_error" if status >= 500 else "garbled"


def _word_of_request(status: int, text: bytes) -> Word:
    if _any(_CONTEXT, text):
        return "context_length"
    if _any(_FILTER, text):
        return "content_filter"
    if _any(_QUOTA, text):
        return "quota"
    if _any(_PREFILL, text):
        return "unsupported"
    return "unavailable" if status in (408, 409, 425) else "bad_request"


def _any(phrases: tuple[bytes, ...], text: bytes) -> bool:
    return any(phrase in text for phrase in phrases)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds in `Retry-After`, given as such or as a date; None when there are none."""
    if (millis := headers.get("retry-after-ms", "")).isdigit():
        return int(millis) / 1000
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, IndexError):
            return None
    return max(0.0, seconds) if seconds < 86_400 else 86_400.0
