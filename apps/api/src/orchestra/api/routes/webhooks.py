"""`/api/v1/webhooks`: the context pushed to places outside."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from orchestra.api.auth import WebhookManager
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.context import Topic
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(route_class=StrictRoute, prefix="/webhooks", tags=["webhooks"])


class WebhookView(BaseModel):
    """A webhook and how it fares."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    url: str
    agent: str
    topics: list[str] = Field(description="all when empty")
    created_by: str
    created_at: datetime
    seq: int = Field(description="the number of the last change that it took")
    failures: int = Field(description="attempts in a row that failed")
    last_error: str | None
    delivered_at: datetime | None


class WebhookList(BaseModel):
    """Every webhook, oldest first."""

    webhooks: list[WebhookView]


class NewWebhook(BaseModel):
    """Where to send what."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=2000)
    agent: str = Field(default="manus", pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    topics: list[Topic] = Field(default=[], max_length=20)


class CreatedWebhook(WebhookView):
    """A webhook just made. `secret` is shown this once: receivers check signatures with it."""

    secret: str


@router.get("", summary="List webhooks")
async def list_webhooks(request: Request, _caller: WebhookManager) -> WebhookList:
    """Every webhook, without secrets."""
    found = await state_of(request).webhooks.list()
    return WebhookList(webhooks=[WebhookView.model_validate(one) for one in found])


@router.post("", status_code=201, summary="Make a webhook")
async def create_webhook(
    request: Request, caller: WebhookManager, order: NewWebhook
) -> CreatedWebhook:
    """Send the context there from now on, signed as Standard Webhooks says."""
    made, secret = await state_of(request).webhooks.create(
        order.url, agent=order.agent, topics=order.topics, actor=caller.name
    )
    view = WebhookView.model_validate(made)
    return CreatedWebhook(**view.model_dump(), secret=secret)


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook")
async def delete_webhook(
    request: Request,
    _caller: WebhookManager,
    webhook_id: Annotated[str, Path(pattern=r"^whk_[0-9a-f]{16}$")],
) -> None:
    """Send nothing more there."""
    await state_of(request).webhooks.delete(webhook_id)
