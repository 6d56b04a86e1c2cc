"""Alembic's way in: runs on the connection that `Migrations` holds, in its transaction."""

from alembic import context
from orchestra.shared.db import SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=SCHEMA)
context.run_migrations()
