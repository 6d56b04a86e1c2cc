"""The spec of an agent, as `.cursor/agents/*.yaml` says it."""

import re
from typing import Annotated

from orchestra.coordination.specs.patterns import check_pattern
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FOLDER = ".cursor/agents"
"""Where the specs of a repository are."""

SOURCES: dict[str, tuple[str, ...]] = {
    "lambda_stats": ("lambda_utilization",),
    "deployment_history": ("deployment_status", "ci_runs"),
    "performance_metrics": ("lambda_utilization", "database_status"),
    "codebase_state": ("codebase_state",),
    "lambda_utilization": ("lambda_utilization",),
    "pending_migrations": ("pending_migrations",),
    "vector_db_status": ("vector_db_status",),
    "deployment_status": ("deployment_status",),
    "ci_runs": ("ci_runs",),
    "database_status": ("database_status",),
    "approvals": ("approvals",),
    "claims": ("claims",),
    "handoffs": ("handoffs",),
}
"""What may stand in `context_sources`, and which topics of the live context each stands for."""

_SEPARATORS = re.compile(r"[^a-z0-9]+")

_NAME = r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$"
_PERMISSION = r"^[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}$"

Permission = Annotated[str, Field(pattern=_PERMISSION, description="`resource:action`")]
Pattern = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(check_pattern)]


def _known(source: str) -> str:
    if source not in SOURCES:
        raise ValueError(f"there is no such source; there are {', '.join(SOURCES)}")
    return source


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((v for n, v in enumerate(values) if v in values[:n]), None)
    if twice is not None:
        raise ValueError(f"`{twice}` stands twice in it")
    return values


Source = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*SOURCES]})]


class SpecFile(BaseModel):
    """A file `.cursor/agents/*.yaml`: an agent's permissions, and what it needs no approval for."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Agent")

    name: Annotated[
        str,
        Field(
            pattern=_NAME,
            description="whose principal is called the same, in lower case with hyphens",
        ),
    ]
    permissions: Annotated[
        tuple[Permission, ...],
        AfterValidator(_once),
        Field(max_length=100, description="what the agent may do; all else is refused"),
    ] = ()
    auto_approve_patterns: Annotated[
        tuple[Pattern, ...],
        AfterValidator(_once),
        Field(
            max_length=100,
            description="as in a .gitignore: an act that writes only such files needs no approval",
        ),
    ] = ()
    context_sources: Annotated[
        tuple[Source, ...],
        AfterValidator(_once),
        Field(max_length=50, description="which parts of the live context it is told; all if none"),
    ] = ()


class AgentSpec(SpecFile):
    """A spec with where it is from: its file, and the SHA-256 of the file's text."""

    path: str = ""
    digest: str = ""

    @property
    def slug(self) -> str:
        """The name by which its principals are called."""
        return slug(self.name)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of the live context that its `context_sources` stand for."""
        return tuple(dict.fromkeys(topic for s in self.context_sources for topic in SOURCES[s]))


def slug(name: str) -> str:
    """A name in lower case, its words joined by hyphens: `vercel-deploy-agent`."""
    return _SEPARATORS.sub("-", name.lower()).strip("-")


def slug_of(principal: str) -> str:
    """The slug of the spec under which a principal of that name acts; `@` separates an instance."""
    return slug(principal.partition("@")[0])
