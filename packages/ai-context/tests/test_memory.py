"""Notes outlive a session: they are added once, found again, replaced, forgotten and brought back."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from orchestra.context.memory import Change, Draft, Filter, Limits
from orchestra.context.testing.memory import (
    ADA,
    CLAUDE,
    CODEX,
    ROOT,
    WORKSPACE,
    Notebook,
    caller,
)
from orchestra.shared.db import Database
from orchestra.shared.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from orchestra.shared.events import EventLog
from orchestra.vectors.embedders.hashing import HashingEmbedder

pytestmark = pytest.mark.requirement("ctx.memory")


@pytest.fixture
async def notes(database: Database, events: EventLog) -> Notebook:
    return Notebook(database, events, HashingEmbedder())


async def test_a_note_keeps_who_wrote_it_when_and_at_which_commit(notes: Notebook) -> None:
    draft = Draft(
        "Deploys need a migration first", kind="decision", tags=["Deploy"], paths=["./infra/"]
    )

    note = (await notes.memory.add(draft, CLAUDE)).note

    assert await notes.memory.get(note.id, CODEX) == note
    assert (note.author, note.trust, note.commit) == ("claude", "agent", "a" * 40)
    assert (note.kind, note.scope, note.tags, note.paths) == (
        "decision",
        "repository",
        ("deploy",),
        ("infra",),
    )
    assert (note.state, note.created_at) == (
        "current",
        notes.clock.now - timedelta(milliseconds=1),
    )


@pytest.mark.parametrize(
    "again",
    [
        "Use port 8700 for the API.",
        "use  PORT 8700\nfor API",
        "\u200bUse **port** `8700` for the \u201cAPI\u201d!",
    ],
)
async def test_what_says_the_same_is_not_kept_twice(notes: Notebook, again: str) -> None:
    first = await notes.note("Use port 8700 for the API")

    added = await notes.memory.add(Draft(again), CODEX)

    assert (added.note.id, added.note.author, added.duplicate) == (first.id, "claude", True)
    assert len(await notes.texts(CLAUDE)) == 1


@pytest.mark.parametrize(
    "other",
    [
        "Use port 8701 for the API",
        "Never use port 8700 for the API",
        "Use port < 8700 for the API",
        "Use API port 8700 for",
    ],
)
async def test_what_says_something_else_is_kept_and_the_like_is_named(
    notes: Notebook, other: str
) -> None:
    first = await notes.note("Use port 8700 for the API")

    added = await notes.memory.add(Draft(other), CODEX)

    assert not added.duplicate
    assert [note.id for note in added.similar] == [first.id]


async def test_a_person_who_says_what_an_agent_said_vouches_for_it(notes: Notebook) -> None:
    said = await notes.note("Tests need a real database")

    vouched = await notes.memory.add(Draft("Tests need a real database"), ADA)

    assert (vouched.duplicate, vouched.note.trust) == (False, "person")
    assert (await notes.memory.get(said.id, CLAUDE)).superseded_by == vouched.note.id
    assert (await notes.memory.add(Draft("tests need a real database"), CLAUDE)).duplicate


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("how do I format code before I commit", "Run make fix before committing"),
        ("eventLog numbers", "EventLog locks the streams row, so numbers have no gaps"),
        ("event log", "EventLog locks the streams row, so numbers have no gaps"),
        ("evnt_log nmbers", "EventLog locks the streams row, so numbers have no gaps"),
        ("post-mortem", "The queue was full: nobody looked"),
        ("src/api/auth.py", "Keys are hashed once"),
    ],
)
async def test_a_search_finds_by_words_by_parts_of_names_and_by_likeness(
    notes: Notebook, question: str, best: str
) -> None:
    await notes.note("Run make fix before committing")
    await notes.note("EventLog locks the streams row, so numbers have no gaps")
    await notes.note("Colours of the dashboard come from tokens")
    failure = Draft("The queue was full: nobody looked", kind="failure", tags=["post-mortem"])
    await notes.memory.add(failure, CLAUDE)
    await notes.memory.add(Draft("Keys are hashed once", paths=["src/api/auth.py"]), CLAUDE)

    hits = await notes.memory.search(question, caller=CODEX)

    assert hits[0].note.text == best
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.ways for hit in hits)


async def test_a_question_that_nothing_bears_on_finds_nothing(notes: Notebook) -> None:
    await notes.note("Run make fix before committing")

    for question in ("", "the", "?!", "zebra", "' | ) & ('", "\0\\", "x" * 10_000):
        assert await notes.found(question) == []


async def test_filters_leave_only_what_is_meant(notes: Notebook) -> None:
    for text, kind, tag, path in (
        ("cache a", "gotcha", "api", "src/api/keys.py"),
        ("cache b", "fact", "api", "src/api"),
        ("cache c", "fact", "web", "web/app.ts"),
    ):
        draft = Draft(text, kind=kind, tags=[tag], paths=[path])  # type: ignore[arg-type]  # kinds
        await notes.memory.add(draft, CLAUDE)
    await notes.note("cache d", scope="workspace")

    async def found(filter: Filter) -> set[str]:
        hits = await notes.memory.search("cache", caller=CODEX, filter=filter)
        page = await notes.memory.newest(CODEX, filter)
        assert {hit.note.text for hit in hits} == {note.text for note in page.notes}
        return {note.text[-1] for note in page.notes}

    assert await found(Filter()) == set("abcd")
    assert await found(Filter(kinds=["fact"])) == set("bcd")
    assert await found(Filter(tags=["API"])) == set("ab")
    assert await found(Filter(scopes=["workspace"])) == set("d")
    assert await found(Filter(paths=["src/api/keys.py"])) == set("ab")
    assert await found(Filter(paths=["src/api/other.py"])) == set("b")
    assert await found(Filter(paths=["src"])) == set("ab")
    assert await found(Filter(paths=["src/ap"])) == set()
    assert await found(Filter(paths=["web", "src/api/x"])) == set("bc")


async def test_pages_go_through_all_notes_newest_first(notes: Notebook) -> None:
    for n in range(7):
        await notes.note(f"note {n}")

    seen, before = [], None
    while True:
        page = await notes.memory.newest(CLAUDE, limit=3, before=before)
        seen += [note.text for note in page.notes]
        before = page.before
        if before is None:
            break

    assert seen == [f"note {n}" for n in reversed(range(7))]


async def test_what_is_superseded_stays_readable_as_a_chain(notes: Notebook) -> None:
    first = (await notes.memory.add(Draft("Port is 1", tags=["net"], kind="gotcha"), CLAUDE)).note
    second = (await notes.memory.supersede(first.id, Change("Port is 2"), CODEX)).note
    third = (await notes.memory.supersede(second.id, Change("Port is 3", tags=[]), CLAUDE)).note

    chain = await notes.memory.history(second.id, CODEX)

    assert [note.text for note in chain] == ["Port is 1", "Port is 2", "Port is 3"]
    assert [note.state for note in chain] == ["superseded", "superseded", "current"]
    assert (second.tags, second.kind, third.tags) == (("net",), "gotcha", ())
    assert await notes.texts(CLAUDE) == ["Port is 3"]
    assert await notes.found("port") == ["Port is 3"]
    with pytest.raises(Conflict, match=third.id):
        await notes.memory.supersede(second.id, Change("Port is 4"), CODEX)


async def test_a_note_superseded_by_what_another_says_is_merged_into_it(
    notes: Notebook,
) -> None:
    wrong = await notes.note("Port is 1")
    right = await notes.note("Port is 2")

    merged = await notes.memory.supersede(wrong.id, Change("port is 2"), CODEX)

    assert (merged.duplicate, merged.note.id) == (True, right.id)
    assert (await notes.memory.get(wrong.id, CODEX)).superseded_by == right.id


async def test_a_note_ends_at_its_time_and_can_be_brought_back(notes: Notebook) -> None:
    until = notes.clock.now + timedelta(days=2)
    note = (await notes.memory.add(Draft("Freeze until Monday", expires_at=until), ADA)).note
    notes.clock.pass_by(days=2)

    assert await notes.texts(CLAUDE) == []
    assert await notes.found("freeze") == []
    expired = await notes.memory.newest(CLAUDE, Filter(states=["expired"]))
    assert [(one.id, one.state) for one in expired.notes] == [(note.id, "expired")]

    restored = await notes.memory.restore(note.id, ADA)
    assert (restored.state, restored.expires_at) == ("current", None)


async def test_what_shall_last_longer_takes_the_place_of_what_ends(notes: Notebook) -> None:
    until = notes.clock.now + timedelta(hours=1)
    await notes.memory.add(Draft("The build is slow", expires_at=until), CLAUDE)

    lasting = await notes.memory.add(Draft("The build is slow"), CODEX)
    shorter = await notes.memory.add(Draft("The build is slow", expires_at=until), CLAUDE)

    assert (lasting.duplicate, shorter.duplicate) == (False, True)
    assert (await notes.memory.newest(CLAUDE)).notes == (lasting.note,)


async def test_what_is_forgotten_is_out_of_sight_until_it_is_restored(
    notes: Notebook,
) -> None:
    note = await notes.note("Wrong")

    await notes.memory.forget(note.id, CLAUDE)

    assert await notes.texts(CLAUDE) == []
    assert await notes.found("wrong") == []
    for verb in (notes.memory.get, notes.memory.history, notes.memory.forget):
        with pytest.raises(NotFound):
            await verb(note.id, CODEX)
    with pytest.raises(Conflict, match="restore it first"):
        await notes.memory.supersede(note.id, Change("Right"), CLAUDE)
    assert (await notes.memory.restore(note.id, CLAUDE)).state == "current"
    assert await notes.texts(CODEX) == ["Wrong"]


async def test_what_is_said_again_meanwhile_is_not_restored_beside_it(
    notes: Notebook,
) -> None:
    note = await notes.note("Once")
    await notes.memory.forget(note.id, CLAUDE)
    again = await notes.note("Once")

    with pytest.raises(Conflict, match=again.id):
        await notes.memory.restore(note.id, CLAUDE)


async def test_what_was_forgotten_long_ago_is_deleted(notes: Notebook) -> None:
    note = await notes.note("A name that has to go")
    await notes.memory.forget(note.id, CLAUDE)
    notes.clock.pass_by(days=31)
    await notes.note("Another")

    with pytest.raises(NotFound):
        await notes.memory.restore(note.id, CLAUDE)


async def test_every_change_is_an_event_without_the_text(notes: Notebook, events: EventLog) -> None:
    note = await notes.note("Private thing", scope="agent")
    new = (await notes.memory.supersede(note.id, Change("Other thing"), CLAUDE)).note
    await notes.memory.forget(new.id, CLAUDE)
    await notes.memory.restore(new.id, CLAUDE)

    log = await events.read(f"memory/{WORKSPACE}")

    assert [(event.kind, event.actor, event.data["note"]) for event in log] == [
        ("note.added", "claude", note.id),
        ("note.added", "claude", new.id),
        ("note.superseded", "claude", note.id),
        ("note.forgotten", "claude", new.id),
        ("note.restored", "claude", new.id),
    ]
    assert "thing" not in str([event.data for event in log])
    assert (await events.verify(f"memory/{WORKSPACE}")).intact


async def test_nothing_is_changed_whose_event_cannot_be_stored(
    database: Database, events: EventLog
) -> None:
    notes = Notebook(database, events, HashingEmbedder(), workspace="no name of a stream")

    with pytest.raises(Invalid, match="not a stream's name"):
        await notes.note("Unseen")

    assert await notes.texts(CLAUDE) == []


@pytest.mark.parametrize(
    ("draft", "error", "said"),
    [
        (Draft(" \u200b\n"), Invalid, "says nothing"),
        (Draft("ü" * 2049), TooLarge, "`4098` bytes"),
        (Draft("x", tags=["no good"]), Invalid, "`no good` is not a tag"),
        (Draft("x", tags=[f"t{n}" for n in range(11)]), Invalid, "`11` tags are too many"),
        (Draft("x", paths=["../x"]), Invalid, "`../x` is not a path"),
        (Draft("x", paths=["/etc/passwd"]), Invalid, "`/etc/passwd` is not a path"),
        (Draft("x", paths=["a" * 301]), Invalid, "is not a path"),
        (Draft("x", paths=[""]), Invalid, "is not a path"),
        (Draft("x", paths=[f"p{n}" for n in range(21)]), Invalid, "`21` paths are too many"),
        (Draft("x", scope="everywhere"), Invalid, "`everywhere` is not a scope"),
        (Draft("x", scope="agent:codex"), Forbidden, "cannot write to `agent:codex`"),
    ],
)
async def test_what_cannot_be_a_note_is_refused_with_what_to_do(
    notes: Notebook, draft: Draft, error: type[Invalid], said: str
) -> None:
    with pytest.raises(error, match=said) as refusal:
        await notes.memory.add(draft, CLAUDE)

    assert refusal.value.hint


async def test_a_note_cannot_end_in_the_past_or_in_no_time_zone(notes: Notebook) -> None:
    for at in (
        notes.clock.now,
        notes.clock.now + timedelta(days=4000),
        (notes.clock.now + timedelta(days=1)).replace(tzinfo=None),
    ):
        with pytest.raises(Invalid):
            await notes.memory.add(Draft("x", expires_at=at), CLAUDE)


async def test_memory_does_not_grow_without_bound(database: Database, events: EventLog) -> None:
    limits = Limits(notes=5, private=2, per_minute=4)
    notes = Notebook(database, events, HashingEmbedder(), limits=limits)
    for n in range(4):
        await notes.note(f"n{n}", scope="agent" if n < 2 else "repository")
    with pytest.raises(TooManyRequests) as slow:
        await notes.note("n4")
    notes.clock.pass_by(minutes=2)
    with pytest.raises(Invalid, match="`agent:claude` has 2 notes"):
        await notes.note("n4", scope="agent")
    fifth = await notes.note("n4")
    with pytest.raises(Invalid, match="there are 5 notes already"):
        await notes.note("n5", by=CODEX)
    await notes.memory.forget(fifth.id, CLAUDE)
    await notes.note("n5", by=CODEX)
    with pytest.raises(Invalid, match="there are 5 notes already"):
        await notes.memory.restore(fifth.id, CLAUDE)

    assert slow.value.retry_after == 60


class Moody:
    """A model that answers now and then, and that can be exchanged for another."""

    def __init__(self) -> None:
        self.name, self.down, self.asked = "moody-1", False, 0

    async def embed(
        self,
        texts: Sequence[str],
        kind: Literal["document", "query"],  # noqa: ARG002 - the port's signature
    ) -> npt.NDArray[np.float32]:
        if self.down:
            raise Unavailable("the model is away", hint="wait")
        self.asked += 1
        cats = ["cat" in text or "feline" in text for text in texts]
        return np.array([[cat, not cat] for cat in cats], dtype=np.float32)


async def test_the_vectors_of_any_model_are_used_and_their_lack_is_borne(
    database: Database, events: EventLog
) -> None:
    model = Moody()
    notes = Notebook(database, events, model)
    await notes.note("The cat sleeps")
    await notes.note("A dog barks")
    model.down = True
    assert await notes.found("feline") == []
    assert await notes.found("dogs") == ["A dog barks"]
    model.down = False
    assert await notes.found("feline") == ["The cat sleeps"]

    asked, again = model.asked, Notebook(database, events, model)
    assert await again.found("feline") == ["The cat sleeps"]
    assert model.asked == asked + 1  # the question alone: the notes' vectors are stored

    model.name = "moody-2"
    assert await Notebook(database, events, model).found("feline") == ["The cat sleeps"]
    assert model.asked == asked + 3


async def test_many_who_search_at_once_find_the_same(notes: Notebook) -> None:
    for n in range(70):  # more than one search makes vectors of
        await notes.note(f"Alpha{n:02}Handler lives in module{n:02}")

    await asyncio.gather(*(notes.found(f"alpha{n:02}") for n in range(8)))

    for n in (0, 33, 63, 69):
        hits = await notes.memory.search(f"alpha{n:02} handlr", caller=CODEX, limit=1)
        assert [(hit.note.text, hit.ways) for hit in hits] == [
            (f"Alpha{n:02}Handler lives in module{n:02}", ("words", "meaning"))
        ]


async def test_an_agents_private_notes_are_its_own(notes: Notebook) -> None:
    note = await notes.note("My plan for the cache", scope="agent")
    page = Filter(scopes=["agent:claude"])

    assert note.scope == "agent:claude"
    for stranger in (
        CODEX,
        ADA,
        caller("boss", "agent", "admin"),
        caller("ci", "service", "admin"),
    ):
        assert await notes.texts(stranger) == []
        assert await notes.found("plan cache", stranger) == []
        assert (await notes.memory.newest(stranger, page)).notes == ()
        assert await notes.memory.search("plan", caller=stranger, filter=page) == []
        for verb in (notes.memory.get, notes.memory.history, notes.memory.forget):
            with pytest.raises(NotFound):
                await verb(note.id, stranger)
        with pytest.raises(NotFound):
            await notes.memory.supersede(note.id, Change("x"), stranger)
        with pytest.raises(NotFound):
            await notes.memory.newest(stranger, before=note.id)
        added = await notes.memory.add(Draft("My plan for the cache", scope="agent"), stranger)
        assert (added.duplicate, added.similar) == (False, ())
    assert await notes.texts(CLAUDE) == ["My plan for the cache"]
    assert len(await notes.texts(ROOT)) == 5  # who runs the system sees what is in it


async def test_no_filter_reaches_another_workspace(
    notes: Notebook, database: Database, events: EventLog
) -> None:
    other = Notebook(database, events, HashingEmbedder(), workspace="other-00000000")
    note = await other.note("The other secret plan")

    for question in ("other secret plan", "') or true --", '{"$or": [{}]}', note.id):
        for by in (CLAUDE, ROOT):
            assert await notes.found(question, by) == []
    for scope in ("repository", "agent:%", "agent:' or true --", "agent:\u202e"):
        for by in (CLAUDE, ROOT):
            try:
                page = await notes.memory.newest(by, Filter(scopes=[scope]))
            except Invalid:
                continue
            assert page.notes == ()
    with pytest.raises(NotFound):
        await notes.memory.get(note.id, ROOT)
    assert not (await notes.memory.add(Draft("The other secret plan"), CLAUDE)).duplicate
