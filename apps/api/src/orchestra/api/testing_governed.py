"""For tests: governance beside a running API, on its database, and keys of the API as callers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orchestra.api.governance import Governance, build_governance
from orchestra.api.testing import RunningApi
from orchestra.coordination.governance import Act, Verdict
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog, PostgresBus
from orchestra.shared.identity import Caller, Identity
from orchestra.shared.metrics import Metrics
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Beside:
    """What a second process of the same system has: its acts are judged as any other's."""

    api: RunningApi
    governance: Governance
    identity: Identity
    database: Database

    async def key(self, name: str, *scopes: str, kind: str = "agent") -> dict[str, str]:
        """The header of a new key, made over HTTP."""
        order = {"name": name, "kind": kind, "scopes": list(scopes) or ["context:read"]}
        made = await self.api.http.post("/api/v1/keys", json=order)
        return {"Authorization": f"Bearer {made.json()['key']}"}

    async def caller(self, headers: dict[str, str]) -> Caller:
        """Whom a header stands for."""
        return await self.identity.check_key(headers["Authorization"].removeprefix("Bearer "))

    async def judge(self, act: Act, headers: dict[str, str], session: str | None = None) -> Verdict:
        """What is said to an act of that key."""
        caller = await self.caller(headers)
        return await self.governance.governor.judge(act, caller, session=session)


@asynccontextmanager
async def beside(api: RunningApi, settings: Settings) -> AsyncGenerator[Beside]:
    """Governance on the database of a running API."""
    if settings.database_url is None:
        raise ValueError("the API of the test has no database of its own")
    database, redactor = Database(settings.database_url.get_secret_value()), Redactor()
    events = EventLog(database, PostgresBus(database), redactor=redactor, metrics=Metrics())
    await events.start()
    try:
        made = build_governance(settings, database, events, redactor)
        yield Beside(api, made, Identity(database, events), database)
    finally:
        await events.close()
        await database.close()
