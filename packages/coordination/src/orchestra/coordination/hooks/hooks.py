"""Answers the hooks of agents: what they may do, and what has changed since they were last told."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from orchestra.coordination.commands import judge
from orchestra.coordination.governance import Act, Verdict
from orchestra.coordination.hooks.briefing import Briefing
from orchestra.coordination.hooks.dialects import DIALECTS, Dialect
from orchestra.coordination.hooks.event import Brand, HookEvent, Moment, Work
from orchestra.coordination.hooks.judging import acts_of
from orchestra.coordination.hooks.sessions import HookSessions
from orchestra.coordination.specs import AgentSpec
from orchestra.shared.identity import Caller
from orchestra.shared.json import JsonObject

_TEST = re.compile(
    r"\b(pytest|py\.test|tox|nox|unittest|vitest|jest|mocha|rspec|phpunit|ctest)\b"
    r"|\b(npm|pnpm|yarn|bun|make|go|cargo|mvn|gradle|dotnet|turbo|deno)\s+(run\s+)?test\b"
)


class Judge(Protocol):
    """What is needed of the governor."""

    async def judge(self, act: Act, caller: Caller, *, session: str | None = None) -> Verdict:
        """Whether the caller may do it now."""

    async def taint(self, session: str, caller: Caller, why: str) -> None:
        """From now on the session has read text from outside."""


class Specs(Protocol):
    """What is needed of the specs in force."""

    async def spec_of(self, principal: str) -> AgentSpec | None:
        """The spec under which an agent's principal of that name acts."""


class Diary(Protocol):
    """Whoever keeps what agents do."""

    async def record(self, caller: Caller, session: str, work: Work) -> None:
        """Keep one thing that an agent did."""


class Hooks:
    """The answers to hooks, for one repository."""

    def __init__(
        self,
        judge: Judge,
        specs: Specs,
        diaries: Sequence[Diary],
        sessions: HookSessions,
        briefing: Briefing,
        *,
        root: str,
    ) -> None:
        """`root` is the folder of the repository; `diaries` are told what agents do."""
        self._judge = judge
        self._specs = specs
        self._diaries = diaries
        self._sessions = sessions
        self._briefing = briefing
        self._root = root

    async def answer(
        self, brand: Brand, payload: JsonObject, caller: Caller
    ) -> tuple[Moment | None, JsonObject]:
        """The moment that the hook is about, and the answer in the agent's own form.

        Raises:
            Invalid: the payload is not what the agent sends.
            NotFound: the session is another principal's.
        """
        dialect = DIALECTS[brand]
        event = dialect.read(payload)
        if event is None:
            return None, {}
        if event.moment == "before":
            return "before", await self._before(event, brand, dialect, caller)
        told = await self._sessions.find(event.session, caller)
        if work := _work(event):
            for diary in self._diaries:
                await diary.record(caller, event.session, work)
        if event.moment == "stopped":
            return "stopped", dialect.told(event, "")
        if event.moment == "after":
            await self._taint(event, caller)
        spec = await self._specs.spec_of(caller.name) if caller.kind == "agent" else None
        edited = (*told.edited, *(self._relative(path) for path in event.paths))
        knows = replace(told, edited=edited)
        text, version = await self._briefing.tell(event, knows, caller, spec)
        prompts = told.prompts + (event.moment == "prompt")
        if (version, prompts, edited) != (told.version, told.prompts, told.edited):
            await self._sessions.tell(event.session, version, prompts=prompts, edited=edited)
        return event.moment, dialect.told(event, text)

    async def _before(
        self, event: HookEvent, brand: Brand, dialect: Dialect, caller: Caller
    ) -> JsonObject:
        spec = await self._specs.spec_of(caller.name) if caller.kind == "agent" else None
        acts = await asyncio.to_thread(acts_of, event, brand, self._root, spec)
        if not acts:
            return {}
        await self._sessions.find(event.session, caller)
        verdicts = [await self._judge.judge(act, caller, session=event.session) for act in acts]
        if refused := [verdict for verdict in verdicts if verdict.outcome != "allow"]:
            return dialect.denied(event, _refusal(refused))
        if spec is None:
            return {}  # nobody said that it needs no asking: the agent's own rules go on
        return dialect.allowed(event, f"Orchestra: {verdicts[0].reason}")

    async def _taint(self, event: HookEvent, caller: Caller) -> None:
        why = event.outside
        if why is None and event.command is not None:
            judged = await asyncio.to_thread(judge, event.command)
            why = "it ran a command that reads what strangers write" if judged.outside else None
        if why is not None:
            await self._judge.taint(event.session, caller, why)

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self._root.rstrip('/')}/")


def _work(event: HookEvent) -> Work | None:
    """What the journal keeps of an event."""
    if event.moment == "started":
        return Work("started", event.name)
    if event.moment == "prompt":
        return Work("prompt", event.prompt)
    if event.moment == "stopped":
        return Work("stopped", event.name)
    if event.command is not None:
        is_test = _TEST.search(event.command) is not None
        return Work("test" if is_test else "command", event.command, exit_code=event.exit_code)
    return Work("edit", event.tool or event.name, event.paths) if event.paths else None


def _refusal(refused: Sequence[Verdict]) -> str:
    """Why not, and what to do, for the agent; a denial says more than a question."""
    denied = [verdict for verdict in refused if verdict.outcome == "deny"]
    if denied:
        why = "; ".join(dict.fromkeys(verdict.reason for verdict in denied))
        return f"Orchestra denies this: {why}. Do not look for another way; tell the person."
    ids = ", ".join(str(verdict.approval_id) for verdict in refused)
    where = " ".join(dict.fromkeys(str(verdict.url) for verdict in refused))
    why = "; ".join(dict.fromkeys(verdict.reason for verdict in refused))
    return (
        f"approval_required {ids}: {why}. A person decides at {where} or with"
        f" `orchestra approvals approve {refused[0].approval_id}`. Tell the person and stop; once it"
        " is approved, do exactly the same again, which then passes once. Do not look for another way."
    )
