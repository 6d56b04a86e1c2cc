"""What an operator says about money: `[prices]`, `[budgets]`, `[limits]` and `[ledger]` of `gateway.toml`."""

from decimal import Decimal
from typing import Annotated

from orchestra.gateway.cost.budget import Amount, Kind
from orchestra.gateway.cost.money import nano
from orchestra.gateway.cost.rates import Card, Rates
from orchestra.shared.errors import Invalid
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel


def _exact(value: object) -> object:
    """Numbers as they are written: 0.1 is a tenth."""
    return Decimal(str(value)) if isinstance(value, float | int) else value


def _amount(text: str) -> str:
    try:
        Amount.parse(text)
    except Invalid as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
    return text


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Money = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1_000_000)]
Amounts = Annotated[
    tuple[Annotated[str, AfterValidator(_amount)], ...],
    BeforeValidator(_listed),
    Field(max_length=3, strict=False),
]
"""`"20/day"`, or several: `["20/day", "300/month"]`."""


class Section(BaseModel):
    """A table of the file: what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PriceSection(Section):
    """`[prices."PROVIDER/MODEL"]`: dollars per million tokens."""

    input: Money
    output: Money
    cached: Money | None = None
    """Read from the provider's cache; without it, as `input`."""
    cache_written: Money | None = None
    reasoning: Money | None = None
    """Without it, as `output`."""
    call: Money = Decimal(0)
    """Dollars for each call besides."""

    def card(self, origin: str) -> Card:
        """The prices in whole numbers."""
        paid, output = _pico(self.input), _pico(self.output)
        written = paid if self.cache_written is None else _pico(self.cache_written)
        rates = Rates(
            input=paid,
            cached=paid if self.cached is None else _pico(self.cached),
            cache_written=written,
            cache_written_long=written,
            output=output,
            reasoning=output if self.reasoning is None else _pico(self.reasoning),
            call=1000 * nano(self.call),
        )
        return Card(origin, rates)


def _pico(million: Decimal) -> int:
    return nano(million) // 1000


class PricesSection(RootModel[dict[str, PriceSection]]):
    """`[prices]`: the operator's own, by `PROVIDER/MODEL`; `*` stands for any letters."""

    model_config = ConfigDict(frozen=True, strict=True)
    root: dict[str, PriceSection] = {}


class BudgetsSection(Section):
    """`[budgets]`: how much may be spent; by name, or `*` for each one that has none of its own."""

    system: Amounts = ()
    """By everybody together."""
    agents: dict[str, Amounts] = {}
    """By a principal, with all its keys."""
    keys: dict[str, Amounts] = {}
    """By one key; its id."""
    tasks: dict[str, Amounts] = {}
    """For one task."""
    output_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 16_384
    """What is set aside for an answer whose length the client does not limit."""
    assumed: PriceSection = PriceSection(input=Decimal(15), output=Decimal(75))
    """What a model of unknown price is taken to cost against budgets; the ledger says unknown."""

    def amounts(self) -> list[tuple[Kind, str, Amount]]:
        """All of them: what is counted, whose, and how much."""
        by_name: tuple[tuple[Kind, dict[str, Amounts]], ...] = (
            ("system", {"*": self.system}),
            ("agent", self.agents),
            ("key", self.keys),
            ("task", self.tasks),
        )
        return [
            (kind, name, Amount.parse(text))
            for kind, names in by_name
            for name, texts in names.items()
            for text in texts
        ]


class LimitSection(Section):
    """How often a key may call. What is not named is not limited."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1, le=10_000_000_000)] | None = None
    at_once: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Calls under way."""


class LimitsSection(LimitSection):
    """`[limits]`: for each key, and `[limits.keys.NAME]` for those of one principal or one key."""

    keys: dict[str, LimitSection] = {}

    def of(self, key_id: str, principal: str) -> LimitSection:
        """What holds for a key."""
        return self.keys.get(key_id) or self.keys.get(principal) or self


class LedgerSection(Section):
    """`[ledger]`: how long calls are kept."""

    days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Each call by itself; sums by day are kept for 400 days, or as long as this if that is longer."""
    queue: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Calls that wait to be written; when so many wait, new ones are refused."""
