"""`/api/v1/keys` and `/api/v1/me`: who may call, and who is calling."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from orchestra.api.auth import AnyCaller, KeyManager
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.shared.errors import Forbidden
from orchestra.shared.identity import Caller, Kind, Scope
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(route_class=StrictRoute, tags=["identity"])

KeyId = Annotated[str, Path(pattern="^[0-9A-Za-z]{12}$")]


class Principal(BaseModel):
    """Who acts."""

    id: str
    name: str
    kind: Kind


class Me(BaseModel):
    """The caller."""

    principal: Principal
    key_id: str
    scopes: list[str]
    expires_at: datetime | None


class Key(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str = Field(description="the principal's")
    kind: Kind
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class Keys(BaseModel):
    """All keys, newest first."""

    keys: list[Key]


class KeyOrder(BaseModel):
    """The key to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64, description="the principal's; new or known")
    kind: Kind = "agent"
    scopes: list[Scope] = Field(default=["context:read"], min_length=1, max_length=20)
    days: int | None = Field(
        default=None, strict=True, ge=1, le=3650, description="it expires after so many"
    )


class CreatedKey(BaseModel):
    """A key just made. `key` is shown this once."""

    id: str
    key: str
    name: str
    scopes: list[str]
    expires_at: datetime | None


@router.get("/me", summary="Who am I?")
async def me(caller: AnyCaller) -> Me:
    """The caller that the credentials stand for."""
    principal = Principal(id=caller.principal_id, name=caller.name, kind=caller.kind)
    return Me(
        principal=principal,
        key_id=caller.key_id,
        scopes=sorted(caller.scopes),
        expires_at=caller.expires_at,
    )


@router.get("/keys", summary="List keys")
async def list_keys(request: Request, _caller: KeyManager) -> Keys:
    """Every key, without secrets."""
    keys = await state_of(request).identity.list_keys()
    return Keys(keys=[Key.model_validate(key) for key in keys])


@router.post("/keys", status_code=201, summary="Make a key")
async def create_key(request: Request, caller: KeyManager, order: KeyOrder) -> CreatedKey:
    """A key for the principal of that name. Nobody can give a scope that they lack."""
    _check_kind(caller, order)
    for scope in order.scopes:
        if not caller.can(scope):
            raise Forbidden(
                f"the key of `{caller.name}` cannot give the scope `{scope}`, which it lacks",
                hint="use a key that has it",
            )
    made = await state_of(request).identity.create_key(
        order.name,
        kind=order.kind,
        scopes=order.scopes,
        lifetime=None if order.days is None else timedelta(days=order.days),
        actor=caller.name,
    )
    return CreatedKey(
        id=made.text.id,
        key=str(made.text),
        name=made.caller.name,
        scopes=sorted(made.caller.scopes),
        expires_at=made.caller.expires_at,
    )


def _check_kind(caller: Caller, order: KeyOrder) -> None:
    """A machine makes keys for itself alone: it can become neither a person nor another agent."""
    if caller.kind == "human":
        return
    own = caller.name.partition("@")[0]
    if order.kind != caller.kind or order.name.partition("@")[0] != own:
        raise Forbidden(
            f"`{caller.name}` is an {caller.kind}, which makes keys only for `{own}` and `{own}@…`",
            hint="a person makes this key",
        )


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke a key")
async def revoke_key(request: Request, caller: KeyManager, key_id: KeyId) -> None:
    """Make a key worthless at once, everywhere; its open streams end."""
    await state_of(request).identity.revoke_key(key_id, actor=caller.name)
