"""A stream of a provider, cut into any pieces, leaves as the same whole events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given
from orchestra.gateway.routing.failures import Fault
from orchestra.gateway.routing.flow import Flow
from orchestra.gateway.testing.scripts import Said, chat_events
from orchestra.gateway.wire import Meter

pytestmark = pytest.mark.requirement("gw.resilience")

TEXTS = st.lists(st.text(max_size=12), min_size=1, max_size=6)
ENDS = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"])
DONE = b"data: [DONE]\n\n"


class Pieces:
    """A response that comes in these pieces."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, data: bytes, cuts: list[int]) -> None:
        places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
        self._pieces = [data[a:b] for a, b in pairwise(places)]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    def close(self) -> None:
        """Nothing is open."""


def passed_on(data: bytes, cuts: list[int], *, uncounted: bool = False) -> tuple[bytes, Flow]:
    flow = Flow(Pieces(data, cuts), Meter("openai", "chat"), sign=DONE, uncounted=uncounted)

    async def read() -> bytes:
        out = b""
        while (events := await flow.next()) is not None:
            out += events
        return out

    return asyncio.run(read()), flow


@given(words=TEXTS, end=ENDS, cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_any_pieces_give_the_same_events(words: list[str], end: bytes, cuts: list[int]) -> None:
    data = b"".join(event[:-2] + end for event in chat_events(Said("m", words)))
    out, flow = passed_on(data, cuts)

    assert out == data
    assert (flow.dropped, flow.complete) == (0, True)


@given(words=TEXTS, cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_a_usage_that_was_not_asked_for_stays_here_and_is_counted(
    words: list[str], cuts: list[int]
) -> None:
    out, flow = passed_on(b"".join(chat_events(Said("m", words))), cuts, uncounted=True)

    assert out == b"".join(chat_events(Said("m", words, counts=False)))
    assert flow.meter.usage is not None
    assert flow.meter.usage.output == len(words)


@given(words=TEXTS, at=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_a_stream_that_was_cut_before_its_finish_has_no_end(
    words: list[str], at: int, cuts: list[int]
) -> None:
    events = chat_events(Said("m", words, counts=False))
    unfinished = b"".join(events[:-2])
    with pytest.raises(Fault) as fault:
        passed_on(unfinished[: at % (len(unfinished) + 1)], cuts)
    assert fault.value.word == "cut"


@given(
    words=TEXTS,
    at=st.integers(0, 5),
    broken=st.sampled_from([b'data: {"choices": [{\n\n', b"data: \xff\n\n", b"data: nothing\n\n"]),
    cuts=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_what_cannot_be_read_is_left_out_and_nothing_else(
    words: list[str], at: int, broken: bytes, cuts: list[int]
) -> None:
    events = chat_events(Said("m", words))
    place = min(at, len(events) - 2)
    out, flow = passed_on(b"".join([*events[:place], broken, *events[place:]]), cuts)

    assert out == b"".join(events)
    assert flow.dropped == 1
    assert json.loads(events[0][6:])["model"] == "m"
