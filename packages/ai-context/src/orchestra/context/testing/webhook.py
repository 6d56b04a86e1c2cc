"""A receiver of webhooks that checks every signature, and fails when it is told to."""

import asyncio
import json
from typing import Any

from orchestra.shared.testing.http_service import HttpService, Reply, Request
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


class WebhookReceiver(HttpService):
    """Takes what is signed with `secret`; refuses everything else with 401."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""
        self.taken: list[tuple[str, dict[str, Any]]] = []
        """The id and the content of each delivery that was taken."""
        self._came = asyncio.Event()

    def answer(self, request: Request) -> Reply:
        """Check the signature, then take the delivery."""
        try:
            Webhook(self.secret).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            return Reply({"error": str(error)}, status=401)
        self.taken.append((request.headers["webhook-id"], json.loads(request.body)))
        came, self._came = self._came, asyncio.Event()
        came.set()
        return Reply({"taken": True})

    async def took(self, count: int) -> None:
        """Return when so many deliveries were taken."""
        while len(self.taken) < count:
            await self._came.wait()
