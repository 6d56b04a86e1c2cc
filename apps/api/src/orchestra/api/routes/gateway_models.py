"""What the routes of the gateway take and give. Amounts are dollars as exact decimal texts."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from orchestra.gateway.cost.money import dollars
from orchestra.gateway.cost.report import By, Standing, Sums
from orchestra.gateway.cost.tables import LedgerRow
from pydantic import BaseModel, ConfigDict, Field

CallId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}$")]
Days = Annotated[int, Query(ge=1, le=400, description="today is the last of them")]
Groups = Annotated[list[By], Query(min_length=1, max_length=3, description="grouped by")]


class Price(BaseModel):
    """Dollars per million tokens, of a call that is not long."""

    input: str
    cached: str
    output: str
    origin: str = Field(description="who says so")


class TargetView(BaseModel):
    """A model at a provider, in the order in which it is asked."""

    provider: str
    model: str = Field(description="`{model}` stands for the name that the client writes")
    price: Price | None = Field(description="null when nobody knows it")
    state: Literal["untried", "closed", "open", "half-open", "absent"] = Field(
        description="`closed` answers; `open` is left alone for a while; `absent` has no key"
    )
    again_in: float = Field(description="seconds until an open one is tried again")


class RouteView(BaseModel):
    """A route, and whom it asks."""

    name: str
    targets: list[TargetView]


class ModelsView(BaseModel):
    """What can be asked for."""

    models: dict[str, str] = Field(description="what a client may write, and the route it takes")
    routes: list[RouteView]
    classes: dict[str, list[str]] = Field(description="routes of a kind of work, cheapest first")
    absent: dict[str, str] = Field(description="providers that cannot be asked, and why")


class SumsView(BaseModel):
    """Calls that have something in common."""

    name: str
    calls: int
    failed: int
    cache_hits: int
    unpriced: int = Field(description="calls whose price nobody knows; `cost` is without them")
    input: int
    cached: int
    cache_written: int
    output: int
    reasoning: int
    cost: str

    @classmethod
    def of(cls, sums: Sums) -> "SumsView":
        """As it is sent."""
        values = {name: getattr(sums, name) for name in Sums.__slots__}
        return cls(**values | {"cost": dollars(sums.cost)})


class CostView(BaseModel):
    """What was spent since a day."""

    since: date
    by: list[By]
    rows: list[SumsView]
    total: SumsView


class CallView(BaseModel):
    """A call in the ledger."""

    id: str
    at: datetime
    agent: str
    key_id: str
    endpoint: str
    asked: str
    task: str | None
    task_class: str | None
    route: str | None
    provider: str | None
    model: str | None
    attempts: int
    input: int
    cached: int
    cache_written: int
    output: int
    reasoning: int
    cost: str | None = Field(description="null when nobody knows it")
    source: str
    cache: str | None
    status: int
    finish: str
    seconds: float
    first_token: float | None

    @classmethod
    def of(cls, row: LedgerRow) -> "CallView":
        """As it is sent."""
        names = cls.model_fields.keys() - {"agent", "cost"}
        values = {name: getattr(row, name) for name in names}
        cost = None if row.cost is None else dollars(row.cost)
        return cls(**values, agent=row.principal, cost=cost)


class LedgerView(BaseModel):
    """Calls, newest first."""

    calls: list[CallView]
    next_before: str | None


class Told(BaseModel):
    """Why a call went as it did."""

    id: str
    state: Literal["over", "under way"]
    call: CallView | None = Field(description="null while it is under way")
    lines: list[str] = Field(description="the story, for people")
    attempts: list[dict[str, Any]]
    price: str | None = Field(description="where the price is from")
    reserved: str | None = Field(description="what was set aside before, at most")


class BudgetView(BaseModel):
    """A budget in its present period."""

    kind: Literal["system", "agent", "key", "task"]
    subject: str
    period: Literal["day", "month", "ever"]
    amount: str
    spent: str
    held: str = Field(description="set aside for calls under way or about to come")
    left: str
    ends: datetime | None
    origin: str = Field(description="`configuration`, or who set it")
    for_each: bool = Field(description="each one that has none of its own has it")

    @classmethod
    def of(cls, standing: Standing) -> "BudgetView":
        """As it is sent."""
        budget = standing.budget
        return cls(
            kind=budget.kind,
            subject=standing.subject,
            period=budget.amount.period,
            amount=dollars(budget.amount.nano),
            spent=dollars(standing.spent),
            held=dollars(standing.held),
            left=dollars(standing.left),
            ends=standing.ends,
            origin=budget.origin,
            for_each=budget.subject == "*" and budget.kind != "system",
        )


class BudgetList(BaseModel):
    """Budgets in force."""

    budgets: list[BudgetView]


class BudgetOrder(BaseModel):
    """A budget to set."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["system", "agent", "key", "task"]
    subject: str = Field(default="*", max_length=128, description="a name, or * for each")
    amount: str = Field(max_length=40, description="`20/day`, `300/month`, or `2` for ever")


class OutcomeReport(BaseModel):
    """Whether an answer passed its checks."""

    model_config = ConfigDict(extra="forbid")

    request_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    task: TaskName | None = None
    passed: bool


class VerdictView(BaseModel):
    """What that changes."""

    subject: str | None = Field(description="the task or session")
    task_class: str | None
    route: str | None = Field(description="of its next call")
    why: str


class FamilyView(BaseModel):
    """Calls that may be answered by likeness."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    state: str
    threshold: float | None
    bound: float
    checks: int
    false_hits: int


class CacheView(BaseModel):
    """What the cache did in this process since it started."""

    exact: bool
    semantic: str
    entries: int
    bytes: int
    lookups: int
    exact_hits: int
    semantic_hits: int
    saved: str
    saved_unpriced: int
    shadow_checks: int
    shadow_false: int
    stopped: dict[str, int]
    families: list[FamilyView]


class ClearedView(BaseModel):
    """How many kept answers were forgotten."""

    cleared: int
