"""One event, and the hash that chains it to the one before."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonObject, JsonValue, canonical

_STREAM = re.compile(r"[a-z][a-z0-9_-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,3}")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no number yet. `id` makes a second try of the same append harmless."""

    stream: str
    kind: str
    actor: str
    data: JsonObject
    id: UUID
    at: datetime
    resent: bool = False
    """The caller chose the id, so the event may be stored already."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stream. `seq` starts at 1 and has no gaps; `at` is UTC to the microsecond."""

    stream: str
    seq: int
    id: UUID
    at: datetime
    kind: str
    actor: str
    data: JsonObject
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream ends. A new `epoch` means that what was read before is of another log."""

    epoch: UUID
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking a stream's numbers and hashes found; `broken_at` is the first bad number."""

    stream: str
    checked: int
    first: int
    last: int
    broken_at: int | None

    @property
    def intact(self) -> bool:
        """True when no event is missing, changed or added."""
        return self.broken_at is None


def chain(previous: bytes, draft: Draft, seq: int, text: bytes) -> bytes:
    """The SHA-256 over the previous hash and all that the event says; `text` is its data."""
    head: JsonValue = [
        draft.stream,
        seq,
        str(draft.id),
        draft.at.isoformat(),
        draft.kind,
        draft.actor,
    ]
    return hashlib.sha256(previous + canonical(head) + text).digest()


def genesis(stream: str, epoch: UUID) -> bytes:
    """The hash before the first event of a stream."""
    return hashlib.sha256(f"{stream}:{epoch}".encode()).digest()


def check_stream_name(stream: str) -> str:
    """The name itself, when it is one.

    Raises:
        Invalid: it is not.
    """
    if not _STREAM.fullmatch(stream):
        raise Invalid(
            f"`{stream[:80]}` is not a stream's name",
            hint="use lower-case words and up to three parts after slashes, such as `notes/build`",
        )
    return stream


COLUMNS = "stream, seq, id, at, kind, actor, data, hash"


def event_of_row(row: "Mapping[str, Any]") -> Event:  # what the driver gives is not typed
    """An event from a row with `COLUMNS`; the driver gives `json` as its exact text."""
    return Event(
        stream=row["stream"],
        seq=row["seq"],
        id=UUID(int=row["id"].int),
        at=row["at"].astimezone(UTC),
        kind=row["kind"],
        actor=row["actor"],
        data=orjson.loads(row["data"]),
        hash=row["hash"],
    )
