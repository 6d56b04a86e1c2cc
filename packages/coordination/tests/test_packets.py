"""Whatever was said and done: a packet has at most 600 tokens, no secret, and says what was cut."""

from random import Random
from typing import Any

import bpe_openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.coordination.tasks.packet import TOKENS, Packet, Ran
from orchestra.coordination.tasks.packing import pack
from orchestra.coordination.tasks.progress import Decision
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.planted_secrets import KINDS, plant

pytestmark = pytest.mark.requirement("agent.handoff")

REDACTOR = Redactor()
ENCODING = bpe_openai.get_encoding("cl100k_base")
_texts = st.one_of(
    st.text(max_size=1000),
    st.text("<>&`\\\"'\n", max_size=1000),
    st.text("漢字🦀ß", max_size=1000),
    st.integers(0, 400).map("word ".__mul__),
)
_secrets = st.builds(
    lambda kind, seed: plant(kind, Random(seed)), st.sampled_from(sorted(KINDS)), st.integers(0, 99)
)
_lists = st.lists(_texts, max_size=40).map(tuple)
_runs = st.lists(st.builds(Ran, command=_texts, exit=st.none() | st.integers(0, 255)), max_size=40)
_decisions = st.lists(st.builds(Decision, what=_texts.filter(bool), why=_texts), max_size=20)
_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}", fullmatch=True)


def count_tokens(text: str) -> int:
    return len(ENCODING.encode_ordinary(text))


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    lists: dict[str, Any] = {
        name: draw(_lists)
        for name in ("failed_approaches", "constraints", "open_questions", "done", "read_first")
    }
    return Packet(
        id="hof_0123456789abcdef",
        task_id="tsk_0123456789abcdef",
        title=draw(_texts),
        from_agent=draw(_names),
        to_agent=draw(st.none() | _names),
        created_at="2026-11-24T20:00:00Z",
        context_version=f"{'0f' * 16}:{2**40}",
        head="0a" * 20,
        branch=draw(st.none() | _texts),
        goal=draw(_texts),
        in_progress=draw(_texts),
        next_step=draw(_texts),
        stop_condition=draw(_texts),
        dirty=draw(_lists),
        edits=draw(_lists),
        decisions=tuple(draw(_decisions)),
        tests=tuple(draw(_runs)),
        commands=tuple(draw(_runs)),
        links=("orchestra://handoffs/hof_0123456789abcdef",),
        **lists,
    )


@settings(max_examples=150, deadline=None)
@given(packets())
def test_a_packet_is_never_longer_than_it_may_be(full: Packet) -> None:
    made, tokens = pack(full, count_tokens, REDACTOR)

    assert tokens == count_tokens(made.written()) <= TOKENS
    assert Packet.model_validate_json(made.model_dump_json()) == made
    for part in ("failed_approaches", "decisions", "tests", "done", "commands", "dirty"):
        kept, all_of_it = len(getattr(made, part)), len(getattr(full, part))
        assert kept + made.cut.get(part, 0) == all_of_it


@settings(max_examples=150, deadline=None)
@given(packets(), st.lists(_secrets, min_size=1, max_size=3), st.integers(0, 300))
def test_cutting_never_lets_a_secret_through(
    full: Packet, planted: list[tuple[str, str]], before: int
) -> None:
    said = " ".join("x" * before + f"\n{text}\n" for text, _ in planted)
    full = full.model_copy(update={"next_step": said, "goal": said, "failed_approaches": (said,)})

    made, tokens = pack(full, count_tokens, REDACTOR)

    assert tokens <= TOKENS
    written = made.model_dump_json()
    assert [secret for _, secret in planted if secret in written] == []


def test_what_matters_most_is_kept_and_what_was_cut_is_said() -> None:
    many = tuple(f"thing number {n} that was done at great length" for n in range(40))
    full = Packet(
        id="hof_0",
        task_id="tsk_0",
        title="t",
        from_agent="claude",
        created_at="2026-11-24T20:00:00Z",
        goal="the goal",
        next_step="the next step",
        failed_approaches=("do not try that again",),
        done=many,
        commands=tuple(Ran(command=text, exit=0) for text in many),
    )

    made, _ = pack(full, count_tokens, REDACTOR)

    assert (made.goal, made.next_step) == ("the goal", "the next step")
    assert made.failed_approaches == full.failed_approaches
    assert made.done == many[-len(made.done) :]
    assert made.cut["done"] == 40 - len(made.done) > 0
    assert made.cut["commands"] == 40 - len(made.commands)
