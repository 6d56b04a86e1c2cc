"""The database of the gateway alone: made ready, and kept there, by processes that end."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog
from orchestra.api.database import open_database
from orchestra.shared.db import Database
from orchestra.shared.errors import Unavailable
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings, inherited_environment
from pydantic import SecretStr

_LOOK = 5.0  # seconds between looks whether the embedded database answers

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def ready_database(settings: Settings, redactor: Redactor) -> AsyncGenerator[Database]:
    """The database with its schema up to date; an embedded one is started again when it is gone.

    Raises:
        Unavailable: it cannot be had, and why.
    """
    place = await _prepare(settings)
    known = settings.model_copy(update={"database_url": SecretStr(place)})
    async with open_database(known, redactor) as database:
        if settings.database_url is not None:
            yield database
            return
        keeper = asyncio.create_task(_keep(settings, database), name="database-keeper")
        try:
            yield database
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


async def _prepare(settings: Settings) -> str:
    environment = inherited_environment(
        {"ORCHESTRA_REPO": str(settings.repo), "ORCHESTRA_STATE_DIR": str(settings.state_folder)}
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "orchestra.api.models_migrate",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    place, said = await process.communicate()
    if process.returncode:
        raise Unavailable(
            f"the database cannot be made ready: {said.decode(errors='replace').strip()[-500:]}",
            hint="mend what it says, and start again",
        )
    return place.decode()


async def _keep(settings: Settings, database: Database) -> None:
    while True:
        await asyncio.sleep(_LOOK)
        try:
            connection = await database.connect()
        except Unavailable:
            _log.warning("the embedded database is gone; it is started again")
            with suppress(Unavailable):
                await _prepare(settings)
        else:
            await connection.close()
