"""Who may change which note: nobody gains trust or reach by it."""

from datetime import datetime

from orchestra.context.memory.note import Note, Trust
from orchestra.context.memory.scope import is_person
from orchestra.shared.errors import Conflict, Forbidden
from orchestra.shared.identity import Caller

_RANKS: dict[Trust, int] = {"untrusted": 0, "agent": 1, "person": 2}


def trust_of(caller: Caller, *, untrusted: bool, replaced: Trust | None = None) -> Trust:
    """Whose word a note is. What an agent puts in a note's place is trusted no more than that."""
    own: Trust = "untrusted" if untrusted else "person" if is_person(caller) else "agent"
    if replaced is None or is_person(caller):
        return own
    return min(own, replaced, key=lambda trust: _RANKS[trust])


def replaces(caller: Caller, trust: Trust, until: datetime | None, known: Note) -> bool:
    """Whether a note that says what a known one says shall stand in its place.

    It does when it lasts longer, or when a person vouches for what only an agent said.
    """
    if known.trust == "person" and not is_person(caller):
        return False
    longer = known.expires_at is not None and (until is None or until > known.expires_at)
    return longer or (is_person(caller) and _RANKS[known.trust] < _RANKS[trust])


def check_supersede(caller: Caller, note: Note) -> None:
    """Do nothing when the caller may put another note in this one's place.

    Raises:
        Conflict: it is superseded or forgotten already.
        Forbidden: it is a person's, and the caller is none.
    """
    if note.state == "superseded":
        raise Conflict(
            f"`{note.id}` was superseded by `{note.superseded_by}`",
            hint="read that one, and supersede it if it is wrong too",
        )
    if note.state == "forgotten":
        raise Conflict(f"`{note.id}` was forgotten", hint="restore it first, or add a new note")
    if note.trust == "person" and not is_person(caller):
        raise Forbidden(
            f"`{note.id}` is the word of a person, which an agent cannot supersede",
            hint="add a note of your own that says what you found, and tell a person",
        )


def check_forget(caller: Caller, note: Note) -> None:
    """Do nothing when the caller may forget the note.

    Raises:
        Forbidden: it is somebody else's, and the caller is no person.
    """
    if note.author != caller.name and not is_person(caller):
        raise Forbidden(
            f"`{note.id}` is of `{note.author}`; an agent can forget only what it wrote",
            hint="supersede it with what is true, or ask a person",
        )


def check_restore(caller: Caller, note: Note, successor: Note | None) -> None:
    """Do nothing when the caller may let the note stand again.

    Raises:
        Conflict: nothing hides it.
        Forbidden: it is somebody else's, or it was taken out of sight by somebody else.
    """
    if note.state == "current":
        raise Conflict(f"`{note.id}` is current; there is nothing to undo", hint="nothing was done")
    if is_person(caller):
        return
    check_forget(caller, note)
    by_other = note.forgotten_by not in (None, caller.name)
    if by_other or (successor is not None and successor.trust == "person"):
        who = note.forgotten_by if by_other else "a person"
        raise Forbidden(
            f"`{note.id}` was taken out of sight by {who}", hint="ask a person to restore it"
        )
