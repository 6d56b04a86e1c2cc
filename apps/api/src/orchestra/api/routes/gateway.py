"""`/api/v1/gateway`: what models cost, who may spend it, and why a call went as it did."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from orchestra.api.auth import Administrator, ModelUser
from orchestra.api.gateway_story import story
from orchestra.api.gateway_view import models_view
from orchestra.api.routes.gateway_models import (
    BudgetList,
    BudgetOrder,
    BudgetView,
    CacheView,
    CallId,
    CallView,
    ClearedView,
    CostView,
    Days,
    Groups,
    LedgerView,
    ModelsView,
    OutcomeReport,
    SumsView,
    TaskName,
    Told,
    VerdictView,
)
from orchestra.api.state import State, state_of
from orchestra.api.strict import StrictRoute
from orchestra.gateway.cost.budget import EACH, Amount, Counter, begins, check_budget
from orchestra.gateway.cost.money import dollars
from orchestra.gateway.cost.report import Sums, first_day
from orchestra.shared.identity import Caller

router = APIRouter(route_class=StrictRoute, prefix="/gateway", tags=["gateway"])

_PAGE = 50


def _whose(caller: Caller) -> str | None:
    """Whose calls a caller sees: its own, or everybody's."""
    return None if caller.can("admin") else caller.name


@router.get("/models", summary="Models that can be asked")
async def models(request: Request, _caller: ModelUser) -> ModelsView:
    """Routes with their targets, what these cost and how they are."""
    return await models_view(state_of(request).models)


@router.get("/cost", summary="What was spent")
async def cost(
    request: Request,
    caller: ModelUser,
    days: Days = 7,
    by: Groups = ["day"],  # noqa: B006 - FastAPI copies it
) -> CostView:
    """Sums since a day; an administrator sees everybody's, others their own."""
    state = state_of(request)
    await _written(state)
    since = first_day(days)
    reports = state.models.reports
    rows = await reports.sums(by, since, _whose(caller))
    whole = (
        rows
        if len(by) == 1 and by[0] == "day"
        else await reports.sums(["day"], since, _whose(caller))
    )
    total = Sums("total", *(sum(getattr(row, name) for row in whole) for name in _COUNTS))
    return CostView(since=since, by=by, rows=[*map(SumsView.of, rows)], total=SumsView.of(total))


_COUNTS = [name for name in Sums.__slots__ if name != "name"]


@router.get("/ledger", summary="List calls")
async def ledger(
    request: Request,
    caller: ModelUser,
    task: Annotated[TaskName | None, Query()] = None,
    before: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = _PAGE,
) -> LedgerView:
    """One row for each call that is over, newest first."""
    state = state_of(request)
    await _written(state)
    rows = await state.models.reports.calls(
        agent=_whose(caller), task=task, before=before, limit=limit
    )
    more = rows[-1].id if len(rows) == limit else None
    return LedgerView(calls=[*map(CallView.of, rows)], next_before=more)


@router.get("/explain/{call_id}", summary="Explain a call")
async def explain(request: Request, caller: ModelUser, call_id: CallId) -> Told:
    """Its route, its attempts with their reasons, what the cache did, and where the price is from."""
    state = state_of(request)
    await _written(state)
    return story(await state.models.reports.call(call_id, _whose(caller)))


@router.get("/budgets", summary="List budgets")
async def budgets(request: Request, caller: ModelUser) -> BudgetList:
    """How each stands in its present period; others than administrators see those they are under."""
    state = state_of(request)
    await _written(state)
    mine = None if caller.can("admin") else (caller.name, caller.key_id)
    found = await state.models.reports.standings(mine)
    return BudgetList(budgets=[*map(BudgetView.of, found)])


@router.put("/budgets", summary="Set a budget")
async def set_budget(request: Request, caller: Administrator, order: BudgetOrder) -> BudgetList:
    """It holds at once, in every process, and goes before one of the configuration."""
    state = state_of(request)
    kind, subject = check_budget(order.kind, order.subject)
    amount = Amount.parse(order.amount)
    await _written(state)  # it counts what was spent before
    cost = state.models.cost
    await cost.budgets.set(kind, subject, amount, actor=caller.name)
    cost.accounts.budgets_changed()
    if subject != EACH or kind == "system":
        since = begins(amount.period, datetime.now(UTC))
        await cost.ledger.begin(Counter(kind, subject, amount.period, since))
    data = {"kind": kind, "subject": subject, "amount": str(amount)}
    await cost.notices.say("budget.set", {**data}, actor=caller.name)
    found = await state.models.reports.standings(None)
    return BudgetList(budgets=[BudgetView.of(s) for s in found if s.budget.kind == kind])


@router.delete("/budgets/{kind}/{subject:path}", status_code=204, summary="Remove a budget")
async def remove_budget(
    request: Request,
    caller: Administrator,
    kind: Literal["system", "agent", "key", "task"],
    subject: Annotated[str, Path(max_length=128)],
    period: Annotated[Literal["day", "month", "ever"], Query()],
) -> None:
    """One that was set here; one of the configuration holds again then."""
    cost = state_of(request).models.cost
    kind, subject = check_budget(kind, subject)
    await cost.budgets.remove(kind, subject, period)
    cost.accounts.budgets_changed()
    data = {"kind": kind, "subject": subject, "period": period}
    await cost.notices.say("budget.removed", {**data}, actor=caller.name)


@router.get("/cache", summary="What kept answers did")
async def cache(request: Request, _caller: Administrator) -> CacheView:
    """Hits, what they saved, and whether near answers are given; of this process."""
    figures = await state_of(request).models.cache.figures()
    view = asdict(figures) | {"saved": dollars(figures.saved)}
    return CacheView.model_validate(view)


@router.delete("/cache", summary="Forget kept answers")
async def clear_cache(
    request: Request,
    caller: Administrator,
    tenant: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    commit: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    model: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> ClearedView:
    """In every process: all, or those of a tenant, a commit and a model."""
    models = state_of(request).models
    number = await models.cache.clear(tenant=tenant, commit=commit, model=model)
    given = {"tenant": tenant, "commit": commit, "model": model}
    data = {name: value for name, value in given.items() if value is not None}
    await models.cost.notices.say("cache.cleared", {**data, "answers": number}, actor=caller.name)
    return ClearedView(cleared=number)


@router.post("/outcomes", summary="Report an outcome")
async def outcome(request: Request, caller: ModelUser, report: OutcomeReport) -> VerdictView:
    """An answer that did not pass its checks makes the next call of its task climb to a dearer route."""
    verdict = await state_of(request).models.outcomes.report(
        call_id=report.request_id,
        task=report.task,
        passed=report.passed,
        agent=_whose(caller),
        actor=caller.name,
    )
    return VerdictView(
        subject=verdict.subject,
        task_class=verdict.task_class,
        route=verdict.route,
        why=verdict.why,
    )


async def _written(state: State) -> None:
    """Calls of this process that have just ended are seen too."""
    await state.models.cost.ledger.flush()
