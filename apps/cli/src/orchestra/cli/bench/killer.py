"""Kills parts of a running system at random, and says how long each took to be back."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from orchestra.cli.bench.process import descendants
from orchestra.cli.bench.system import BenchSystem, until

Victim = Literal["API", "postmaster", "postmaster and backends", "API and PostgreSQL"]

_PAUSE = (0.1, 1.0)  # seconds of peace between two kills, at random


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, and the seconds until the system was ready again with new processes."""

    victim: Victim
    back_after: float


class Killer:
    """Kills with signal 9. Each victim comes equally often, in random order."""

    def __init__(self, system: BenchSystem, kills: int) -> None:
        self._system = system
        self._victims: list[Victim] = (list(get_args(Victim)) * kills)[:kills]
        random.shuffle(self._victims)

    def run(self, told: Callable[[Kill], None]) -> list[Kill]:
        """Kill, wait until it is back, have some peace; as often as was asked for.

        Raises:
            Unavailable: it did not come back.
        """
        kills = []
        for victim in self._victims:
            threading.Event().wait(random.uniform(*_PAUSE))  # noqa: S311 - moments, not secrets
            kills.append(self._kill(victim))
            told(kills[-1])
        return kills

    def _kill(self, victim: Victim) -> Kill:
        system = self._system
        api, postmaster = system.api_pid, system.postmaster_pid
        if api is None or postmaster is None:
            raise AssertionError("a system that is ready has an API and a database")
        backends = descendants(postmaster)
        api_dies = victim in ("API", "API and PostgreSQL")
        database_dies = victim != "API"
        targets = [api] if api_dies else []
        targets += [postmaster] if database_dies else []
        targets += backends if database_dies and victim != "postmaster" else []
        killed = time.monotonic()
        for pid in targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        def back() -> bool:
            there = system.api_pid, system.postmaster_pid
            new_api = there[0] not in ((None, api) if api_dies else (None,))
            new_database = there[1] not in ((None, postmaster) if database_dies else (None,))
            return new_api and new_database and system.ready()

        until(back, f"after the end of {victim} the system does not come back")
        return Kill(victim, time.monotonic() - killed)
