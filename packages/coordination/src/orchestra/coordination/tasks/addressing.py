"""Who may see a hand-off, and who may accept it."""

from orchestra.coordination.specs import slug, slug_of
from orchestra.coordination.tables import HandoffRow
from orchestra.coordination.tasks.text import one_line
from orchestra.shared.errors import Forbidden, Invalid
from orchestra.shared.identity import Caller


def recipient_of(name: str | None) -> str | None:
    """Whom a hand-off is for, as it is kept: a slug, `slug@instance`, or None for anybody.

    Raises:
        Invalid: it is no name.
    """
    if name is None:
        return None
    agent, at, instance = name.partition("@")
    if not slug(agent) or len(name) > 64 or (at and not slug(instance)):
        raise Invalid(
            f"`{one_line(name, 80)}` is not an agent's name",
            hint="give the name of its key, such as `codex` or `codex@laptop`; or none, for anybody",
        )
    return f"{slug(agent)}@{slug(instance)}" if at else slug(agent)


def is_for(recipient: str | None, caller: Caller) -> bool:
    """Whether the caller may accept what is for that recipient."""
    if recipient is None:
        return True
    agent, at, _ = recipient.partition("@")
    return recipient == recipient_of(caller.name) if at else agent == slug_of(caller.name)


def visible(row: HandoffRow, caller: Caller) -> bool:
    """Whether the caller may know of a hand-off: what is for a name is between two, and for people."""
    people = caller.kind == "human" or "admin" in caller.scopes
    return people or row.sender_id == caller.principal_id or is_for(row.recipient, caller)


def check_recipient(row: HandoffRow, caller: Caller) -> None:
    """Do nothing when the caller may accept the hand-off.

    Raises:
        Forbidden: it is for somebody else.
    """
    if not is_for(row.recipient, caller):
        raise Forbidden(
            f"the hand-off `{row.id}` is for {row.recipient}",
            hint="its sender or a person can withdraw it, and hand the task to somebody else",
        )
