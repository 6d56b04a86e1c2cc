"""The topic `codebase_state`: a git repository as it is now, pushed at each change."""

import asyncio
import contextlib
import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestra.context.facts import Observation, Publish, Topic
from orchestra.context.git.reader import RepositoryReader
from orchestra.context.watch import Batch, Mailbox, Places, WatchState, open_watcher
from orchestra.shared.errors import NotFound
from orchestra.shared.json import JsonObject


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast changes are followed; all in seconds.

    The first change waits `leading` for its companions; then there is at most one publication in
    `spacing`. While git holds its index lock, changes wait up to `lock`. Everything is read again
    each `reconcile`, or each `reconcile_lossy` where changes may go unreported, and never so often
    that it takes more than `effort` of the time.
    """

    leading: float = 0.001
    spacing: float = 0.020
    lock: float = 2.0
    barrier: float = 2.0
    reconcile: float = 60.0
    reconcile_lossy: float = 2.0
    effort: float = 0.01


class CodebaseCollector:
    """Follows one git repository.

    `path` is any folder of it; `watch` how changes are noticed; `limit` the most folders that may
    be watched, None for as many as the kernel allows.
    """

    topic: Topic = "codebase_state"

    def __init__(
        self,
        path: Path,
        *,
        watch: Literal["auto", "inotify", "watchfiles", "poll"] = "auto",
        pace: Pace | None = None,
        limit: int | None = None,
    ) -> None:
        self._path = path
        self._watch = watch
        self._pace = pace or Pace()
        self._limit = limit
        self._session: _Session | None = None

    async def run(self, publish: Publish) -> None:
        """Publish each change of the repository until cancelled.

        Raises:
            NotFound: there is no repository at the path, or it went away.
            Invalid: it cannot be served; the hint says why.
            Unavailable: git is missing or fails.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="orchestra-git") as worker:
            loop = asyncio.get_running_loop()
            reader = await loop.run_in_executor(worker, RepositoryReader, self._path)
            session = self._session = _Session(reader, worker, self._watch, self._pace, self._limit)
            try:
                await session.run(publish)
            finally:
                try:
                    await session.close()
                finally:
                    self._session = None  # only now: `settle` must not take the end for calm

    async def settle(self) -> None:
        """Return once all that was saved before the call has been published."""
        if self._session is not None:
            await self._session.settle()


class _Session:
    """One repository being followed, from its first reading to its end."""

    def __init__(
        self,
        reader: RepositoryReader,
        worker: ThreadPoolExecutor,
        watch: Literal["auto", "inotify", "watchfiles", "poll"],
        pace: Pace,
        limit: int | None,
    ) -> None:
        found = reader.repository
        places = Places(found.root, found.folder, found.common)
        self._reader = reader
        self._worker = worker
        self._pace = pace
        self._mailbox = Mailbox()
        self._watcher = open_watcher(watch, places, reader.rules, self._mailbox, limit=limit)
        self._tokens = itertools.count(1)
        self._settling: dict[int, asyncio.Future[None]] = {}
        self._hurry = asyncio.Event()
        self._busy = False
        self._locked_since: float | None = None
        self._published: object = None
        self._loop = asyncio.get_running_loop()

    async def run(self, publish: Publish) -> None:
        self._watcher.start()
        cost, due = 0.0, self._loop.time() + self._pace.reconcile
        while True:
            await self._mailbox.wait(max(0.0, due - self._loop.time()))
            batch = await self._gather()
            started = self._loop.time()
            value = await self._take_in(batch)
            if value is not None:
                await self._publish(publish, value)
            self._release(batch.barriers)
            took = self._loop.time() - started
            if batch.rescan is not None:
                cost = took
                due = self._loop.time() + self._rest_until_reconcile(cost)
            elif self._watcher.state().lossy:
                due = min(due, self._loop.time() + self._rest_until_reconcile(cost))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._pace.spacing, took)):
                    await self._hurry.wait()

    async def settle(self) -> None:
        token = next(self._tokens)
        done = self._settling[token] = self._loop.create_future()
        self._hurry.set()
        self._watcher.barrier(token)
        try:
            async with asyncio.timeout(self._pace.barrier):
                await asyncio.shield(done)
        except TimeoutError:  # nothing was told in time: read everything
            self._mailbox.put(Batch(rescan="asked for", barriers=[token]))
            await done

    async def close(self) -> None:
        self._reader.close()
        await asyncio.to_thread(self._watcher.stop)
        self._release(list(self._settling))

    async def _gather(self) -> Batch:
        """What has arrived, with what follows on its heels; nothing arriving means: reconcile."""
        batch = self._mailbox.take()
        if not batch:
            batch.rescan = "reconcile"
            return batch
        await asyncio.sleep(self._pace.leading)
        batch.merge(self._mailbox.take())
        while self._hold():
            await self._mailbox.wait(0.05)
            batch.merge(self._mailbox.take())
            await asyncio.sleep(self._pace.leading)
        if batch.gone:
            raise NotFound(
                f"the repository `{self._reader.repository.home}` was moved or deleted",
                hint="put it back, or start again with its new path",
            )
        if batch.barriers and self._watcher.state().lossy:
            batch.rescan = batch.rescan or "asked for"
        return batch

    def _hold(self) -> bool:
        """Whether to wait for git to finish; a lock that stays is reported as `busy`."""
        if not self._reader.lock.exists():
            self._busy, self._locked_since = False, None
            return False
        now = self._loop.time()
        self._locked_since = self._locked_since or now
        self._busy = now - self._locked_since >= self._pace.lock
        return not self._busy

    async def _take_in(self, batch: Batch) -> "JsonObject | None":
        """Bring the reader up to date; the new value if there is anything to tell."""

        def work() -> "JsonObject | None":
            rescan = batch.rescan is not None
            self._reader.take_in(batch.paths, batch.folders, batch.meta, rescan=rescan)
            return None if self._version() == self._published else self._reader.value()

        value = await self._loop.run_in_executor(self._worker, work)
        if self._reader.stale_watches:
            self._reader.stale_watches = False
            self._watcher.refresh()
        return value

    async def _publish(self, publish: Publish, value: JsonObject) -> None:
        state, version, problem = self._watcher.state(), self._version(), self._reader.problem
        value |= {"busy": self._busy, "watch": _render(state)}
        await publish(Observation(value, "unavailable" if problem else "ok", state.mode, problem))
        self._published = version

    def _version(self) -> tuple[object, ...]:
        """Differs from the one before when there may be something new to tell."""
        state = self._watcher.state()
        return (*self._reader.version(), self._busy, state.degraded, state.rescans)

    def _rest_until_reconcile(self, cost: float) -> float:
        lossy = self._watcher.state().lossy
        least = self._pace.reconcile_lossy if lossy else self._pace.reconcile
        return max(least, cost / self._pace.effort) * random.uniform(0.9, 1.1)  # noqa: S311 - jitter

    def _release(self, tokens: list[int]) -> None:
        for token in tokens:
            done = self._settling.pop(token, None)
            if done is not None and not done.done():
                done.set_result(None)
        if not self._settling:
            self._hurry.clear()


def _render(state: WatchState) -> JsonObject:
    return {
        "mode": state.mode,
        "directories": state.folders,
        "degraded": state.degraded,
        "rescans": state.rescans,
    }
