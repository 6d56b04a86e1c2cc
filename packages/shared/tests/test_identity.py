"""Keys and sessions: what they open, and how soon they no longer do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.shared.db import Database
from orchestra.shared.errors import Forbidden, Invalid, NotFound, Unauthenticated
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Identity, KeyText
from sqlalchemy import text
from sqlalchemy.event import listen

pytestmark = pytest.mark.requirement("trust.identity")


@pytest.fixture
async def identity(database: Database, events: EventLog) -> AsyncIterator[Identity]:
    identity = Identity(database, events)
    await identity.start()
    yield identity
    await identity.close()


async def test_a_key_stands_for_its_principal_and_scopes(identity: Identity) -> None:
    made = await identity.create_key("claude", scopes=["context:read"], actor="admin")

    caller = await identity.check_key(str(made.text))

    assert (caller.name, caller.kind, caller.scopes) == (
        "claude",
        "agent",
        frozenset({"context:read"}),
    )


async def test_only_the_digest_of_a_key_is_stored(identity: Identity, database: Database) -> None:
    made = await identity.create_key("claude", actor="admin")

    async with database.transaction() as session:
        tables = [
            str((await session.execute(text(f"select * from orchestra.{table}"))).all())
            for table in ("api_keys", "principals", "events", "sessions")
        ]

    assert made.text.secret not in "".join(tables)


async def test_a_revoked_key_is_worthless_at_once_on_every_process(
    identity: Identity, database: Database, events: EventLog
) -> None:
    other = Identity(database, events)
    await other.start()
    made = await identity.create_key("claude", actor="admin")
    await other.check_key(str(made.text))
    told = asyncio.Event()
    other.on_revoked(lambda _: told.set())

    await identity.revoke_key(made.text.id, actor="admin")
    async with asyncio.timeout(5):
        await told.wait()

    for process in (identity, other):
        with pytest.raises(Unauthenticated):
            await process.check_key(str(made.text))
    await other.close()


async def test_a_thousand_requests_at_once_ask_the_database_once(
    identity: Identity, database: Database
) -> None:
    made = await identity.create_key("claude", actor="admin")
    asked = []
    listen(
        database.engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append(seen[2])
    )

    callers = await asyncio.gather(*(identity.check_key(str(made.text)) for _ in range(1000)))

    assert {caller.key_id for caller in callers} == {made.text.id}
    assert len([query for query in asked if query.startswith("UPDATE orchestra.api_keys")]) == 1


async def test_an_expired_key_is_refused(identity: Identity) -> None:
    made = await identity.create_key("claude", lifetime=timedelta(seconds=-1), actor="admin")

    with pytest.raises(Unauthenticated, match="expired"):
        await identity.check_key(str(made.text))


async def test_a_key_with_another_keys_id_is_refused(identity: Identity) -> None:
    one = await identity.create_key("one", actor="admin")
    two = await identity.create_key("two", actor="admin")
    await identity.check_key(str(one.text))

    with pytest.raises(Unauthenticated):
        await identity.check_key(str(KeyText(two.text.id, one.text.secret)))


async def test_a_login_code_opens_one_session(identity: Identity) -> None:
    made = await identity.create_key("ada", kind="human", actor="admin")
    code = await identity.create_code(made.caller)

    session = await identity.open_session(code)

    assert (await identity.check_session(session)).name == "ada"
    with pytest.raises(Unauthenticated, match="used already"):
        await identity.open_session(code)
    with pytest.raises(Unauthenticated):
        await identity.check_session(code)


async def test_a_session_ends_with_its_key(identity: Identity) -> None:
    made = await identity.create_key("ada", kind="human", actor="admin")
    session = await identity.open_session(str(made.text))

    await identity.revoke_key(made.text.id, actor="admin")

    with pytest.raises(Unauthenticated):
        await identity.check_session(session)


async def test_a_scope_that_is_missing_is_named(identity: Identity) -> None:
    made = await identity.create_key("claude", scopes=["context:read"], actor="admin")

    with pytest.raises(Forbidden, match="keys:manage"):
        made.caller.require("keys:manage")


async def test_what_is_not_known_is_refused_with_a_hint(identity: Identity) -> None:
    with pytest.raises(Invalid, match="not a scope"):
        await identity.create_key("claude", scopes=["everything"], actor="admin")
    with pytest.raises(Invalid, match="name"):
        await identity.create_key("cl\0aude", actor="admin")
    with pytest.raises(NotFound):
        await identity.revoke_key("nobodyskey00", actor="admin")
    await identity.create_key("claude", kind="agent", actor="admin")
    with pytest.raises(Invalid, match="known as `agent`"):
        await identity.create_key("claude", kind="human", actor="admin")


@given(st.integers(0, 60), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_key_with_any_one_character_changed_is_no_key(place: int, character: str) -> None:
    text = str(KeyText.new())
    place = 4 + place % (len(text) - 4)
    changed = text[:place] + character + text[place + 1 :]

    assert (KeyText.parse(changed) is None) == (changed != text)


@given(st.text(max_size=100))
def test_no_other_text_is_a_key(text: str) -> None:
    assert KeyText.parse(text) is None
