"""A worker process for the tests of takeover: `runs_worker.py DSN EFFECTS_FILE`; logs to stdout."""

import asyncio
import os
import sys
from pathlib import Path

from orchestra.shared.db import Database
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.logs import configure_logs
from orchestra.shared.redaction import Redactor
from orchestra.shared.runs import RunContext, RunKind
from orchestra.shared.runs.dbos_worker import DbosWorker


async def main(dsn: str, effects: Path) -> None:
    """Work until killed; each effect is a line `key pid` in a file."""

    async def act(key: str) -> JsonValue:
        with effects.open("a") as file:
            file.write(f"{key} {os.getpid()}\n")
        return os.getpid()

    async def body(context: RunContext, input: JsonObject) -> JsonValue:
        await context.step("before", act)
        await context.report(os.getpid())
        await context.wait_for("go", timeout=60)
        await context.step("after", act)
        return input

    redactor = Redactor()
    configure_logs("debug", "json", redactor, stream=sys.stdout)
    worker = DbosWorker(Database(dsn), [RunKind("story", body)], redactor, interval=0.2, grace=1.0)
    async with worker:
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
