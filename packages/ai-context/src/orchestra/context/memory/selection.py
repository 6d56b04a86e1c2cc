"""Says in SQL which notes a caller may see, and which of them it asked for."""

from collections.abc import Sequence
from datetime import datetime

from orchestra.context.memory.draft import path_of, tag_of
from orchestra.context.memory.filter import Filter
from orchestra.context.memory.note import State
from orchestra.context.memory.scope import is_person, visible
from orchestra.context.memory.text import words
from orchestra.context.tables import NoteRow
from orchestra.shared.identity import Caller
from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    any_,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

_MOST_TERMS = 64  # words of a question that are looked for

Condition = ColumnElement[bool]


def state_is(state: State, now: datetime) -> Condition:
    """Notes in one state; a note is in exactly one."""
    forgotten = NoteRow.forgotten_at.is_not(None)
    superseded = NoteRow.superseded_by.is_not(None)
    expired = and_(NoteRow.expires_at.is_not(None), NoteRow.expires_at <= now)
    hidden = {
        "forgotten": forgotten,
        "superseded": and_(~forgotten, superseded),
        "expired": and_(~forgotten, ~superseded, expired),
        "current": and_(
            ~forgotten, ~superseded, or_(NoteRow.expires_at.is_(None), NoteRow.expires_at > now)
        ),
    }
    return hidden[state]


def state_of(row: NoteRow, now: datetime) -> State:
    """The state of one note."""
    if row.forgotten_at is not None:
        return "forgotten"
    if row.superseded_by is not None:
        return "superseded"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "current"


def readable(workspace: str, caller: Caller) -> list[Condition]:
    """All that the caller may see: what was forgotten, only who wrote it and people."""
    conditions: list[Condition] = [NoteRow.workspace == workspace]
    scopes = visible(caller, None)
    if scopes is not None:
        conditions.append(NoteRow.scope.in_(scopes))
    if not is_person(caller):
        conditions.append(or_(NoteRow.forgotten_at.is_(None), NoteRow.author == caller.name))
    return conditions


def wanted(caller: Caller, filter: Filter, now: datetime) -> list[Condition]:
    """What a filter asks for, beside what may be seen.

    Raises:
        Invalid: a scope, a tag or a path is not one.
    """
    conditions = [or_(*(state_is(state, now) for state in filter.states))]
    if filter.scopes is not None:
        conditions.append(NoteRow.scope.in_(visible(caller, filter.scopes) or []))
    if filter.kinds:
        conditions.append(NoteRow.kind.in_(filter.kinds))
    for tag in filter.tags:
        conditions.append(NoteRow.tags.contains([tag_of(tag)]))
    if filter.paths:
        conditions.append(or_(*(_speaks_of(path_of(path)) for path in filter.paths)))
    return conditions


def by_words(
    question: str, most: int = _MOST_TERMS
) -> tuple[Condition, ColumnElement[float]] | None:
    """Notes in which a word of the question occurs, and how well they fit; None without words.

    Of more words than `most`, the longest are looked for: they tell most.
    """
    terms = sorted(dict.fromkeys(words(question)), key=len, reverse=True)[:most]
    if not terms:
        return None
    query = func.to_tsquery(
        literal_column("'english'::regconfig"), " | ".join(f"'{term}'" for term in terms)
    )
    search: ColumnElement[str] = literal_column("memory_notes.search")
    return search.op("@@")(query), func.ts_rank(search, query, 1)


def among(ids: Sequence[str]) -> Condition:
    """These notes; however many, it is one parameter."""
    return NoteRow.id == any_(literal(list(ids), ARRAY(Text)))


def _speaks_of(path: str) -> Condition:
    """A note of this very path, of something in it, or of a folder that it is in."""
    spoken = func.unnest(NoteRow.paths, type_=Text).column_valued("spoken")
    return (
        select(spoken)
        .where(
            or_(
                spoken == path,
                func.starts_with(spoken, f"{path}/"),
                func.starts_with(literal(path), spoken.concat("/")),
            )
        )
        .exists()
    )
