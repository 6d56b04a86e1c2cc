"""A2A 1.x: the public card, and the endpoint behind the keys of everything else."""

from fastapi import APIRouter, Request
from orchestra.api.a2a.card import ENDPOINT, PATH, agent_card
from orchestra.api.auth import TaskReader
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from starlette.responses import JSONResponse, Response

router = APIRouter(route_class=StrictRoute, include_in_schema=False)
_CACHED = {"Cache-Control": "public, max-age=300", "Vary": "Host"}


@router.get(PATH)
async def card(request: Request) -> Response:
    """What this is, and where it is served: nothing about the repository."""
    base = state_of(request).settings.public_url or str(request.base_url)
    return JSONResponse(agent_card(base), headers=_CACHED)


@router.post(ENDPOINT)
async def answer(request: Request, caller: TaskReader) -> Response:
    """One JSON-RPC request of A2A."""
    return await state_of(request).a2a.answer(request, caller)
