"""What processes tell each other about the cache: keys that were kept, and that it was cleared.

A process that cannot hear does not answer from memory: it would not learn that it must not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import asyncpg
import msgspec
import structlog
from orchestra.shared.db import RAW_LOST, Database
from orchestra.shared.errors import Unavailable

CHANNEL = "orchestra_gateway_cache"
_LONGEST = 7_000  # bytes of a message; PostgreSQL takes 8,000
_LOOK = 10.0  # seconds between questions whether the connection lives
_AGAIN = 1.0  # seconds until the next attempt to listen

Message = Mapping[str, Sequence[str]]
"""`kept`: the first halves of keys; `cleared`: nothing else; `checked`: families. In hexadecimal."""

_log = structlog.get_logger(__name__)


class Hearing:
    """One connection that listens, over every loss of it."""

    def __init__(
        self,
        database: Database,
        heard: Callable[[Message], None],
        begin: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._heard = heard
        self._begin = begin
        self._lost = asyncio.Event()
        self.works = False
        """Whether whatever is told now would be heard."""

    async def listen(self, ready: asyncio.Event) -> None:
        """Listen for ever; `ready` is set after the first attempt, whatever came of it."""
        while True:
            try:
                await self._once(ready)
            except (Unavailable, *RAW_LOST, asyncpg.PostgresError) as error:
                if self.works or not ready.is_set():
                    _log.warning("the cache hears nothing", error=type(error).__name__)
            self.works = False
            ready.set()
            await asyncio.sleep(_AGAIN)

    async def _once(self, ready: asyncio.Event) -> None:
        connection = await self._database.connect()
        try:
            self._lost.clear()
            connection.add_termination_listener(lambda _: self._went())
            await connection.add_listener(CHANNEL, self._on_message)
            await self._begin()  # what was told while nobody listened
            self.works = True
            ready.set()
            while not self._lost.is_set():
                try:
                    async with asyncio.timeout(_LOOK):
                        await self._lost.wait()
                except TimeoutError:
                    await connection.execute("select 1")
        finally:
            self.works = False
            connection.terminate()

    def _went(self) -> None:
        self.works = False
        self._lost.set()

    def _on_message(self, *message: object) -> None:
        try:
            self._heard(msgspec.json.decode(str(message[-1])))
        except (ValueError, TypeError, AttributeError):  # whoever may connect may notify
            _log.warning("the cache heard what it does not understand")


def messages(kind: str, values: Sequence[str]) -> list[str]:
    """The messages that say this, each short enough."""
    size = max(1, _LONGEST // (max(map(len, values), default=1) + 3))
    parts = [values[at : at + size] for at in range(0, len(values), size)]
    return [msgspec.json.encode({kind: list(part)}).decode() for part in parts]
