"""Whatever is done to notes, by whomever: memory keeps its promises, and the event log tells it all."""

import contextlib
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.context.memory import STATES, Change, Draft, Filter, Note
from orchestra.context.memory.text import fingerprint
from orchestra.context.testing.memory import ADA, CLAUDE, CODEX, ROOT, Notebook
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.vectors.embedders.hashing import HashingEmbedder

pytestmark = pytest.mark.requirement("ctx.memory")

_callers = st.sampled_from((ADA, CLAUDE, CODEX))
_texts = st.sampled_from(("Use port 1", "use PORT 1.", "Use port 2", "Never use port 1"))
_scopes = st.sampled_from(("repository", "workspace", "agent"))
_lives = st.sampled_from((None, 1, 30))  # hours
_nth = st.integers(0, 7)
_operations = st.one_of(
    st.tuples(st.just("add"), _callers, _texts, _scopes, _lives, st.booleans()),
    st.tuples(st.just("supersede"), _callers, _nth, _texts, _lives),
    st.tuples(st.just("forget"), _callers, _nth),
    st.tuples(st.just("restore"), _callers, _nth),
    st.tuples(st.just("wait"), st.sampled_from((2, 20))),
)
_numbers = itertools.count()


class Story:
    """What has been done so far, and every note that came of it."""

    def __init__(self, notes: Notebook) -> None:
        self.notes = notes
        self.ids: list[str] = []

    async def do(self, operation: tuple[object, ...]) -> None:
        """Do it; a refusal is an answer too, and anything else that goes wrong is not."""
        with contextlib.suppress(OrchestraError):
            await self._do(*operation)

    async def _do(self, verb: object, *given: object) -> None:
        memory, clock = self.notes.memory, self.notes.clock
        match verb, *given:
            case "add", Caller() as by, str(text), str(scope), life, bool(untrusted):
                until = clock.now + timedelta(hours=life) if isinstance(life, int) else None
                draft = Draft(text, scope=scope, expires_at=until, untrusted=untrusted)
                added = await memory.add(draft, by)
                self._remember(added.note, new=not added.duplicate)
                assert fingerprint(added.note.text) == fingerprint(text)
            case "supersede", Caller() as by, int(nth), str(text), life if self.ids:
                old = await memory.get(self._chosen(nth), by)
                until = clock.now + timedelta(hours=life) if isinstance(life, int) else None
                added = await memory.supersede(old.id, Change(text, expires_at=until), by)
                self._remember(added.note, new=not added.duplicate)
                assert added.note.scope == old.scope
                assert by is ADA or old.trust != "person"
                assert by is ADA or added.duplicate or _rank(added.note) <= _rank(old)
            case "forget", Caller() as by, int(nth) if self.ids:
                before = await memory.get(self._chosen(nth), ROOT)
                await memory.forget(before.id, by)
                assert by is ADA or before.author == by.name
                assert before.scope in ("repository", "workspace", f"agent:{by.name}")
            case "restore", Caller() as by, int(nth) if self.ids:
                note = await memory.restore(self._chosen(nth), by)
                assert note.state == "current"
                assert by is ADA or note.author == by.name
            case "wait", int(hours):
                clock.pass_by(hours=hours)

    def _chosen(self, nth: int) -> str:
        return self.ids[nth % len(self.ids)]

    def _remember(self, note: Note, *, new: bool) -> None:
        assert new == (note.id not in self.ids)
        if new:
            self.ids.append(note.id)


def _rank(note: Note) -> int:
    return ("untrusted", "agent", "person").index(note.trust)


async def _all(notes: Notebook) -> dict[str, Note]:
    page = await notes.memory.newest(ROOT, Filter(states=STATES), limit=1000)
    return {note.id: note for note in page.notes}


def _one_of_each(notes: list[Note]) -> None:
    said = [(note.scope, fingerprint(note.text)) for note in notes if note.state == "current"]
    assert len(said) == len(set(said))


async def _told(events: EventLog, workspace: str) -> dict[str, tuple[object, bool]]:
    """What the event log alone knows: by whom each note is superseded, and if it is forgotten."""
    told: dict[str, tuple[object, bool]] = {}
    for event in await events.read(f"memory/{workspace}"):
        id = str(event.data["note"])
        by, forgotten = told.get(id, (None, False))
        told[id] = {
            "note.added": (None, False),
            "note.superseded": (event.data.get("superseded_by"), forgotten),
            "note.forgotten": (by, True),
            "note.restored": (None, False),
        }[event.kind]
    return told


@settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(_operations, min_size=1, max_size=16))
async def test_memory_keeps_its_promises(
    database: Database, events: EventLog, operations: list[tuple[object, ...]]
) -> None:
    workspace = f"w{next(_numbers)}"
    notes = Notebook(database, events, HashingEmbedder(256), workspace=workspace)
    story = Story(notes)
    for operation in operations:
        await story.do(operation)

    known = await _all(notes)
    assert set(known) == set(story.ids)  # nothing is lost, nothing came from elsewhere
    _one_of_each(list(known.values()))
    told = await _told(events, workspace)
    assert told == {
        id: (note.superseded_by, note.forgotten_by is not None) for id, note in known.items()
    }
    for by in (ADA, CLAUDE, CODEX):
        expected = {
            note.id
            for note in known.values()
            if note.state == "current"
            and note.scope in ("repository", "workspace", f"agent:{by.name}")
        }
        assert {note.id for note in (await notes.memory.newest(by)).notes} == expected
        found = await notes.memory.search("use port", caller=by, limit=100)
        assert {hit.note.id for hit in found} == expected
    assert all(note.trust != "person" or note.author == "ada" for note in known.values())
    assert all(note.forgotten_by in (None, note.author, "ada") for note in known.values())
