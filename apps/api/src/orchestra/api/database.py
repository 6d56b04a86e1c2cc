"""The database that the API works on: the configured one, or an embedded one that is kept alive."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings

if TYPE_CHECKING:
    from orchestra.shared.postgres import EmbeddedPostgres

_WATCH = 0.2  # seconds between looks whether the embedded database's process lives
_AFTER_FAILURE = 10.0  # seconds until it is tried again to start it
_ASK = 15.0  # seconds between questions whether it answers, which cost it a connection

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_database(settings: Settings, redactor: Redactor) -> AsyncGenerator[Database]:
    """The configured database, or the embedded one, which is kept alive."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
        else:
            from orchestra.shared.postgres import EmbeddedPostgres  # and its driver, if it is run

            postgres = EmbeddedPostgres(settings.state_folder)
            dsn = await asyncio.to_thread(postgres.ensure)
            keeper = asyncio.create_task(_keep_alive(postgres), name="postgres-keeper")
            stack.push_async_callback(_stop, keeper)
        database = Database(dsn)
        if password := database.engine.url.password:
            redactor.learn(str(password))
        stack.push_async_callback(database.close)
        if settings.database_url is not None:
            await _reach(database)
        yield database


async def _reach(database: Database) -> None:
    """Find out at the start whether the configured database answers, and say which it is."""
    url = database.engine.url
    try:
        connection = await database.connect()
    except Unavailable as error:
        place = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
        raise Unavailable(
            f"the database `{place}` cannot be reached ({type(error.__cause__).__name__})",
            hint="start it, or mend ORCHESTRA_DATABASE_URL (or DATABASE_URL);"
            " without them Orchestra runs a database of its own",
        ) from error
    await connection.close()


async def _keep_alive(postgres: "EmbeddedPostgres") -> None:
    clock = asyncio.get_running_loop().time
    asked = clock()
    while True:
        await asyncio.sleep(_WATCH)
        lives = postgres.lives()
        if lives and clock() - asked < _ASK:
            continue
        if not lives:
            _log.warning("the embedded database is gone; it is started again")
        try:
            await asyncio.to_thread(postgres.ensure)
        except Exception:  # noqa: BLE001 - whatever it was: nobody else would start it again
            _log.exception("the embedded database cannot be kept alive")
            await asyncio.sleep(_AFTER_FAILURE)
        asked = clock()


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
