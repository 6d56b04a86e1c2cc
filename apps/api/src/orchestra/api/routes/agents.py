"""`/api/v1/agents`: the agent specs in force, where they are from, and what does not count yet."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from orchestra.api.auth import ApprovalDecider, Reader
from orchestra.api.state import state_of
from orchestra.api.strict import StrictRoute
from orchestra.coordination.governance import Proposal
from orchestra.coordination.specs import AgentSpec, Problem, slug_of
from orchestra.shared.identity.principal import KeyInfo
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(route_class=StrictRoute, prefix="/agents", tags=["agents"])

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class SpecProblem(BaseModel):
    """What is wrong with a file, and how to mend it."""

    model_config = ConfigDict(from_attributes=True)

    path: str
    line: int
    message: str
    hint: str


class SpecView(BaseModel):
    """What a spec says."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    slug: str = Field(description="how a principal is called that acts under it")
    path: str
    digest: str = Field(description="SHA-256 of the file's text")
    permissions: list[str]
    auto_approve_patterns: list[str]
    context_sources: list[str]
    topics: list[str] = Field(description="the topics that `context_sources` stands for")


class AgentView(SpecView):
    """A spec in force, and who acts under it."""

    approved_by: str | None = Field(
        description="the person who put this content in force; none: it is the default branch's"
    )
    principals: list[str] = Field(description="agents with a key that acts under it")


class ProposalView(BaseModel):
    """A content on disk that does not count: it is not on the default branch, nor approved."""

    path: str
    digest: str = Field(description="approve it by this")
    spec: SpecView | None
    adds_permissions: list[str]
    adds_patterns: list[str]
    problems: list[SpecProblem]


class AgentList(BaseModel):
    """The specs in force, what is wrong with others, and what waits to be reviewed."""

    ref: str | None = Field(description="the default branch, as a ref")
    commit: str | None
    agents: list[AgentView]
    problems: list[SpecProblem]
    proposals: list[ProposalView]
    without_spec: list[str] = Field(
        description="agents with a key and no spec: they have no permissions"
    )


@router.get("", summary="List agents")
async def list_agents(request: Request, _caller: Reader) -> AgentList:
    """Only what the default branch has counts, or what a person approved by its digest."""
    state = state_of(request)
    current = await state.governance.specs.current()
    proposals = await state.governance.specs.proposals()
    names = _agents(await state.identity.list_keys())
    known = {spec.slug for spec in current.specs}
    return AgentList(
        ref=current.ref,
        commit=current.commit,
        agents=[
            AgentView(
                **_spec(spec).model_dump(),
                approved_by=current.approved.get(spec.path),
                principals=[name for name in names if slug_of(name) == spec.slug],
            )
            for spec in current.specs
        ],
        problems=_problems(current.problems),
        proposals=[_proposal(proposal) for proposal in proposals],
        without_spec=[name for name in names if slug_of(name) not in known],
    )


@router.post("/specs/{digest}/approve", summary="Put a changed spec in force")
async def approve(request: Request, caller: ApprovalDecider, digest: Digest) -> ProposalView:
    """Until the default branch has another content of that file. People only."""
    return _proposal(await state_of(request).governance.specs.approve(digest, caller))


def _agents(keys: list[KeyInfo]) -> list[str]:
    return sorted({key.name for key in keys if key.kind == "agent" and key.revoked_at is None})


def _spec(spec: AgentSpec) -> SpecView:
    return SpecView.model_validate(spec)


def _problems(problems: tuple[Problem, ...]) -> list[SpecProblem]:
    return [SpecProblem.model_validate(problem) for problem in problems]


def _proposal(proposal: Proposal) -> ProposalView:
    spec, old = proposal.spec, proposal.replaces
    permissions = set(old.permissions) if old else set()
    patterns = set(old.auto_approve_patterns) if old else set()
    return ProposalView(
        path=proposal.path,
        digest=proposal.digest,
        spec=None if spec is None else _spec(spec),
        adds_permissions=[p for p in spec.permissions if p not in permissions] if spec else [],
        adds_patterns=[p for p in spec.auto_approve_patterns if p not in patterns] if spec else [],
        problems=_problems(proposal.problems),
    )
