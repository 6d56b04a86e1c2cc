"""The database: one engine per process, and the only place that commits."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from orchestra.shared.errors import Invalid, Unavailable
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

SCHEMA = "orchestra"
"""All our tables live in a schema of their own, so that a shared database stays tidy."""

_FORM = "set DATABASE_URL to postgresql://user:password@host/name, or unset it"
RAW_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # the connection went away while a command was being sent
)
"""What a raw connection raises when it is lost, whatever the driver was doing at that moment."""

_LOST = (OperationalError, InterfaceError, PoolTimeoutError, *RAW_LOST)


class Database:
    """A PostgreSQL ≥ 15 with pgvector, addressed by `postgresql://…`."""

    def __init__(self, dsn: str, *, pool_size: int = 10) -> None:
        if not dsn.startswith(("postgresql://", "postgres://")):
            named = f"`{dsn.partition('://')[0]}`" if "://" in dsn else "what DATABASE_URL names"
            raise Invalid(f"{named} is not a database that Orchestra can use", hint=_FORM)
        self.dsn = dsn
        try:
            url = make_url(dsn).set(drivername="postgresql+asyncpg")
        except (ArgumentError, ValueError):  # their words quote it, with its password
            raise Invalid("DATABASE_URL is not a proper address", hint=_FORM) from None
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=10, pool_pre_ping=True
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        Raises:
            Unavailable: the database cannot be reached, or went away.
        """
        try:
            async with self._sessions.begin() as session:
                yield session
        except (*_LOST, DBAPIError) as error:
            lost = not isinstance(error, DBAPIError) or error.connection_invalidated
            if not (lost or isinstance(error, (OperationalError, InterfaceError)) or _away(error)):
                raise
            raise _unavailable(error) from error

    async def connect(self) -> asyncpg.Connection:
        """A raw connection of the caller's own, for the event log and for LISTEN.

        Raises:
            Unavailable: the database cannot be reached.
        """
        try:
            return await asyncpg.connect(self.dsn, timeout=10, command_timeout=30)
        except (*RAW_LOST, asyncpg.PostgresError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


def _away(error: BaseException) -> bool:
    """Whether PostgreSQL said that it starts, stops or is full; SQLAlchemy has no word for it."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", ""))
    return state.startswith(("08", "53", "57P"))  # connection, resources, operator


def _unavailable(error: BaseException) -> Unavailable:
    return Unavailable(
        f"the database does not answer ({type(error).__name__})",
        hint="see `orchestra doctor`; nothing was written, so the request can be sent again",
    )
