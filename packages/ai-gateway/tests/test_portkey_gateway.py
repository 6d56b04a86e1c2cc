"""`PortkeyGateway`: a question in one line, asked of the providers in the order that it is given."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from orchestra.gateway import PortkeyGateway
from orchestra.gateway.routing.refusals import ProvidersFailed
from orchestra.gateway.testing.upstream import FaultyUpstream
from orchestra.shared.errors import Invalid, NotFound, Unavailable
from orchestra.shared.settings import Settings

pytestmark = pytest.mark.requirement("gw.class")

FILE = """
[providers.openrouter]
kind = "openai"
url = "{url}"
key = "secret://env/OPENROUTER_API_KEY"
private = true
[providers.anthropic]
kind = "anthropic"
url = "{url}"
key = "secret://env/ANTHROPIC_API_KEY"
private = true
[providers.cohere]
kind = "openai"
url = "{url}"
key = "secret://env/COHERE_API_KEY"
private = true
[providers.openai]
kind = "openai"
url = "{url}"
key = "secret://env/OPENAI_API_KEY"
private = true
[routes.default]
attempts = 1
targets = [
  {{ provider = "openrouter", model = "{model}" }},
  {{ provider = "cohere", model = "command" }},
]
[routes.gpt]
attempts = 1
targets = [ {{ provider = "openai" }}, {{ provider = "openrouter", model = "openai/{{model}}" }} ]
[models]
"gpt-*" = "gpt"
"""
Make = Callable[..., PortkeyGateway]


@pytest.fixture
async def upstream() -> AsyncGenerator[FaultyUpstream]:
    async with FaultyUpstream() as up:
        yield up


@pytest.fixture
async def make(
    upstream: FaultyUpstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Make]:
    for name in ("OPENROUTER", "COHERE", "OPENAI"):
        monkeypatch.setenv(f"{name}_API_KEY", f"sk-{name.lower()}-0123456789")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    made: list[PortkeyGateway] = []

    def gateway(config: dict[str, object] | None = None, text: str = FILE) -> PortkeyGateway:
        path = tmp_path / "gateway.toml"
        path.write_text(text.format(url=upstream.url, model="anthropic/claude-sonnet-5"))
        settings = Settings(state_dir=tmp_path, gateway_config=path)
        options = {"cost_optimization": False} | (config or {})
        made.append(PortkeyGateway(options, settings=settings, wait=0))
        return made[-1]

    yield gateway
    for each in made:
        await asyncio.to_thread(each.close)


async def test_a_question_in_one_line_has_an_answer_that_is_a_text(
    make: Make, upstream: FaultyUpstream
) -> None:
    told = await asyncio.to_thread(make().query, "hi", model="gpt-4")

    assert str(told) == told.text == "".join(upstream.words)
    assert (told.provider, told.model, told.cache) == ("openrouter", "openai/gpt-4", "miss")
    seen = upstream.requests[-1]
    assert seen.json["messages"] == [{"role": "user", "content": "hi"}]
    assert seen.headers["authorization"] == "Bearer sk-openrouter-0123456789"


def test_without_a_word_it_is_configured_as_it_is_documented(tmp_path: Path) -> None:
    assert PortkeyGateway(settings=Settings(state_dir=tmp_path)).config == {
        "primary": "openrouter",
        "fallbacks": ["anthropic", "cohere", "openai"],
        "cache_strategy": "semantic",
        "cost_optimization": True,
    }


async def test_the_fallbacks_are_asked_in_order_and_one_without_a_key_is_left_out(
    make: Make, upstream: FaultyUpstream
) -> None:
    upstream.fail("503", "503")

    told = await make().aquery("hi", model="gpt-4")

    assert [seen.model for seen in upstream.requests] == ["openai/gpt-4", "command", "gpt-4"]
    assert (told.provider, told.attempts) == ("openai", 3)


async def test_a_question_that_nobody_answers_is_asked_again_until_it_is_given_up(
    make: Make, upstream: FaultyUpstream
) -> None:
    gateway = make({"fallbacks": []})
    upstream.fail("503", "503")
    assert (await gateway.aquery("hi", model="gpt-4")).attempts == 1
    assert len(upstream.requests) == 3

    upstream.fail("503", "503", "503", "503")
    with pytest.raises(ProvidersFailed):
        await gateway.aquery("again", model="gpt-4")
    assert len(upstream.requests) == 6


async def test_a_question_that_is_wrong_is_not_asked_again(
    make: Make, upstream: FaultyUpstream
) -> None:
    upstream.fail("400")
    with pytest.raises(Invalid, match="temperature"):
        await make().aquery("hi", model="gpt-4")
    with pytest.raises(NotFound):
        await make().aquery("hi", model="nobody-knows")
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(("strategy", "asked"), [("semantic", 1), ("exact", 1), ("none", 2)])
async def test_the_same_question_is_answered_from_the_cache_unless_it_is_off(
    make: Make, upstream: FaultyUpstream, strategy: str, asked: int
) -> None:
    gateway = make({"cache_strategy": strategy})

    first = await gateway.aquery("hi", model="gpt-4")
    second = await gateway.aquery("hi", model="gpt-4")
    other = await gateway.aquery("hi there", model="gpt-4")

    assert first.text == second.text == other.text
    assert len(upstream.requests) == asked + 1


async def test_with_cost_optimization_the_cheaper_fallback_comes_first(
    make: Make, upstream: FaultyUpstream
) -> None:
    prices = """
[prices."cohere/command"]
input = 9.0
output = 9.0
[prices."openai/gpt-4"]
input = 1.0
output = 1.0
"""
    upstream.fail("503")

    await make({"cost_optimization": True}, FILE + prices).aquery("hi", model="gpt-4")

    assert [seen.model for seen in upstream.requests] == ["openai/gpt-4", "gpt-4"]


async def test_without_any_key_it_says_which_to_set(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENROUTER", "COHERE", "OPENAI"):
        monkeypatch.delenv(f"{name}_API_KEY")

    with pytest.raises(Unavailable, match="OPENROUTER_API_KEY"):
        await make().aquery("hi")


def test_a_word_that_it_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="fallback"):
        PortkeyGateway({"fallback": ["openai"]}, settings=Settings(state_dir=tmp_path))


async def test_closed_and_asked_again_it_opens_again(make: Make, upstream: FaultyUpstream) -> None:
    gateway = make()
    await gateway.aquery("one", model="gpt-4")
    await asyncio.to_thread(gateway.close)

    assert (await gateway.aquery("two", model="gpt-4")).text
    body = json.loads(upstream.requests[-1].body)
    assert "max_tokens" not in body
