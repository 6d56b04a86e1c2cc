"""A stand-in for GitHub's REST API: the workflow runs of one repository."""

from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request


class FakeGitHub(HttpService):
    """Answers `GET /repos/{owner}/{repo}/actions/runs`, with pages and rate limits."""

    def __init__(self, key: str, repository: str = "team/shop") -> None:
        super().__init__()
        self.key = key
        self.repository = repository
        self.runs: list[JsonObject] = []
        self.poll_interval: int | None = None

    def add_run(
        self,
        id: int,
        *,
        status: str = "completed",
        conclusion: str | None = "success",
        branch: str = "main",
        title: str = "Fix the till",
    ) -> None:
        """Add a run, in the shape that the real API has."""
        self.runs.append(
            {
                "id": id,
                "name": "CI",
                "node_id": f"WFR_{id}",
                "head_branch": branch,
                "head_sha": "0" * 39 + "1",
                "path": ".github/workflows/ci.yml",
                "display_title": title,
                "run_number": len(self.runs) + 1,
                "run_attempt": 1,
                "event": "push",
                "status": status,
                "conclusion": conclusion,
                "workflow_id": 7,
                "html_url": f"https://github.com/{self.repository}/actions/runs/{id}",
                "created_at": "2026-11-20T10:00:00Z",
                "updated_at": "2026-11-20T10:03:00Z",
                "run_started_at": "2026-11-20T10:00:00Z",
                "pull_requests": [],
                "actor": {"login": "dev", "id": 1, "type": "User"},
            }
        )

    def finish(self, id: int, conclusion: str) -> None:
        """Complete a run."""
        for run in self.runs:
            if run["id"] == id:
                run |= {"status": "completed", "conclusion": conclusion}

    def answer(self, request: Request) -> Reply:
        """What the real API would say."""
        if request.bearer != self.key:
            return _error(401, "Bad credentials")
        if request.path != f"/repos/{self.repository}/actions/runs":
            return _error(404, "Not Found")
        size = min(int(request.query.get("per_page", "30")), 100)
        page = max(int(request.query.get("page", "1")), 1)
        newest = list(reversed(self.runs))
        runs: list[JsonValue] = list(newest[(page - 1) * size : page * size])
        headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999"}
        if self.poll_interval is not None:
            headers["x-poll-interval"] = str(self.poll_interval)
        if page * size < len(newest):
            after = f"{self.url}{request.path}?per_page={size}&page={page + 1}"
            headers["link"] = f'<{after}>; rel="next"'
        return Reply({"total_count": len(newest), "workflow_runs": runs}, headers=headers)


def _error(status: int, message: str) -> Reply:
    documentation = "https://docs.github.com/rest"
    return Reply(
        {"message": message, "documentation_url": documentation, "status": str(status)},
        status=status,
    )
