"""Sixteen ways in which providers fail, and what a client sees of them: nothing, where possible."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from orchestra.api.testing_models import ServedModels, chat_text, events_of, serving_models_over
from orchestra.gateway.config import GatewayConfig
from orchestra.gateway.portkey.child import PortkeyChild
from orchestra.gateway.portkey.section import PortkeySection
from orchestra.gateway.testing.upstream import FaultyUpstream

pytestmark = pytest.mark.requirement("gw.resilience")

WORDS = "word0 word1 word2 word3 word4 word5 word6 word7 "
OTHERS = "other0 other1 other2 other3 "
Serve = Callable[..., AbstractAsyncContextManager[ServedModels]]


@pytest.fixture
async def main() -> AsyncIterator[FaultyUpstream]:
    """The provider that is asked first; the model's name picks what goes wrong with it."""
    async with FaultyUpstream() as upstream:
        yield upstream


@pytest.fixture
async def spare() -> AsyncIterator[FaultyUpstream]:
    """The one that is asked next, which says other words."""
    async with FaultyUpstream() as upstream:
        upstream.words = [f"other{n} " for n in range(4)]
        yield upstream


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portkey(request: pytest.FixtureRequest) -> AsyncIterator[PortkeyChild | None]:
    """Portkey's gateway; None unless `make test-models` asks for it."""
    if not request.config.getoption("--models", default=False):
        yield None
        return
    child = PortkeyChild(PortkeySection(), [], str)
    await child.start()
    await child.wait(60)
    yield child
    await child.close()


@pytest.fixture
def serve(
    main: FaultyUpstream, spare: FaultyUpstream, portkey: PortkeyChild | None, tmp_path: Path
) -> Serve:
    """Serves a gateway to both; keyword arguments change the route."""

    def serve(
        *,
        targets: list[dict[str, Any]] | None = None,
        time: Callable[[], float] = monotonic,
        **route: object,
    ) -> AbstractAsyncContextManager[ServedModels]:
        sections: dict[str, Any] = {
            "layer": "direct" if portkey is None else "portkey",
            "providers": {
                name: {"kind": "openai", "url": upstream.url, "private": True}
                for name, upstream in (("main", main), ("spare", spare))
            },
            "routes": {
                "r": {
                    "targets": targets
                    or [{"provider": "main"}, {"provider": "spare", "model": "ok--spare"}],
                    "first_token": 0.5,
                    "answer": 0.5,
                    "stall": 0.5,
                    "backoff": 0.01,
                    **route,
                }
            },
            "models": {"*": "r"},
        }
        config = GatewayConfig.model_validate(sections)
        return serving_models_over(portkey, config, tmp_path, time=time)

    return serve


def asked(upstream: FaultyUpstream) -> int:
    return len(upstream.requests)


both = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


@both
async def test_s01_a_wish_to_wait_is_honoured(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("429-retry-after", stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, WORDS)
    assert (asked(main), asked(spare)) == (2, 0)
    assert answer.headers["x-orchestra-attempts"] == "2"


async def test_s01_a_wish_beyond_the_routes_patience_is_not_waited_for(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    main.retry_after = "30"
    async with serve() as models:
        answer = await models.chat("429")
        again = await models.chat("429")

    assert (chat_text(answer), chat_text(again)) == (OTHERS, OTHERS)
    assert asked(main) == 2


@both
async def test_s02_who_stays_busy_is_passed_over(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("429", stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (3, 1)


@both
async def test_s03_one_error_is_forgiven(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("500-once", stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, WORDS)
    assert (asked(main), asked(spare)) == (2, 0)


@both
@pytest.mark.parametrize("fault", ["503", "529", "401", "402"])
async def test_s04_who_is_down_or_refuses_a_good_key_is_passed_over_at_once(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool, fault: str
) -> None:
    async with serve() as models:
        answer = await models.chat(fault, stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (1, 1)


@both
async def test_s05_a_reset_connection_is_tried_once_more_and_then_left(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("reset", stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (2, 1)


@both
async def test_s06_who_says_nothing_is_cancelled_and_passed_over(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("silent", stream=stream)
        await main.requests[0].cancelled.wait()

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (1, 1)


@both
async def test_s07_who_is_slow_to_begin_is_cancelled_and_passed_over(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve() as models:
        answer = await models.chat("slow-first-token", stream=stream)
        await main.requests[0].cancelled.wait()

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (1, 1)


@pytest.mark.parametrize("fault", ["cut", "stall", "error-event"])
async def test_s08_s09_an_atomic_stream_that_breaks_off_is_given_whole_by_the_next(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, fault: str
) -> None:
    async with serve(streaming="atomic") as models:
        answer = await models.chat(fault, stream=True)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert answer.headers["x-orchestra-provider"] == "spare"


@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_s08_s09_an_answer_that_is_no_stream_is_given_whole_by_the_next(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, fault: str
) -> None:
    async with serve() as models:
        answer = await models.chat(fault)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)


@pytest.mark.parametrize("streaming", ["live", "guarded"])
@pytest.mark.parametrize("fault", ["cut", "stall", "error-event"])
async def test_s08_s09_a_stream_that_breaks_off_in_sight_of_the_client_never_looks_complete(
    serve: Serve,
    main: FaultyUpstream,
    portkey: PortkeyChild | None,
    streaming: str,
    fault: str,
) -> None:
    async with serve(streaming=streaming) as models:
        answer = await models.chat(fault, stream=True)
        outcome = await models.booked.outcomes.get()

    if portkey is not None and chat_text(answer) == OTHERS:
        return  # it passed on what came and the error at once, so that nothing was in sight yet
    assert WORDS.startswith(chat_text(answer))
    assert "[DONE]" not in answer.text
    assert not any(e["choices"][0]["finish_reason"] for e in events_of(answer) if "choices" in e)
    assert events_of(answer)[-1]["error"]["message"].startswith("the answer of `main` broke off")
    assert outcome.finish == "error"


async def test_s10_a_piece_that_cannot_be_read_is_left_out_and_counted(
    serve: Serve, main: FaultyUpstream
) -> None:
    async with serve() as models:
        answer = await models.chat("malformed", stream=True)
        outcome = await models.booked.outcomes.get()

    assert chat_text(answer) == WORDS
    assert answer.text.endswith("data: [DONE]\n\n")
    assert outcome.detail["damaged"] == "1"


async def test_s10_a_whole_answer_that_cannot_be_read_is_given_by_the_next(serve: Serve) -> None:
    async with serve() as models:
        answer = await models.chat("malformed")

    assert chat_text(answer) == OTHERS


async def test_s11_an_answer_that_lacks_only_the_sign_of_its_end_gets_one(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    async with serve() as models:
        answer = await models.chat("no-done", stream=True)
        outcome = await models.booked.outcomes.get()

    assert chat_text(answer) == WORDS
    assert answer.text.endswith("data: [DONE]\n\n")
    assert (asked(spare), outcome.finish) == (0, "stop")


@both
async def test_s12_a_question_that_is_too_long_goes_to_a_larger_model_and_to_no_other(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    targets = [
        {"provider": "main", "model": "context", "window": 8000},
        {"provider": "spare", "model": "context", "window": 8000},  # the same model elsewhere
        {"provider": "spare", "model": "ok--small", "window": 4000},
        {"provider": "spare", "model": "ok--large", "window": 200_000},
    ]
    async with serve(targets=targets) as models:
        answer = await models.chat("any", stream=stream)

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert [seen.model for seen in (*main.requests, *spare.requests)] == ["context", "ok--large"]


async def test_s12_a_question_that_fits_nowhere_is_refused_in_the_providers_words(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    targets = [{"provider": "main", "model": "context", "window": 8000}]
    async with serve(targets=targets) as models:
        answer = await models.chat("any")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert asked(main) == 1


@both
@pytest.mark.parametrize("fault", ["filter", "400"])
async def test_s13_what_is_refused_for_its_content_or_form_is_asked_of_nobody_else(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool, fault: str
) -> None:
    async with serve() as models:
        answer = await models.chat(fault, stream=stream)

    assert answer.status_code == 400
    assert (
        answer.json()["error"]["code"]
        == {"filter": "content_filter", "400": "invalid_value"}[fault]
    )
    assert (asked(main), asked(spare)) == (1, 0)


@both
async def test_s13_an_answer_that_ended_for_its_content_is_passed_on_as_it_is(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    async with serve(streaming="atomic") as models:
        answer = await models.chat("filtered", stream=stream)
        outcome = await models.booked.outcomes.get()

    assert '"finish_reason": "content_filter"' in answer.text
    assert (outcome.finish, asked(spare)) == ("content_filter", 0)


async def test_s14_a_fallback_is_asked_anew_and_never_for_the_rest_of_an_answer(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    async with serve(streaming="atomic") as models:
        answer = await models.chat("cut", stream=True)

    assert chat_text(answer) == OTHERS
    assert spare.requests[0].json["messages"] == main.requests[0].json["messages"]


async def test_s14_a_target_that_takes_no_prefill_is_passed_over(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    async with serve() as models:
        answer = await models.chat("no-prefill")

    assert (answer.status_code, chat_text(answer)) == (200, OTHERS)
    assert (asked(main), asked(spare)) == (1, 1)


async def test_s15_who_flaps_is_left_alone_probed_by_one_and_taken_back(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream
) -> None:
    now = 1000.0
    async with serve(time=lambda: now) as models:
        main.down = True
        for _ in range(8):
            assert chat_text(await models.chat("flap")) == OTHERS
        assert asked(main) == 5  # then it is left alone
        for _ in range(6):  # a minute, in which a probe fails now and then
            now += 10.0
            assert chat_text(await models.chat("flap")) == OTHERS
        assert 5 < asked(main) <= 5 + 6
        main.down = False
        now += 30.0  # no longer than this until it is back
        assert chat_text(await models.chat("flap")) == WORDS
        assert models.built.breakers.health()[0].state == "closed"


@both
async def test_s16_the_books_have_the_model_that_answered_and_what_it_used(
    serve: Serve, main: FaultyUpstream, spare: FaultyUpstream, stream: bool
) -> None:
    spare.cost = 0.00125
    async with serve() as models:
        answer = await models.chat("503", stream=stream)
        outcome = await models.booked.outcomes.get()

    assert answer.headers["x-orchestra-model"] == "ok--spare"
    assert (outcome.provider, outcome.model, outcome.finish) == ("spare", "ok--spare", "stop")
    assert outcome.usage is not None
    assert (outcome.usage.input, outcome.usage.output) == (11, 4)
    assert outcome.usage.cost == 1_250_000
    assert [(a.provider, a.error) for a in outcome.attempts] == [
        ("main", "unavailable"),
        ("spare", None),
    ]
    assert stream or answer.headers["x-orchestra-cost"] == "0.00125"
