"""What calls cost: amounts, rates, and where prices come from."""

import contextlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.gateway.calls import Usage
from orchestra.gateway.cost.budget import Amount, begins, ends
from orchestra.gateway.cost.config import PriceSection, PricesSection
from orchestra.gateway.cost.money import NANO, dollars, nano
from orchestra.gateway.cost.prices import FILE, Prices
from orchestra.gateway.cost.rates import Card, Rates
from orchestra.shared.errors import Invalid

RATES = Rates(
    input=2_000_000,
    cached=200_000,
    cache_written=2_500_000,
    cache_written_long=4_000_000,
    output=10_000_000,
    reasoning=10_000_000,
)
COUNT = st.integers(0, 10_000_000)


@given(st.integers(0, 10**18))
def test_an_amount_is_read_as_it_was_written(amount: int) -> None:
    assert nano(dollars(amount)) == amount


@given(st.text(max_size=20))
def test_a_budget_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        amount = Amount.parse(text)
        assert Amount.parse(str(amount)) == amount


def test_tokens_of_each_kind_have_their_own_price() -> None:
    usage = Usage(1_000_000, cached=600_000, cache_written=300_000, output=50_000, reasoning=20_000)

    assert dollars(RATES.cost(usage)) == "1.57"  # 0.20 fresh, 0.12 cached, 0.75 written, 0.50 out
    longer = Usage(1_000_000, 600_000, 300_000, 50_000, 20_000, cache_written_long=300_000)
    assert dollars(RATES.cost(longer)) == "2.02"


@given(COUNT, COUNT, COUNT, COUNT, COUNT)
def test_no_call_costs_more_than_the_most_that_was_set_aside(
    fresh: int, cached: int, written: int, text: int, reasoning: int
) -> None:
    usage = Usage(fresh + cached + written, cached, written, text + reasoning, reasoning)

    assert 0 <= RATES.cost(usage) <= RATES.most(usage.input, usage.output)


def test_a_fraction_of_a_nano_dollar_is_rounded_up_and_never_to_nothing() -> None:
    cheap = Rates(1, 1, 1, 1, 1, 1)

    assert cheap.cost(Usage(1)) == 1
    assert cheap.cost(Usage(0)) == 0


def test_beyond_a_step_all_tokens_have_the_higher_price() -> None:
    dear = Rates(4_000_000, 0, 0, 0, 20_000_000, 20_000_000)
    card = Card("a list", RATES, above=((200_000, dear),))

    assert card.cost(Usage(200_000)) == 200_000 * 2_000
    assert card.cost(Usage(200_001)) == 200_001 * 4_000


def test_the_tier_that_was_billed_has_its_own_price() -> None:
    card = Card("a list", RATES, tiers={"flex": Card("a list", Rates(1000, 0, 0, 0, 0, 0))})

    assert card.cost(Usage(1000, tier="flex")) == 1000
    assert card.cost(Usage(1000, tier="standard")) == card.cost(Usage(1000))
    assert card.most(1000, 0) < Card(
        "a list", RATES, tiers={"fast": Card("", Rates(9**9, 0, 0, 0, 0, 0))}
    ).most(1000, 0, any_tier=True)


def test_a_period_begins_and_ends_in_utc() -> None:
    now = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)

    assert begins("day", now) == date(2026, 12, 31)
    assert begins("month", now) == date(2026, 12, 1)
    assert ends("day", date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert ends("month", date(2026, 12, 1)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert ends("ever", begins("ever", now)) is None


@pytest.mark.requirement("gw.cost")
async def test_prices_come_from_the_operator_then_from_the_list_and_else_are_unknown(
    tmp_path: Path,
) -> None:
    own = PricesSection(
        {
            "local/*": PriceSection.model_validate({"input": 0.5, "output": 1}),
            "local/big": PriceSection.model_validate({"input": 7, "cached": 0.7, "output": 9}),
        }
    )
    urls = {"anthropic": "https://api.anthropic.com", "local": "http://127.0.0.1:9/v1", "x": ""}
    wanted = [
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "no-such-model"),
        ("local", "small"),
        ("local", "big"),
        ("x", "gpt-4.1"),
    ]
    prices = Prices(own, urls, tmp_path)
    await prices.start(wanted)
    await prices.learn(wanted, patience=60)
    await prices.close()

    found = [prices.find(*pair) for pair in wanted]
    assert [card.rates.output if card else None for card in found] == [
        15_000_000,
        None,
        1_000_000,
        9_000_000,
        None,
    ]
    assert found[0] is not None
    assert found[0].origin.startswith("genai-prices ")
    assert found[0].origin.endswith(": anthropic/claude-sonnet-4-5")

    kept = json.loads((tmp_path / FILE).read_text())
    kept["rows"][0][3]["origin"] = "as it was kept"
    (tmp_path / FILE).write_text(json.dumps(kept))
    again = Prices(own, urls, tmp_path)
    await again.start(wanted[:1])
    await again.close()
    card = again.find(*wanted[0])
    assert card is not None
    assert card.origin == "as it was kept"


def test_a_price_is_what_the_configuration_says_to_the_digit() -> None:
    section = PriceSection.model_validate({"input": 0.1, "output": 0.3, "call": 0.005})

    assert (
        section.card("it").cost(Usage(1_000_000, output=1_000_000)) == NANO // 10 * 4 + NANO // 200
    )
