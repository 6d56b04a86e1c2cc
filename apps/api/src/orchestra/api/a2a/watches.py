"""Who waits for a change of a task: woken by the event log, ended with the key or the server."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from orchestra.shared.errors import OrchestraError, TooManyRequests, Unauthenticated, Unavailable
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller

_PER_KEY = 100  # open at once
LOOK = 15.0
"""Seconds until one looks without having been woken: an event may be lost."""


class Watch:
    """One waiting reader."""

    def __init__(self, caller: Caller) -> None:
        self.key_id = caller.key_id
        self._expires_at = caller.expires_at
        self._woken = asyncio.Event()
        self._over: OrchestraError | None = None

    def wake(self) -> None:
        """Something has happened."""
        self._woken.set()

    def end(self, why: OrchestraError) -> None:
        """Nothing more may be seen."""
        self._over = why
        self._woken.set()

    async def changed(self, within: float) -> bool:
        """Wait for so many seconds at most; False when nothing happened until then.

        Raises:
            Unauthenticated: the key was revoked, or has expired.
            Unavailable: the server stops.
        """
        left = within
        if self._expires_at is not None:
            left = min(left, (self._expires_at - datetime.now(UTC)).total_seconds())
        woken = True
        try:
            async with asyncio.timeout(max(left, 0)):
                await self._woken.wait()
        except TimeoutError:
            woken = False
        self._woken.clear()
        if self._over is not None:
            raise self._over
        if self._expires_at is not None and self._expires_at <= datetime.now(UTC):
            raise Unauthenticated("the key has expired", hint="ask for another")
        return woken


class Watches:
    """All who wait, in this process."""

    def __init__(self, events: EventLog, workspace: str) -> None:
        self._events = events
        self._stream = f"tasks/{workspace}"
        self._open: set[Watch] = set()
        self._closed = False

    @asynccontextmanager
    async def open(self, caller: Caller, task_id: str) -> AsyncGenerator[Watch]:
        """Watch a task while entered; what happened before is for the caller to look at first.

        Raises:
            TooManyRequests: the key has as many open as it may.
            Unavailable: the server stops.
        """
        if self._closed:
            raise _stopping()
        if Counter(watch.key_id for watch in self._open)[caller.key_id] >= _PER_KEY:
            raise TooManyRequests(
                f"{_PER_KEY} tasks are watched with this key", hint="end some", retry_after=5
            )
        watch = Watch(caller)
        self._open.add(watch)
        try:
            head = await self._events.head(self._stream)
            following = asyncio.create_task(
                self._follow(watch, task_id, head.seq if head else 0), name="a2a-watch"
            )
            try:
                yield watch
            finally:
                following.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await following
        finally:
            self._open.discard(watch)

    def close(self) -> None:
        """End all, and open no more."""
        self._closed = True
        for watch in self._open:
            watch.end(_stopping())

    def end(self, key_id: str) -> None:
        """End those of a key that was revoked."""
        for watch in self._open:
            if watch.key_id == key_id:
                watch.end(Unauthenticated("the key was revoked", hint="ask for another"))

    async def _follow(self, watch: Watch, task_id: str, after: int) -> None:
        async for event in self._events.follow(self._stream, after=after):
            if event.data.get("task") == task_id:
                watch.wake()


def _stopping() -> Unavailable:
    return Unavailable("Orchestra is stopping", hint="subscribe again in a few seconds")
