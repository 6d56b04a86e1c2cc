"""Which specs count: those of the default branch, or a content that a person approved."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog
from orchestra.coordination.governance.audit import Audit
from orchestra.coordination.governance.tables import ApprovedSpecRow
from orchestra.coordination.specs.loader import Problem, check_specs
from orchestra.coordination.specs.spec import FOLDER, AgentSpec, slug_of
from orchestra.shared.db import Database
from orchestra.shared.errors import Conflict, Forbidden, Invalid, NotFound, OrchestraError
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

_FRESH = 2.0  # seconds that a look at the default branch is good for

_log = structlog.get_logger(__name__)


class SpecFiles(Protocol):
    """What is needed of the repository."""

    async def default_branch(self) -> tuple[str, str] | None:
        """The ref of the default branch and its commit."""

    async def committed(self, commit: str, folder: str) -> Mapping[str, str]:
        """Path → text of the plain files that a commit has in a folder."""

    async def present(self, folder: str) -> Mapping[str, str]:
        """Path → text of the plain files that the folder has on disk now."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The specs that count, where they are from, and what is wrong with the others."""

    specs: tuple[AgentSpec, ...]
    problems: tuple[Problem, ...]
    ref: str | None
    commit: str | None
    approved: Mapping[str, str]
    """Path → who approved the content that stands in place of the default branch's."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A content on disk that differs from what is in force: it does not count until approved."""

    path: str
    digest: str
    spec: AgentSpec | None
    problems: tuple[Problem, ...]
    replaces: AgentSpec | None
    text: str


@dataclass(frozen=True, slots=True)
class _Looked:
    at: float
    committed: Mapping[str, str]
    in_force: InForce


class SpecsInForce:
    """The specs of one repository."""

    def __init__(
        self, files: SpecFiles, database: Database, audit: Audit, *, workspace: str
    ) -> None:
        self._files = files
        self._database = database
        self._audit = audit
        self._workspace = workspace
        self._looked: _Looked | None = None
        self._lock = asyncio.Lock()

    async def spec_of(self, principal: str) -> AgentSpec | None:
        """The spec under which an agent's principal of that name acts."""
        slug = slug_of(principal)
        in_force = await self.current()
        return next((spec for spec in in_force.specs if spec.slug == slug), None)

    async def current(self) -> InForce:
        """The specs that count now; where the repository cannot be read, none do."""
        return (await self._look()).in_force

    def forget(self) -> None:
        """Look at the repository anew the next time, however fresh the last look is."""
        self._looked = None

    async def proposals(self) -> list[Proposal]:
        """What is on disk and does not count."""
        looked = await self._look()
        known = {spec.path: spec for spec in looked.in_force.specs}
        proposals = []
        for path, text in sorted((await self._files.present(FOLDER)).items()):
            digest = _digest(text)
            current = known.get(path)
            if (current.digest if current else None) == digest:
                continue
            if current is None and _digest(looked.committed.get(path, "")) == digest:
                continue  # it is on the default branch, with a problem that is listed there
            checked = check_specs({path: text})
            spec = checked.specs[0] if checked.specs else None
            proposals.append(Proposal(path, digest, spec, checked.problems, current, text))
        return proposals

    async def approve(self, digest: str, caller: Caller) -> Proposal:
        """Put a content that is on disk in force, until the default branch has another.

        Raises:
            Forbidden: the caller is no person.
            NotFound: no file on disk that differs from what is in force has that digest.
            Invalid: it is no good spec.
        """
        caller.require("approvals:decide")
        if caller.kind != "human":
            raise Forbidden(
                f"`{caller.name}` is a key of an {caller.kind}; only a person decides",
                hint="a person does it, with a key of the kind `human`",
            )
        proposal = next((p for p in await self.proposals() if p.digest == digest), None)
        if proposal is None:
            raise NotFound(
                f"no changed spec has the digest `{plain(digest, 64)}`",
                hint="see `orchestra agents list`; the file may have changed since",
            )
        if proposal.spec is None:
            first = proposal.problems[0]
            raise Invalid(str(first), hint=first.hint)
        looked = await self._look()
        others = {s.slug for s in looked.in_force.specs if s.path != proposal.path}
        if proposal.spec.slug in others:
            raise Conflict(f"another file names `{proposal.spec.slug}`", hint="rename one of them")
        row = {
            "workspace": self._workspace,
            "path": proposal.path,
            "replaces": _digest(looked.committed.get(proposal.path, "")),
            "digest": digest,
            "text": proposal.text,
            "approved_by": caller.name,
            "approved_at": datetime.now(UTC),
        }
        said: JsonObject = {
            "path": proposal.path,
            "digest": digest,
            "summary": f"the spec of `{proposal.spec.name}`",
            "permissions": [*proposal.spec.permissions],
            "auto_approve_patterns": [*proposal.spec.auto_approve_patterns],
        }
        async with self._database.transaction() as work:
            put = insert(ApprovedSpecRow).values(row)
            keys = [ApprovedSpecRow.workspace, ApprovedSpecRow.path]
            await work.execute(put.on_conflict_do_update(index_elements=keys, set_=row))
            await self._audit.record("spec.approved", "approved", caller, said)
        self.forget()
        return proposal

    async def _look(self) -> _Looked:
        async with self._lock:
            clock = asyncio.get_running_loop().time()
            if self._looked is None or clock - self._looked.at > _FRESH:
                self._looked = await self._read(clock)
            return self._looked

    async def _read(self, clock: float) -> _Looked:
        ref: str | None = None
        commit: str | None = None
        committed: Mapping[str, str] = {}
        problems: list[Problem] = []
        try:
            found = await self._files.default_branch()
            if found is None:
                problems.append(Problem(FOLDER, 1, "the default branch is not known", _WHICH))
            else:
                ref, commit = found
                same = self._looked is not None and self._looked.in_force.commit == commit
                committed = (
                    self._looked.committed
                    if same and self._looked is not None
                    else await self._files.committed(commit, FOLDER)
                )
        except OrchestraError as error:
            _log.warning("agent specs cannot be read", error=str(error))
            problems.append(Problem(FOLDER, 1, plain(error.message), plain(error.hint)))
        texts, approved = dict(committed), dict[str, str]()
        for row in await self._approved():
            if commit is not None and row.replaces == _digest(committed.get(row.path, "")):
                texts[row.path] = row.text
                approved[row.path] = row.approved_by
        checked = check_specs(texts)
        in_force = InForce(checked.specs, (*problems, *checked.problems), ref, commit, approved)
        return _Looked(clock, committed, in_force)

    async def _approved(self) -> list[ApprovedSpecRow]:
        query = select(ApprovedSpecRow).where(ApprovedSpecRow.workspace == self._workspace)
        async with self._database.transaction() as work:
            return list(await work.scalars(query))


_WHICH = "make a branch `main` or set ORCHESTRA_DEFAULT_BRANCH to the ref that counts"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
