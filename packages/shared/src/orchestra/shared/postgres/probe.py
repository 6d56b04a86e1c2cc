"""Asks a server whether it answers, by a real query through the protocol."""

from typing import Literal

import psycopg

Answer = Literal["ready", "starting", "closed", "absent", "denied"]
"""`starting`: it lives and cannot serve yet, or not any more. `closed`: a restore was cut short."""

_ALIVE = ("starting up", "shutting down", "recovery mode", "not yet accepting", "not accepting")
_DENIED = ("password authentication failed", "does not exist", "no pg_hba.conf entry")


def probe(dsn: str) -> Answer:
    """What the server at `dsn` says to `select 1`, within three seconds."""
    try:
        with psycopg.connect(dsn, connect_timeout=3, autocommit=True) as connection:
            connection.execute("select 1")
    except psycopg.errors.ConnectionTimeout:
        return "starting"
    except psycopg.OperationalError as error:
        said = str(error)
        if "too many clients" in said or "remaining connection slots" in said:
            return "ready"  # so busy that it must be alive
        if "not currently accepting" in said:
            return "closed"
        if any(words in said for words in _ALIVE):
            return "starting"
        if "FATAL" in said and any(words in said for words in _DENIED):
            return "denied"
        return "absent"
    return "ready"


def version_of(dsn: str) -> str | None:
    """The version that the server states, such as `18.4`; None when it does not answer."""
    try:
        with psycopg.connect(dsn, connect_timeout=3, autocommit=True) as connection:
            row = connection.execute("show server_version").fetchone()
    except psycopg.OperationalError:
        return None
    return str(row[0]).split()[0] if row else None
