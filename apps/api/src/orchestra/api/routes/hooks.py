"""`/api/v1/hooks/{brand}`: what agents report, what they are told, and what they may do."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from orchestra.api.auth import HookReporter
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, prefix="/hooks", tags=["hooks"])


@router.post("/{brand}", summary="Answer a hook")
async def answer(
    request: Request,
    caller: HookReporter,
    brand: Literal["claude", "codex", "cursor", "factory"],
    payload: dict[str, Any],
) -> dict[str, Any]:
    """The answer to an agent's hook, in the form that the agent reads. Unknown events get `{}`."""
    state = state_of(request)
    with state.metrics.hook_seconds.labels(brand).time():
        moment, said = await state.hooks.answer(brand, payload, caller)
    state.metrics.hook_events.labels(brand, moment or "other").inc()
    return said
