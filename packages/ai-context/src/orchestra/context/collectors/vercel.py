"""What is deployed at Vercel, and what is on its way."""

from datetime import UTC, datetime

from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.polling import Look
from orchestra.context.collectors.service import Service
from orchestra.context.config import VercelSource
from orchestra.context.facts import Observation, Topic
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain
from pydantic import BaseModel, Field

_IN_PROGRESS = ("BUILDING", "INITIALIZING", "QUEUED", "ANALYZING", "DEPLOYING")
_PAGES = 5


class _Creator(BaseModel):
    username: str | None = None


class _Deployment(BaseModel):
    uid: str
    name: str = ""
    url: str | None = None
    state: str | None = None
    ready_state: str | None = Field(default=None, alias="readyState")
    target: str | None = None
    created: int | None = None  # milliseconds
    ready: int | None = None  # milliseconds
    meta: dict[str, object] = {}
    creator: _Creator | None = None

    @property
    def status(self) -> str:
        return plain(self.state or self.ready_state or "UNKNOWN", 32).upper()


class _Pagination(BaseModel):
    next: int | None = None


class _Page(BaseModel):
    deployments: list[_Deployment]
    pagination: _Pagination = _Pagination()


class Vercel:
    """Asks Vercel for the latest deployments."""

    topic: Topic = "deployment_status"

    def __init__(self, config: VercelSource, credentials: Credentials, base_url: str) -> None:
        self._config = config
        self._credentials = credentials
        self._service = Service("Vercel", base_url, lambda: credentials.get(config.token))

    async def look(self) -> Look:
        """List the latest deployments, newest first."""
        missing = self._credentials.missing(self._config.token, "Vercel")
        if missing:
            return Look(Observation(value=None, status="unconfigured", detail=missing))
        found: list[_Deployment] = []
        until: int | None = None
        for _ in range(_PAGES):
            page = await self._page(self._config.limit - len(found), until)
            found += page.deployments
            until = page.pagination.next
            if until is None or not page.deployments or len(found) >= self._config.limit:
                break
        found = found[: self._config.limit]
        value: JsonObject = {
            "deployments": {plain(d.uid, 64): _describe(d) for d in found},
            "current": _current(found),
        }
        source = f"{self._service.base_url}/v6/deployments"
        return Look(
            Observation(value=value, source=source),
            busy=any(d.status in _IN_PROGRESS for d in found),
        )

    async def _page(self, limit: int, until: int | None) -> _Page:
        answer = await self._service.get(
            "/v6/deployments",
            {
                "limit": limit,
                "projectId": self._config.project,
                "teamId": self._config.team,
                "until": until,
            },
        )
        return self._service.read(_Page, answer)


def _describe(deployment: _Deployment) -> JsonObject:
    return {
        "project": plain(deployment.name, 100),
        "url": plain(deployment.url or "", 200),
        "state": deployment.status,
        "target": plain(deployment.target or "preview", 32),
        "created_at": _iso(deployment.created),
        "ready_at": _iso(deployment.ready),
        "commit": plain(deployment.meta.get("githubCommitSha", ""), 64),
        "branch": plain(deployment.meta.get("githubCommitRef", ""), 200),
        "message": plain(deployment.meta.get("githubCommitMessage", ""), 200),
        "creator": plain((deployment.creator or _Creator()).username or "", 64),
    }


def _current(found: list[_Deployment]) -> JsonObject:
    """The newest deployment that is ready, for each project and target."""
    current: JsonObject = {}
    for deployment in sorted(found, key=lambda d: d.created or 0):
        if deployment.status == "READY":
            key = f"{plain(deployment.name, 100)}:{plain(deployment.target or 'preview', 32)}"
            current[key] = plain(deployment.uid, 64)
    return current


def _iso(milliseconds: int | None) -> str | None:
    if milliseconds is None or not 0 <= milliseconds < 253_402_300_800_000:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
