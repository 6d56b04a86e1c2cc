"""Events come out the same however the bytes were cut, and no cut stream yields half an event."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orchestra.gateway.wire import Event, EventSplitter

LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """A stream, and the events that its author meant."""
    text, events = draw(st.sampled_from(["", "\ufeff"])), []
    for _ in range(draw(st.integers(0, 6))):
        end = draw(ENDS)
        name, data = draw(LINES.map(str.strip)), draw(st.lists(LINES, max_size=3))
        lines = [f"data: {line}" for line in data]
        lines += [f"event: {name}"] if name else []
        lines += draw(st.lists(st.sampled_from([": a comment", "id: 7", "retry: 10", "unknown"])))
        text += "".join(line + end for line in [*lines, ""])
        if data:
            events.append(Event(name.encode(), "\n".join(data).encode()))
    return text.encode(), events


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in at})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cutting_gives_the_events_that_were_meant(
    stream: tuple[bytes, list[Event]], at: list[int]
) -> None:
    data, events = stream
    splitter = EventSplitter()

    assert [event for piece in cut(data, at) for event in splitter.feed(piece)] == events
    assert splitter.dropped == 0


def test_a_chunk_may_end_inside_a_character_and_inside_a_line_end() -> None:
    splitter, data = EventSplitter(), "data: é\r\n\r\ndata: ok\r\n\r\n".encode()

    found = [event for byte in data for event in splitter.feed(bytes([byte]))]

    assert found == [Event(b"", "é".encode()), Event(b"", b"ok")]


@pytest.mark.parametrize("tail", ["data: half", "data: half\n", "data: half\r", "event: x\r\n"])
def test_what_is_not_ended_by_a_blank_line_is_no_event(tail: str) -> None:
    splitter = EventSplitter()

    assert splitter.feed(b"data: one\n\n" + tail.encode()) == [Event(b"", b"one")]
    assert splitter.pending > 0


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_an_event_over_the_limit_is_dropped_and_its_memory_is_not_kept(size: int) -> None:
    splitter, found = EventSplitter(limit=100), []
    data = b"data: a\n\ndata: " + b"x" * 5000 + b"\ndata: y\n\ndata: b\n\n"

    for start in range(0, len(data), size):
        found += splitter.feed(data[start : start + size])
        assert splitter.pending <= 101 + size

    assert [event.data for event in found] == [b"a", b"b"]
    assert splitter.dropped == 1
