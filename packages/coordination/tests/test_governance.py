"""What may be done: permission, pattern or approval, effect, audit; in that order, or not at all."""

import asyncio
from datetime import timedelta

import pytest
from orchestra.coordination.governance import (
    Act,
    Approval,
    ApprovalBoard,
    ApprovalRequired,
    AuditFilter,
    Lifetimes,
)
from orchestra.coordination.testing.governed import ADA, BOB, DEPLOYER, Governed, caller, deploy
from orchestra.shared.db import Database
from orchestra.shared.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OrchestraError,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonObject

pytestmark = pytest.mark.requirement("agent.enforce")


@pytest.fixture
def governed(database: Database, events: EventLog) -> Governed:
    return Governed.over(database, events)


async def ask(governed: Governed, act: Act) -> str:
    verdict = await governed.governor.judge(act, DEPLOYER)
    assert verdict.outcome == "ask"
    assert verdict.approval_id is not None
    return verdict.approval_id


async def test_an_act_waits_for_a_person_and_then_happens_once(governed: Governed) -> None:
    happened: list[str] = []

    async def effect() -> str:
        happened.append("deployed")
        return "url"

    with pytest.raises(ApprovalRequired) as required:
        await governed.governor.perform(deploy(), DEPLOYER, effect)
    assert required.value.status == 403
    assert required.value.url.endswith(f"/approvals/{required.value.approval_id}")
    assert "orchestra approvals wait" in required.value.hint
    await governed.approvals.decide(required.value.approval_id, ADA, approve=True, comment="go")

    assert await governed.governor.perform(deploy(), DEPLOYER, effect) == "url"
    with pytest.raises(ApprovalRequired) as again:
        await governed.governor.perform(deploy(), DEPLOYER, effect)

    assert again.value.approval_id != required.value.approval_id
    assert happened == ["deployed"]
    used = await governed.approvals.get(required.value.approval_id, ADA)
    assert (used.state, used.decided_by, used.comment) == ("used", "ada", "go")
    assert await governed.rows() == [
        ("act.asked", "vercel-deploy-agent@laptop", "ask"),
        ("approval.approved", "ada", "approved"),
        ("act.allowed", "vercel-deploy-agent@laptop", "allow"),
        ("act.done", "vercel-deploy-agent@laptop", "done"),
        ("act.asked", "vercel-deploy-agent@laptop", "ask"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        deploy(2),
        Act("vercel:deploy", "deploy 1", {"deployment": 1}, destructive=True),
        Act("vercel:deploy", "deploy 1", {"deployment": 1, "more": None}),
        Act("vercel:deploy", "deploy 1 ", {"deployment": 1}),
        Act("pulumi:write", "deploy 1", {"deployment": 1}),
        Act("vercel:deploy", "deploy 1", {"deployment": 1}, paths=("README.md",)),
        Act("vercel:deploy", "deploy 1", {"deployment": 1}, egress=True),
    ],
)
async def test_an_approval_is_of_exactly_what_was_shown(governed: Governed, other: Act) -> None:
    id = await ask(governed, deploy(1))
    await governed.approvals.decide(id, ADA, approve=True, comment="")

    assert (await governed.governor.judge(other, DEPLOYER)).outcome == "ask"
    assert (await governed.governor.judge(deploy(1), DEPLOYER)).outcome == "allow"


async def test_an_approval_is_of_the_one_who_asked(governed: Governed) -> None:
    id = await ask(governed, deploy())
    await governed.approvals.decide(id, ADA, approve=True, comment="")
    elsewhere = caller("vercel-deploy-agent@ci")

    assert (await governed.governor.judge(deploy(), elsewhere)).outcome == "ask"
    same_principal = caller("vercel-deploy-agent@laptop")
    assert (await governed.governor.judge(deploy(), same_principal)).outcome == "allow"


async def test_only_another_person_decides(governed: Governed) -> None:
    by_agent = await ask(governed, deploy())
    carl = caller("carl", "human")
    by_person = (await governed.governor.judge(deploy(), carl)).approval_id
    assert by_person is not None
    promoted = caller("carl", "human", "approvals:decide")  # the same principal, another key

    for id, by in (
        (by_agent, caller("codex", "agent", "approvals:decide")),
        (by_agent, caller("codex", "agent", "admin")),
        (by_agent, caller("ci", "service", "admin")),
        (by_agent, caller("vercel-deploy-agent@laptop", "agent", "approvals:decide")),
        (by_agent, caller("eve", "human", "approvals:read")),
        (by_person, promoted),
    ):
        with pytest.raises(Forbidden):
            await governed.approvals.decide(id, by, approve=True, comment="")

    assert (await governed.approvals.get(by_agent, ADA)).state == "pending"
    boss = caller("boss", "human", "admin")
    assert (
        await governed.approvals.decide(by_person, boss, approve=True, comment="")
    ).state == "approved"


async def test_of_racing_decisions_exactly_one_counts(governed: Governed) -> None:
    id = await ask(governed, deploy())

    async def decide(n: int) -> Approval | OrchestraError:
        by = ADA if n % 2 else BOB
        try:
            return await governed.approvals.decide(id, by, approve=n % 3 > 0, comment=str(n))
        except OrchestraError as error:
            return error

    answers = await asyncio.gather(*(decide(n) for n in range(8)))

    made = [answer for answer in answers if isinstance(answer, Approval)]
    assert len(made) == 1
    assert all(isinstance(a, Conflict) for a in answers if not isinstance(a, Approval))
    assert (await governed.approvals.get(id, ADA)).comment == made[0].comment
    decided = [kind for kind, _, _ in await governed.rows() if kind.startswith("approval.")]
    assert len(decided) == 1


async def test_of_racing_acts_exactly_one_uses_the_approval(governed: Governed) -> None:
    id = await ask(governed, deploy())
    await governed.approvals.decide(id, ADA, approve=True, comment="")

    verdicts = await asyncio.gather(
        *(governed.governor.judge(deploy(), DEPLOYER) for _ in range(8))
    )

    assert [verdict.outcome for verdict in verdicts].count("allow") == 1
    assert len({v.approval_id for v in verdicts if v.outcome == "ask"}) == 1


async def test_a_denial_holds_until_it_lapses(database: Database, events: EventLog) -> None:
    governed = Governed.over(database, events, Lifetimes(approved=timedelta(hours=1)))
    id = await ask(governed, deploy())
    await governed.approvals.decide(id, ADA, approve=False, comment="not on Friday")

    verdict = await governed.governor.judge(deploy(), DEPLOYER)

    assert (verdict.outcome, verdict.approval_id) == ("deny", id)
    assert "not on Friday" in verdict.reason
    lapsing = Governed.over(database, events, Lifetimes(approved=timedelta(0)))
    other = await ask(lapsing, deploy(2))
    await lapsing.approvals.decide(other, ADA, approve=False, comment="")
    assert (await lapsing.governor.judge(deploy(2), DEPLOYER)).outcome == "ask"


async def test_what_is_over_counts_no_more(database: Database, events: EventLog) -> None:
    governed = Governed.over(database, events, Lifetimes(pending=timedelta(0)))
    first = await ask(governed, deploy())
    assert (await governed.approvals.get(first, ADA)).state == "expired"
    with pytest.raises(Conflict):
        await governed.approvals.decide(first, ADA, approve=True, comment="")
    assert await ask(governed, deploy()) != first
    assert ("approval.expired", "orchestra", "expired") in await governed.rows()

    brief = Governed.over(database, events, Lifetimes(approved=timedelta(0)))
    id = await ask(brief, deploy(2))
    await brief.approvals.decide(id, ADA, approve=True, comment="")
    assert (await brief.governor.judge(deploy(2), DEPLOYER)).outcome == "ask"


@pytest.mark.requirement("trust.audit")
async def test_nothing_happens_that_the_audit_cannot_hold(governed: Governed) -> None:
    happened: list[int] = []

    async def effect() -> None:
        happened.append(1)

    id = await ask(governed, deploy())
    allowed = Act("vercel:deploy", "deploy a.py", {"n": 1}, paths=("a.py",))
    connection = await governed.database.connect()
    await connection.execute(
        "create function refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'disk full' using errcode = 'disk_full'; end $$;"
        "create trigger refuse before insert on orchestra.events for each row"
        " when (new.stream = 'audit') execute function refuse()"
    )

    with pytest.raises(Unavailable):
        await governed.governor.perform(allowed, DEPLOYER, effect)
    with pytest.raises(Unavailable):
        await governed.governor.judge(deploy(2), DEPLOYER)
    with pytest.raises(Unavailable):
        await governed.approvals.decide(id, ADA, approve=True, comment="")

    assert happened == []
    assert (await governed.approvals.get(id, ADA)).state == "pending"
    page = await governed.approvals.page(ADA, ["pending"], limit=10)
    assert [approval.id for approval in page.approvals] == [id]
    await connection.execute("drop trigger refuse on orchestra.events")
    await governed.governor.perform(allowed, DEPLOYER, effect)
    assert happened == [1]
    await connection.close()


@pytest.mark.requirement("trust.audit")
async def test_an_effect_that_fails_is_in_the_audit(governed: Governed) -> None:
    act = Act("vercel:deploy", "deploy a.py", {}, paths=("a.py",))

    async def effect() -> None:
        raise ValueError("no such project\x1b[2J\nact.done")

    with pytest.raises(ValueError, match="no such project"):
        await governed.governor.perform(act, DEPLOYER, effect)

    page = await governed.audit.page(AuditFilter(act="act.failed"), limit=10, before=None)
    assert page.rows[0].data["error"] == "ValueError: no such project[2J act.done"


async def test_a_session_that_read_text_from_outside_loses_what_needs_no_person(
    governed: Governed,
) -> None:
    edit = Act(None, "edit a.py", {"n": 1}, paths=("a.py",))
    send = Act(None, "curl example.org", {"n": 2}, egress=True)
    look = Act("lambda:monitor", "look", {"n": 3})

    async def outcomes(session: str | None) -> list[str]:
        judged = [
            await governed.governor.judge(act, DEPLOYER, session=session)
            for act in (edit, send, look)
        ]
        return [verdict.outcome for verdict in judged]

    assert await outcomes("claude/1") == ["allow", "allow", "allow"]
    await governed.governor.taint("claude/1", DEPLOYER, "read issue 12")
    await governed.governor.taint("claude/1", DEPLOYER, "read issue 13")

    assert await outcomes("claude/1") == ["ask", "ask", "allow"]
    assert await outcomes(None) == ["ask", "ask", "allow"]  # it does not say which it is
    assert await outcomes("claude/2") == ["allow", "allow", "allow"]
    await governed.governor.taint("claude/2", caller("codex"), "not the one whose session it is")
    assert await outcomes("claude/2") == ["allow", "allow", "allow"]
    rows = [row for row in await governed.rows() if row[0] == "session.tainted"]
    assert [actor for _, actor, _ in rows] == ["vercel-deploy-agent@laptop", "codex"]


async def test_an_agent_sees_only_what_it_asked_for(governed: Governed) -> None:
    id = await ask(governed, deploy())
    codex = caller("codex", "agent", "approvals:read")

    with pytest.raises(NotFound):
        await governed.approvals.get(id, codex)
    assert (await governed.approvals.page(codex, ["pending"], limit=10)).approvals == []
    assert (await governed.approvals.get(id, DEPLOYER)).id == id
    mine = await governed.approvals.page(DEPLOYER, ["pending"], limit=10)
    assert [approval.id for approval in mine.approvals] == [id]


async def test_requests_are_read_page_by_page(governed: Governed) -> None:
    ids = [await ask(governed, deploy(n)) for n in range(5)]

    first = await governed.approvals.page(ADA, ["pending"], limit=2)
    second = await governed.approvals.page(ADA, ["pending"], limit=2, before=first.before)
    third = await governed.approvals.page(ADA, ["pending"], limit=2, before=second.before)

    pages = [a.id for page in (first, second, third) for a in page.approvals]
    assert pages == ids[::-1]
    assert third.before is None
    with pytest.raises(NotFound):
        await governed.approvals.page(ADA, ["pending"], limit=2, before="apr_0000000000000000")


async def test_nobody_can_bury_a_person_under_requests(governed: Governed) -> None:
    for n in range(50):
        await ask(governed, deploy(n))

    with pytest.raises(TooManyRequests):
        await governed.governor.judge(deploy(51), DEPLOYER)

    assert (await governed.governor.judge(deploy(1), DEPLOYER)).outcome == "ask"


@pytest.mark.requirement("ctx.redaction")
async def test_what_is_shown_has_no_secret_and_nothing_that_steers(governed: Governed) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    evil = f"deploy \x1b[2J\u202e\r\nact.done {token}"
    act = Act("vercel:deploy", evil, {"argv": [evil], token: "x"}, paths=(f"x/{token}",))

    id = await ask(governed, act)
    shown = await governed.approvals.get(id, ADA)
    rows = await governed.events.read("audit")

    for text in (str(shown), str([(row.actor, row.data) for row in rows])):
        assert token not in text
        assert "\\x1b" not in text
        assert "\\u202e" not in text
        assert "\\n" not in text
    await governed.approvals.decide(id, ADA, approve=True, comment="\x1b[2J\nok")
    assert (await governed.governor.judge(act, DEPLOYER)).outcome == "allow"


async def test_letters_that_look_like_others_are_pointed_out(governed: Governed) -> None:
    honest = await governed.approvals.get(await ask(governed, deploy()), ADA)
    act = Act("vercel:deploy", "deploy to pr\u043ed", {"stack": "pr\u043ed"})
    confusing = await governed.approvals.get(await ask(governed, act), ADA)

    assert honest.warnings == ()
    assert "U+043E" in confusing.warnings[0]
    assert act.hash != Act("vercel:deploy", "deploy to prod", {"stack": "prod"}).hash


@pytest.mark.parametrize(
    ("act", "session", "error"),
    [
        (Act("a:b", " ", {}), None, Invalid),
        (Act("a:b", "x", {"text": "x" * 70_000}), None, TooLarge),
        (Act("a:b", "x", {}, paths=("a",) * 1001), None, TooLarge),
        (Act("a:b", "x", {}), "", Invalid),
        (Act("a:b", "x", {}), "claude/\n", Invalid),
        (Act("a:b", "x", {}), "x" * 201, Invalid),
    ],
)
async def test_an_act_that_cannot_be_shown_is_refused(
    governed: Governed, act: Act, session: str | None, error: type[OrchestraError]
) -> None:
    with pytest.raises(error):
        await governed.governor.judge(act, DEPLOYER, session=session)


async def test_whoever_waits_hears_of_the_decision(governed: Governed) -> None:
    board = ApprovalBoard(governed.approvals, governed.events)
    await board.start()
    id = await ask(governed, deploy())
    values = board.values()
    seen: list[JsonObject] = [await anext(values)]
    waiting = asyncio.create_task(board.wait(id, DEPLOYER, timeout=30))

    await governed.approvals.decide(id, ADA, approve=True, comment="go")
    async with asyncio.timeout(30):
        decided = await waiting
        while not isinstance(seen[-1]["decided"], dict) or id not in seen[-1]["decided"]:
            seen.append(await anext(values))

    assert (decided.state, decided.comment) == ("approved", "go")
    assert isinstance(seen[0]["pending"], dict)
    assert list(seen[0]["pending"]) == [id]
    assert seen[-1]["pending"] == {}
    assert (await board.wait(id, DEPLOYER, timeout=0)).state == "approved"
    await board.close()


async def test_a_request_expires_by_itself(database: Database, events: EventLog) -> None:
    governed = Governed.over(database, events, Lifetimes(pending=timedelta(milliseconds=200)))
    board = ApprovalBoard(governed.approvals, events)
    await board.start()

    id = await ask(governed, deploy())
    async with asyncio.timeout(30):
        over = await board.wait(id, ADA, timeout=30)
        async for event in events.follow(governed.approvals.stream):
            if event.kind == "approval.expired":
                break

    assert over.state == "expired"
    await board.close()
