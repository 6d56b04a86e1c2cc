"""A stand-in for Vercel's API: deployments, newest first, in pages."""

from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request

_BEGAN = 1_790_000_000_000  # milliseconds


class FakeVercel(HttpService):
    """Answers `GET /v6/deployments`; `page_size` caps what one page holds."""

    def __init__(self, key: str, *, page_size: int = 100) -> None:
        super().__init__()
        self.key = key
        self.page_size = page_size
        self.deployments: list[JsonObject] = []

    def deploy(
        self,
        uid: str,
        *,
        state: str = "READY",
        target: str | None = "production",
        message: str = "",
    ) -> None:
        """Add a deployment, one minute after the last, in the shape that the real API has."""
        created = _BEGAN + 60_000 * len(self.deployments)
        self.deployments.append(
            {
                "uid": uid,
                "name": "shop",
                "projectId": "prj_shop",
                "url": f"shop-{uid[-4:]}.vercel.app",
                "created": created,
                "createdAt": created,
                "buildingAt": created + 1_000,
                "ready": created + 30_000 if state == "READY" else None,
                "state": state,
                "readyState": state,
                "type": "LAMBDAS",
                "target": target,
                "creator": {"uid": "u1", "email": "dev@example.org", "username": "dev"},
                "inspectorUrl": f"https://vercel.com/team/shop/{uid}",
                "meta": {
                    "githubCommitSha": "0" * 39 + "1",
                    "githubCommitRef": "main",
                    "githubCommitMessage": message,
                },
                "aliasAssigned": None,
            }
        )

    def set_state(self, uid: str, state: str) -> None:
        """Move a deployment on."""
        for deployment in self.deployments:
            if deployment["uid"] == uid:
                deployment |= {"state": state, "readyState": state}

    def answer(self, request: Request) -> Reply:
        """What the real API would say."""
        if request.bearer != self.key:
            return _error(403, "forbidden", "Not authorized")
        if request.path != "/v6/deployments":
            return _error(404, "not_found", "The requested API endpoint was not found.")
        if request.query.get("projectId", "prj_shop") not in ("prj_shop", "shop"):
            return _error(404, "not_found", "Project not found.")
        until = int(request.query.get("until", str(2**60)))
        limit = min(int(request.query.get("limit", "20")), self.page_size)
        older = [d for d in reversed(self.deployments) if _created(d) < until]
        page: list[JsonValue] = list(older[:limit])
        more = len(older) > limit
        pagination: JsonObject = {
            "count": len(page),
            "next": _created(older[limit - 1]) if more else None,
            "prev": _created(older[0]) if older else None,
        }
        return Reply({"deployments": page, "pagination": pagination})


def _created(deployment: JsonObject) -> int:
    created = deployment["created"]
    return created if isinstance(created, int) else 0


def _error(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"code": code, "message": message}}, status=status)
