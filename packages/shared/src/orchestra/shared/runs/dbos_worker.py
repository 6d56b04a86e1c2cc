"""Does durable runs with DBOS, and takes over those of workers that have died."""

import asyncio
import os
import socket
import uuid
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

import asyncpg
import structlog
from dbos import DBOS, DBOSConfig
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.logs import adopt_library_loggers
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs import dbos_engine
from orchestra.shared.runs.dbos_context import DbosContext
from orchestra.shared.runs.executor_lock import ExecutorLock
from orchestra.shared.runs.protocol import RunKind

_AWAY = (Unavailable, *RAW_LOST, asyncpg.PostgresError)

logger = structlog.get_logger(__name__)


class DbosWorker:
    """One per process, as DBOS is; bodies run on the event loop that `start` was called on.

    Each process has an executor id of its own and holds a lock for it. Runs that belong to an id
    whose lock has been free for `grace` seconds are queued again; they never are while their owner
    lives, because its lock goes only when its process or its connection does.
    """

    def __init__(
        self,
        database: Database,
        kinds: Sequence[RunKind],
        redactor: Redactor,
        *,
        concurrency: int = 8,
        interval: float = 0.5,
        grace: float = 2.0,
    ) -> None:
        """`concurrency`: runs at a time; `interval`: seconds between two looks for dead workers."""
        self.executor_id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._database = database
        self._kinds = kinds
        self._redactor = redactor
        self._concurrency = concurrency
        self._interval = interval
        self._grace = grace
        self._lock = ExecutorLock(database, self.executor_id)
        self._free_since: dict[str, float] = {}
        self._bodies: set[asyncio.Task[object]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Prepare the tables, take the lock, and begin to work.

        Raises:
            Unavailable: the database cannot be reached.
        """
        await dbos_engine.prepare(self._database)
        await self._lock.hold()
        DBOS(config=self._config())
        for kind in self._kinds:
            self._register(kind)
        DBOS.listen_queues([dbos_engine.QUEUE])
        DBOS.launch()  # on this thread: DBOS then runs the bodies on this thread's event loop
        adopt_library_loggers()
        await DBOS.register_queue_async(
            dbos_engine.QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=dbos_engine.POLL,
            on_conflict="always_update",
        )
        self._tasks = [
            asyncio.create_task(self._keep(), name="runs-lock"),
            asyncio.create_task(self._watch(), name="runs-takeover"),
        ]

    async def stop(self, *, drain: float = 3.0) -> None:
        """Stop working; a run that is not done within `drain` seconds is left to be taken over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._bodies:
            await asyncio.wait(self._bodies, timeout=drain)
        left = list(self._bodies)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "runs-stop") as thread:
            await loop.run_in_executor(thread, partial(DBOS.destroy, destroy_registry=True))
        # DBOS has made its own threads this loop's default, and they are gone now.
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        for body in left:
            body.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._lock.release()

    def _config(self) -> DBOSConfig:
        return {
            "name": dbos_engine.APPLICATION,
            "system_database_url": self._database.dsn,
            "dbos_system_schema": dbos_engine.SCHEMA,
            "application_version": dbos_engine.VERSION,
            "executor_id": self.executor_id,
            "serializer": dbos_engine.SERIALIZER,
            "use_listen_notify": True,
            "run_migrations": False,
            "enable_otlp": False,
            "sys_db_pool_size": 8,
            "log_level": "WARNING",
        }

    def _register(self, kind: RunKind) -> None:
        async def workflow(input: JsonObject) -> JsonValue:
            if task := asyncio.current_task():
                self._bodies.add(task)
                task.add_done_callback(self._bodies.discard)
            context = DbosContext(str(DBOS.workflow_id), self._redactor)
            try:
                return self._redactor.value(await kind.body(context, input))
            except Exception as error:
                logger.exception("run failed", run=context.run_id, kind=kind.name)
                raise context.failure(error) from None

        workflow.__qualname__ = f"run.{kind.name}"
        DBOS.workflow(name=kind.name)(workflow)

    async def _keep(self) -> None:
        """Hold the lock, and get it back at once when its connection is cut.

        Apart from `_watch`, because DBOS waits long for a database that is away.
        """
        while True:
            try:
                if not await self._lock.hold():
                    logger.warning("another worker holds this one's lock", id=self.executor_id)
            except _AWAY as error:
                logger.warning("cannot hold the worker's lock", reason=str(error))
            try:
                async with asyncio.timeout(self._interval):
                    await self._lock.lost.wait()
                await asyncio.sleep(self._interval / 10)
            except TimeoutError:
                continue

    async def _watch(self) -> None:
        """Look for runs whose worker has died."""
        while True:
            try:
                await self._take_over()
            except _AWAY as error:
                logger.warning("cannot look for abandoned runs", reason=str(error))
            except Exception:
                logger.exception("looking for abandoned runs failed")
            await asyncio.sleep(self._interval)

    async def _take_over(self) -> None:
        owned = await self._others_runs()
        free = await self._lock.unheld(owned)
        logger.debug("looked for abandoned runs", others=len(owned), dead=len(free))
        now = asyncio.get_running_loop().time()
        self._free_since = {owner: self._free_since.get(owner, now) for owner in free}
        for owner in [o for o, since in self._free_since.items() if now - since >= self._grace]:
            async with self._lock.take(owner) as taken:
                # Listed again under the lock: another worker may have been faster.
                runs = (await self._others_runs(owner)).get(owner, []) if taken else []
                if runs:
                    await DBOS.resume_workflows_async(runs, queue_name=dbos_engine.QUEUE)
                    logger.info("runs taken over", runs=len(runs), dead=owner)

    async def _others_runs(self, owner: str | None = None) -> dict[str, list[str]]:
        """Runs that are being done elsewhere: executor id → run ids."""
        found = await DBOS.list_workflows_async(
            status="PENDING",
            app_version=dbos_engine.VERSION,
            executor_id=owner,
            limit=1000,
            load_input=False,
            load_output=False,
        )
        runs: dict[str, list[str]] = defaultdict(list)
        for status in found:
            if status.executor_id != self.executor_id:
                runs[status.executor_id or ""].append(status.workflow_id)
        return runs
