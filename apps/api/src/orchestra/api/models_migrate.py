"""`python -m orchestra.api.models_migrate`: brings the schema up to date, and ends."""

import asyncio
import sys

from orchestra.api.database import open_database
from orchestra.context import MIGRATIONS as CONTEXT
from orchestra.coordination import MIGRATIONS as COORDINATION
from orchestra.gateway import MIGRATIONS as GATEWAY
from orchestra.shared.errors import OrchestraError
from orchestra.shared.migrations import Migrations
from orchestra.shared.redaction import Redactor
from orchestra.shared.settings import Settings
from orchestra.vectors import MIGRATIONS as VECTORS


async def migrate(settings: Settings) -> None:
    """Apply what is lacking."""
    async with open_database(settings, Redactor()) as database:
        await Migrations(database, [CONTEXT, VECTORS, COORDINATION, GATEWAY]).apply()


if __name__ == "__main__":
    try:
        asyncio.run(migrate(Settings.load()))
    except OrchestraError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
