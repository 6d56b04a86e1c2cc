"""`python -m orchestra.api.models_migrate`: has the database ready for models, and ends.

What that takes (Alembic, a supervisor, a second driver) is not kept by the process that serves.
"""

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


async def migrate(settings: Settings) -> str:
    """Start the embedded database if that is the one, apply what is lacking; where the database is."""
    async with open_database(settings, Redactor()) as database:
        await Migrations(database, [CONTEXT, VECTORS, COORDINATION, GATEWAY]).apply()
        url = database.engine.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    try:
        sys.stdout.write(asyncio.run(migrate(Settings.load())))
    except OrchestraError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
