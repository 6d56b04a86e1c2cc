"""A limit of time that moves on with every piece of an answer."""

import asyncio
from types import TracebackType
from typing import Self


class Timer:
    """As `asyncio.timeout_at`, but putting the end off costs nothing: the loop has one timer for it,
    which looks when it rings whether it is time.
    """

    __slots__ = ("_cancelling", "_due", "_handle", "_loop", "_rang", "_rings", "_task")

    def __init__(self, due: float) -> None:
        """`due` is in the time of the event loop."""
        self._loop = asyncio.get_running_loop()
        self._due = self._rings = due
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rang = False

    def move(self, due: float) -> None:
        """It is due at another time."""
        self._due = due
        if due < self._rings and self._handle is not None and not self._rang:
            self._handle.cancel()
            self._arm()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._task is None:
            raise RuntimeError("a timer cancels a task, and there is none")
        self._cancelling = self._task.cancelling()
        self._arm()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End.

        Raises:
            TimeoutError: it was due, and that ended what was under way.
        """
        if self._handle is not None:
            self._handle.cancel()
        if not self._rang or self._task is None:
            return
        only_ours = self._task.uncancel() <= self._cancelling
        if only_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def _arm(self) -> None:
        self._rings = self._due
        self._handle = self._loop.call_at(self._rings, self._ring)

    def _ring(self) -> None:
        if self._loop.time() < self._due:
            self._arm()
        elif self._task is not None:
            self._rang = True
            self._task.cancel()
