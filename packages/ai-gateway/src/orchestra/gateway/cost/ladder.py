"""Which route of a class of tasks a call takes: the cheapest that did so far, and why."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from orchestra.gateway.calls import ModelCall
from orchestra.gateway.cost.tables import StepRow
from orchestra.shared.db import Database
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

WARM = 300.0
"""Seconds that a provider's prompt cache is taken to last after a call."""
_KEPT = 20_000  # tasks and sessions


class Ladder:
    """Begins with the first route; an answer that did not pass makes the next call climb."""

    def __init__(
        self,
        database: Database,
        classes: Mapping[str, Sequence[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`classes` are the routes of each class of tasks, the cheapest adequate first."""
        self._database = database
        self._classes = classes
        self._clock = clock
        self._steps: dict[tuple[str, str], int] = {}
        self._warm: dict[tuple[str, str], tuple[str, float, int]] = {}
        """By session and class: the route, when it was last used, and the step it was taken at."""

    async def load(self) -> None:
        """Read how far tasks have climbed."""
        query = select(StepRow).order_by(StepRow.at.desc()).limit(_KEPT)
        async with self._database.transaction() as session:
            rows = (await session.scalars(query)).all()
        self._steps = {(row.task, row.task_class): row.step for row in rows}

    def choose(self, call: ModelCall, routes: Sequence[str]) -> str:
        """The route for a call of a class."""
        route = self._look(call, routes)[0]
        if call.session is not None:
            if len(self._warm) >= _KEPT:
                del self._warm[next(iter(self._warm))]
            key = (call.session, call.task_class or "")
            self._warm.pop(key, None)
            self._warm[key] = (route, self._clock(), self._step(call, routes))
        return route

    def why(self, call: ModelCall) -> str:
        """Why a call of a class takes its route; empty for one without a class."""
        routes = self._classes.get(call.task_class or "")
        return "" if routes is None else self._look(call, routes)[1]

    async def climb(self, subject: str, task_class: str, failed: str | None) -> str | None:
        """An answer of a route did not do; the route of the next call, None if there is none dearer.

        A second report of the same failure climbs no further. `subject` is a task or a session.
        """
        routes = self._classes.get(task_class, ())
        step = self._steps.get((subject, task_class), 0)
        failed_at = routes.index(failed) if failed in routes else step
        if failed_at < step:
            return routes[step]
        if failed_at + 1 >= len(routes):
            return None
        self._steps[subject, task_class] = failed_at + 1
        key = {"task": subject, "task_class": task_class}
        row = {"step": failed_at + 1, "at": datetime.now(UTC)}
        statement = insert(StepRow).values(**key, **row)
        statement = statement.on_conflict_do_update(
            index_elements=[StepRow.task, StepRow.task_class], set_=row
        )
        async with self._database.transaction() as session:
            await session.execute(statement)
        return routes[failed_at + 1]

    def _step(self, call: ModelCall, routes: Sequence[str]) -> int:
        subject = call.task or call.session
        if subject is None or call.task_class is None:
            return 0
        return min(self._steps.get((subject, call.task_class), 0), len(routes) - 1)

    def _look(self, call: ModelCall, routes: Sequence[str]) -> tuple[str, str]:
        step = self._step(call, routes)
        if call.session is not None:
            warm = self._warm.get((call.session, call.task_class or ""))
            stays = warm is not None and warm[0] in routes and warm[2] >= step
            if warm is not None and stays and self._clock() - warm[1] < WARM:
                return warm[0], (
                    f"class `{call.task_class}`: the session stays with `{warm[0]}`, whose prompt"
                    " cache is warm"
                )
        place = f"`{routes[step]}`, {step + 1} of {len(routes)}"
        if step == 0:
            return routes[0], f"class `{call.task_class}`: the cheapest, {place}"
        return routes[step], (
            f"class `{call.task_class}`: {place}, because answers of cheaper ones did not pass"
        )
