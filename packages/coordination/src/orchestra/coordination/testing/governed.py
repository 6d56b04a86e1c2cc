"""A governor over a real database, with specs given as text, and callers of every kind."""

import itertools
from dataclasses import dataclass

from orchestra.coordination.governance import Act, Approvals, Audit, Governor, Lifetimes, Taint
from orchestra.coordination.specs import AgentSpec, load_specs, slug_of
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller, Kind
from orchestra.shared.redaction import Redactor

WORKSPACE = "test-1"
SPEC = """\
name: Vercel Deploy Agent
permissions: ["pulumi:write", "vercel:deploy", "lambda:monitor"]
auto_approve_patterns: ["*.tsx", "*.py", "pulumi/*.py"]
context_sources: [lambda_stats]
"""
OTHER = "name: Reader\npermissions: ['lambda:monitor']\n"
_numbers = itertools.count()


@dataclass
class GivenSpecs:
    """Specs in force that are what the test says."""

    specs: list[AgentSpec]

    async def spec_of(self, principal: str) -> AgentSpec | None:
        """The one whose slug is that of the principal."""
        slug = slug_of(principal)
        return next((spec for spec in self.specs if spec.slug == slug), None)


@dataclass
class Governed:
    """All parts of governance."""

    governor: Governor
    approvals: Approvals
    audit: Audit
    specs: GivenSpecs
    database: Database
    events: EventLog

    @classmethod
    def over(
        cls, database: Database, events: EventLog, lifetimes: Lifetimes | None = None
    ) -> "Governed":
        """The parts, with the two specs of this file in force."""
        audit = Audit(database, events, workspace=WORKSPACE)
        approvals = Approvals(
            database,
            events,
            audit,
            workspace=WORKSPACE,
            redactor=Redactor(),
            lifetimes=lifetimes,
        )
        specs = GivenSpecs(load_specs({"a.yaml": SPEC, "b.yaml": OTHER}))
        governor = Governor(specs, approvals, Taint(database), audit, url="http://127.0.0.1:8700")
        return cls(governor, approvals, audit, specs, database, events)

    async def rows(self) -> list[tuple[str, str, object]]:
        """Kind, actor and outcome of every row of the audit."""
        return [(e.kind, e.actor, e.data["outcome"]) for e in await self.events.read("audit")]


def caller(name: str, kind: Kind = "agent", *scopes: str) -> Caller:
    """A caller; every call is a key of its own, of the principal of that name."""
    return Caller(f"prn_{name}", name, kind, f"key{next(_numbers)}", frozenset(scopes), None)


DEPLOYER = caller("vercel-deploy-agent@laptop")
ADA = caller("ada", "human", "approvals:read", "approvals:decide")
BOB = caller("bob", "human", "approvals:read", "approvals:decide")


def deploy(n: int = 0, **more: object) -> Act:
    """An act that the deployer may do once a person has approved it."""
    return Act("vercel:deploy", f"deploy {n}", {"deployment": n}, **more)  # type: ignore[arg-type]  # the test's own words
