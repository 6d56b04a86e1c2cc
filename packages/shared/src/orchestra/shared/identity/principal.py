"""The caller of a request, and the scopes that a key can carry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from orchestra.shared.errors import Forbidden
from orchestra.shared.identity.keys import KeyText

Kind = Literal["human", "agent", "service"]
Scope = Literal[
    "admin",  # everything
    "context:read",  # see the live context
    "events:read",  # read and verify event streams
    "events:write",  # append to `notes/…`
    "memory:read",  # find notes
    "memory:write",  # add, supersede, forget and restore notes
    "keys:manage",  # create, list and revoke keys
    "webhooks:manage",  # send the context elsewhere
    "tasks:read",  # see tasks and hand-offs
    "tasks:write",  # create, claim, complete and hand over tasks
    "approvals:read",  # see what waits for a decision
    "approvals:decide",  # approve and deny; for people
    "infra:preview",  # see what a change of infrastructure would do
    "infra:apply",  # carry out such a change, once it is approved
    "models:use",  # ask language models
    "hooks:write",  # report what an agent does, and be told what it may
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from. `name` is the principal's; `key_id` is the key that it used."""

    principal_id: str
    name: str
    kind: Kind
    key_id: str
    scopes: frozenset[str]
    expires_at: datetime | None

    def can(self, scope: Scope) -> bool:
        """Whether the caller has the scope."""
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: Scope) -> None:
        """Do nothing when the caller has the scope.

        Raises:
            Forbidden: it has not; the message names the scope.
        """
        if not self.can(scope):
            raise Forbidden(
                f"the key of `{self.name}` lacks the scope `{scope}`",
                hint=f"ask an administrator for a key with it: orchestra keys create NAME --scope {scope}",
            )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that its text is known."""

    text: KeyText
    caller: Caller


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as it is listed."""

    id: str
    name: str
    kind: Kind
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
