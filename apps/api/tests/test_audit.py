"""The audit: it can only grow, and what was done to it behind its back is found."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from orchestra.api.testing import RunningApi, running_api
from orchestra.api.testing_governed import Beside, beside
from orchestra.coordination.governance import Act
from orchestra.shared.settings import Settings
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("trust.audit")

AUDIT = "/api/v1/audit"


@pytest.fixture
async def system(api: RunningApi, settings: Settings) -> AsyncIterator[Beside]:
    async with beside(api, settings) as made:
        yield made


async def denied(system: Beside, headers: dict[str, str], n: int = 0) -> None:
    verdict = await system.judge(Act("pulumi:write", f"write {n}", {"n": n}), headers)
    assert verdict.outcome == "deny"


async def test_who_did_what_is_read_page_by_page_and_filtered(system: Beside) -> None:
    http = system.api.http
    claude, codex = await system.key("claude"), await system.key("codex")
    for n in range(3):
        await denied(system, claude, n)
    await denied(system, codex)
    verdict = await system.judge(Act(None, "rm -rf x", {}, destructive=True), codex)
    path = f"/api/v1/approvals/{verdict.approval_id}/deny"
    await system.judge(Act(None, "rm -rf y", {}, destructive=True), codex)
    other = (await system.judge(Act(None, "rm -rf z", {}, destructive=True), codex)).approval_id
    assert (await http.post(path, json={"comment": "no"})).status_code == 200

    async def read(**query: str | int) -> list[tuple[str, str, str]]:
        answer = await http.get(AUDIT, params=query)
        return [(row["act"], row["actor"], row["outcome"]) for row in answer.json()["rows"]]

    everything = await read()
    assert everything[0] == ("approval.denied", "admin", "denied")
    assert everything[-1] == ("act.denied", "claude", "deny")
    assert await read(actor="claude") == [("act.denied", "claude", "deny")] * 3
    assert await read(act="approval.") == everything[:1]
    assert len(await read(outcome="deny")) == 4
    assert await read(actor="nobody") == []
    first = (await http.get(AUDIT, params={"limit": 3})).json()
    second = (await http.get(AUDIT, params={"before": first["next_before"]})).json()
    assert [row["seq"] for row in first["rows"] + second["rows"]] == [
        *range(len(everything), 0, -1)
    ]
    assert second["next_before"] is None
    row = (await http.get(AUDIT, params={"actor": "claude", "limit": 1})).json()["rows"][0]
    assert row["summary"] == "write 2"
    assert "no spec in force names `claude`" in row["reason"]
    assert row["actor_kind"] == "agent"
    assert other is not None


@pytest.mark.parametrize(
    "statement",
    [
        "update orchestra.events set actor = 'nobody' where stream = 'audit'",
        "update orchestra.events set stream = 'notes/a' where stream = 'audit'",
        "delete from orchestra.events where stream = 'audit'",
        "truncate orchestra.events",
        "truncate orchestra.events, orchestra.streams cascade",
        "delete from orchestra.streams where stream = 'audit'",
        "update orchestra.streams set seq = 1 where stream = 'audit'",
        "update orchestra.streams set floor_seq = 1 where stream = 'audit'",
        "update orchestra.streams set epoch = gen_random_uuid() where stream = 'audit'",
        "update orchestra.streams set stream = 'notes/b' where stream = 'audit'",
    ],
)
async def test_the_application_cannot_change_what_is_written(
    system: Beside, statement: str
) -> None:
    """Attack S35: as the role of the application."""
    claude = await system.key("claude")
    await denied(system, claude, 1)
    await denied(system, claude, 2)
    connection = await system.database.connect()

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grow"):
        await connection.execute(statement)

    await connection.close()
    assert (await system.api.http.get(f"{AUDIT}/verify")).json()["intact"]
    await denied(system, claude, 3)


async def as_superuser(system: Beside, *statements: str) -> None:
    """Do what the application never does: with the triggers off."""
    connection = await system.database.connect()
    async with connection.transaction():
        for switch in ("disable", "enable"):
            for table in ("events", "streams"):
                await connection.execute(f"alter table orchestra.{table} {switch} trigger user")
            for statement in statements if switch == "disable" else ():
                await connection.execute(statement)
    await connection.close()


async def test_a_row_that_was_changed_behind_its_back_is_named(system: Beside) -> None:
    """Attack S35: a row edited by a superuser."""
    claude = await system.key("claude")
    for n in range(4):
        await denied(system, claude, n)
    assert (await system.api.http.get(f"{AUDIT}/verify")).json() == {
        "intact": True,
        "checked": 4,
        "last": 4,
        "broken_at": None,
        "heads": 0,
        "reason": "every row follows from the one before",
    }

    await as_superuser(
        system, "update orchestra.events set actor = 'ada' where stream = 'audit' and seq = 3"
    )

    found = (await system.api.http.get(f"{AUDIT}/verify")).json()
    assert (found["intact"], found["broken_at"]) == (False, 3)


DROP = "delete from orchestra.events where stream = 'audit' and seq > 2"
SHORTEN = (
    "update orchestra.streams s set seq = e.seq, hash = e.hash from orchestra.events e"
    " where s.stream = 'audit' and e.stream = 'audit' and e.seq = 2"
)


async def test_a_tail_that_was_dropped_is_missed(settings: Settings) -> None:
    """Attack S35: the chain is whole, but it is not as long as it was."""
    path = settings.state_folder / "audit.heads"
    async with running_api(settings) as api, beside(api, settings) as system:
        claude = await system.key("claude")
        for n in range(4):
            await denied(system, claude, n)
    assert json.loads(path.read_text().splitlines()[-1])["seq"] == 4
    assert path.stat().st_mode & 0o777 == 0o600

    async with running_api(settings) as api, beside(api, settings) as system:
        whole = (await api.http.get(f"{AUDIT}/verify")).json()
        await as_superuser(system, DROP, SHORTEN)
        dropped = (await api.http.get(f"{AUDIT}/verify")).json()
        for n in range(4):  # grown again over the gap, with other rows
            await denied(system, claude, n + 10)
        regrown = (await api.http.get(f"{AUDIT}/verify")).json()

    assert (whole["intact"], whole["heads"]) == (True, 1)
    assert (dropped["intact"], dropped["broken_at"]) == (False, 4)
    assert (regrown["intact"], regrown["broken_at"]) == (False, 4)
    assert "exported" in dropped["reason"]


async def test_rows_put_behind_the_head_are_found(system: Beside) -> None:
    claude = await system.key("claude")
    await denied(system, claude)
    await as_superuser(
        system,
        "insert into orchestra.events select stream, 2, gen_random_uuid(), at, kind, actor, data,"
        " hash from orchestra.events where stream = 'audit'",
    )

    found = (await system.api.http.get(f"{AUDIT}/verify")).json()

    assert (found["intact"], found["broken_at"]) == (False, 2)


async def test_what_an_act_says_cannot_forge_a_row(
    system: Beside, capfd: pytest.CaptureFixture[str]
) -> None:
    """Attack S36: CR, LF, ANSI, bidi and half characters in every field."""
    claude = await system.key("claude")
    evil = 'x\r\n{"act":"approval.approved"}\x1b[2J\u202e\u2028\u200b\u0007'
    act = Act("pulumi:write", evil, {"argv": [evil]}, paths=(evil,))

    assert (await system.judge(act, claude, "claude/1")).outcome == "deny"

    answer = await system.api.http.get(AUDIT)
    assert len(answer.json()["rows"]) == 1
    row = answer.json()["rows"][0]
    assert row["summary"] == 'x  {"act":"approval.approved"}[2J'
    assert row["act"] == "act.denied"
    for said in (row["summary"], row["reason"], *row["data"]["paths"]):
        assert said.isprintable()
    out, err = capfd.readouterr()
    assert "\x1b[2J" not in out + err


async def test_each_workspace_reads_its_own_rows(
    system: Beside, settings: Settings, tmp_path: Path
) -> None:
    """Attack S03: another repository on the same database."""
    claude = await system.key("claude")
    await denied(system, claude)
    other_repository = tmp_path / "other"
    other_repository.mkdir()
    (other_repository / ".git").mkdir()
    assert settings.database_url is not None
    elsewhere = Settings(
        repo=other_repository,
        state_dir=tmp_path / "other-state",
        database_url=SecretStr(settings.database_url.get_secret_value()),
        port=0,
    )
    async with beside(system.api, elsewhere) as other:
        ask = await other.judge(Act(None, "rm", {}, destructive=True), claude)
        assert ask.outcome == "ask"

    rows = (await system.api.http.get(AUDIT)).json()["rows"]
    assert [row["act"] for row in rows] == ["act.denied"]
    hidden = await system.api.http.get(f"/api/v1/approvals/{ask.approval_id}")
    assert hidden.status_code == 404
