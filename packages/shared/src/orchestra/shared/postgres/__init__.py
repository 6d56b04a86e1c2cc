"""A PostgreSQL of our own in the state folder: real, private, and there when it is needed."""

from orchestra.shared.postgres.embedded import EmbeddedPostgres
from orchestra.shared.postgres.status import PostgresStatus

__all__ = ["EmbeddedPostgres", "PostgresStatus"]
