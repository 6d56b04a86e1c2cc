"""Heads of the audit are exported again and again, each once, and survive a half-written file."""

import asyncio
import json
from pathlib import Path

import pytest
from orchestra.coordination.governance import Act, AuditHeads
from orchestra.coordination.testing.governed import DEPLOYER, Governed
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog

pytestmark = pytest.mark.requirement("trust.audit")


async def test_the_head_is_exported_each_time_that_it_has_moved(
    database: Database, events: EventLog, tmp_path: Path
) -> None:
    governed = Governed.over(database, events)
    paused: asyncio.Queue[float] = asyncio.Queue()
    go = asyncio.Event()

    async def pause(seconds: float) -> None:
        await paused.put(seconds)
        await go.wait()
        go.clear()

    heads = AuditHeads(tmp_path, database, events, pause=pause)
    seqs: list[list[int]] = []
    async with asyncio.timeout(60):
        await heads.start()
        assert await paused.get() == 300
        for move in (True, False, True):
            if move:
                act = Act("pulumi:destroy", "destroy", {"n": len(seqs)})
                assert (await governed.governor.judge(act, DEPLOYER)).outcome == "deny"
            go.set()
            await paused.get()
            lines = (tmp_path / "audit.heads").read_text().splitlines()
            seqs.append([json.loads(line)["seq"] for line in lines])
    await heads.close()

    assert seqs == [[1], [1], [1, 2]]
    with (tmp_path / "audit.heads").open("a") as file:
        file.write('{"at": "2026-11-2')
    assert (await heads.verify()).heads == 2
    assert (await heads.verify()).intact
