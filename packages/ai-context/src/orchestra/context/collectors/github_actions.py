"""How the latest runs of GitHub Actions went."""

import re

from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.polling import Look
from orchestra.context.collectors.service import Service
from orchestra.context.config import GitHubSource
from orchestra.context.facts import Observation, Topic
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain
from pydantic import BaseModel

_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+)(?::\d+)?/"
    r"|(?:[A-Za-z0-9_.-]+@)?(?P<scp>[A-Za-z0-9.-]+):)"
    r"(?P<owner>[A-Za-z0-9_.-]+)/(?P<name>[A-Za-z0-9_.-]+?)(?:\.git)?/?"
)


class _Actor(BaseModel):
    login: str = ""


class _Run(BaseModel):
    id: int
    name: str | None = None
    display_title: str | None = None
    head_branch: str | None = None
    head_sha: str = ""
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    run_number: int = 0
    run_attempt: int = 1
    html_url: str = ""
    created_at: str = ""
    updated_at: str = ""
    actor: _Actor | None = None


class _Runs(BaseModel):
    workflow_runs: list[_Run]


class GitHubActions:
    """Asks GitHub for the latest runs of one repository's workflows."""

    topic: Topic = "ci_runs"

    def __init__(
        self,
        config: GitHubSource,
        credentials: Credentials,
        base_url: str,
        *,
        remote: str | None,
        host: str = "github.com",
    ) -> None:
        """`remote`: the URL of the git remote `origin`; `host`: what it must be on."""
        self._config = config
        self._credentials = credentials
        self._repository = config.repository or repository_of(remote or "", host)
        self._service = Service(
            "GitHub",
            base_url,
            lambda: credentials.get(config.token),
            headers={"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"},
        )

    async def look(self) -> Look:
        """List the latest runs."""
        unconfigured = self._credentials.missing(self._config.token, "GitHub")
        if self._repository is None:
            unconfigured = (
                "the git remote `origin` is not a GitHub repository; hint: set `repository` in"
                " `[sources.github]` of .ai-context/config.toml"
            )
        if unconfigured:
            return Look(Observation(value=None, status="unconfigured", detail=unconfigured))
        answer = await self._service.get(
            f"/repos/{self._repository}/actions/runs", {"per_page": self._config.limit}
        )
        runs = self._service.read(_Runs, answer).workflow_runs[: self._config.limit]
        value: JsonObject = {
            "repository": self._repository,
            "runs": {str(run.id): _describe(run) for run in runs},
            "latest": {
                f"{plain(r.head_branch or '', 200)}:{plain(r.name or '', 100)}": str(r.id)
                for r in sorted(runs, key=lambda r: (r.run_number, r.run_attempt))
            },
        }
        wait = answer.headers.get("x-poll-interval", "")
        return Look(
            Observation(value=value, source=answer.url),
            busy=any(run.status != "completed" for run in runs),
            wait=float(wait) if wait.isdecimal() else 0.0,
        )


def repository_of(remote: str, host: str = "github.com") -> str | None:
    """`owner/name` of a git remote on `host`; None when it is anywhere else."""
    match = _REMOTE.fullmatch(remote.strip())
    if match is None or (match["host"] or match["scp"]).lower() != host:
        return None
    if {match["owner"], match["name"]} & {".", ".."}:
        return None
    return f"{match['owner']}/{match['name']}"


def _describe(run: _Run) -> JsonObject:
    return {
        "workflow": plain(run.name or "", 100),
        "title": plain(run.display_title or "", 200),
        "branch": plain(run.head_branch or "", 200),
        "commit": plain(run.head_sha, 64),
        "event": plain(run.event, 64),
        "status": plain(run.status or "unknown", 32),
        "conclusion": plain(run.conclusion, 32) if run.conclusion else None,
        "number": run.run_number,
        "attempt": run.run_attempt,
        "url": plain(run.html_url, 300),
        "created_at": plain(run.created_at, 40),
        "updated_at": plain(run.updated_at, 40),
        "actor": plain((run.actor or _Actor()).login, 64),
    }
