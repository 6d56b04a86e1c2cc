"""Which Alembic revisions the repository has, and which of them its database lacks."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import asyncpg
from orchestra.context.collectors.alembic_folders import ScriptFolder, find_script_folders
from orchestra.context.collectors.alembic_scripts import (
    Revision,
    Scripts,
    read_scripts,
    revision_files,
)
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.polling import Look
from orchestra.context.config import MigrationsSource
from orchestra.context.facts import Observation, Topic
from orchestra.shared.db import RAW_LOST
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain

_SEARCH_EVERY = 60.0  # seconds between two searches of the whole tree
_ASK_EVERY = 15.0  # seconds between two looks at the database
_MOST_LISTED = 200
_TIMEOUT = 5.0  # seconds, for the database


@dataclass(frozen=True, slots=True)
class Applied:
    """The revisions that a database is at, or why that is not known."""

    revisions: frozenset[str] | None
    reason: str = ""


class PendingMigrations:
    """Reads revision files, never runs them; reads `alembic_version` if given an address."""

    topic: Topic = "pending_migrations"

    def __init__(self, config: MigrationsSource, credentials: Credentials, root: Path) -> None:
        self._config = config
        self._credentials = credentials
        self._root = root.absolute()
        self._folders: list[ScriptFolder] = []
        self._searched = float("-inf")
        self._asked = float("-inf")
        self._applied = Applied(None)
        self._signature: object = None
        self._scripts: dict[Path, Scripts] = {}

    async def look(self) -> Look:
        """See what has changed on disk, and ask the database now and then."""
        await asyncio.to_thread(self._read)
        if not self._scripts:
            return Look(
                Observation(
                    value=None,
                    status="unconfigured",
                    detail="no Alembic migrations were found; hint: they are looked for by"
                    " alembic.ini, `[tool.alembic]` in pyproject.toml, or env.py beside versions/",
                )
            )
        if monotonic() - self._asked >= _ASK_EVERY:
            self._applied = await self._ask()
            self._asked = monotonic()
        folders: JsonObject = {
            plain(path.relative_to(self._root)): _describe(scripts, self._applied)
            for path, scripts in self._scripts.items()
        }
        source = "files" if self._applied.revisions is None else "files, alembic_version"
        return Look(Observation(value={"directories": folders}, source=source))

    def _read(self) -> None:
        if monotonic() - self._searched >= _SEARCH_EVERY:
            self._folders = find_script_folders(self._root)
            self._searched = monotonic()
        signature = [(folder, _signature(folder)) for folder in self._folders]
        if signature != self._signature:
            self._scripts = {
                folder.path: read_scripts(self._root, folder.versions) for folder in self._folders
            }
            self._signature = signature

    async def _ask(self) -> Applied:
        if self._config.database is None:
            return Applied(
                None,
                'no database is configured; hint: set `database = "secret://env/DATABASE_URL"`'
                " in `[sources.migrations]` of .ai-context/config.toml",
            )
        dsn = self._credentials.get(self._config.database)
        if dsn is None:
            missing = self._credentials.missing(self._config.database, "the repository's database")
            return Applied(None, plain(missing or ""))
        try:
            return await _read_versions(dsn.get_secret_value(), self._config.version_table)
        except (*RAW_LOST, ValueError, asyncpg.PostgresError) as error:
            return Applied(None, _unreachable(error))


def _unreachable(error: Exception) -> str:
    # The error's own text may quote the address, with its password.
    return f"the database does not answer ({type(error).__name__}); hint: check its address"


async def _read_versions(dsn: str, table: str) -> Applied:
    dsn = dsn.replace("postgresql+asyncpg://", "postgresql://", 1)
    dsn = dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    connection = await asyncpg.connect(dsn, timeout=_TIMEOUT, command_timeout=_TIMEOUT)
    try:
        quoted = ".".join(f'"{part}"' for part in table.split("."))
        rows = await connection.fetch(f"select version_num from {quoted}")  # noqa: S608 - checked
    except asyncpg.UndefinedTableError:
        return Applied(frozenset())
    finally:
        await connection.close(timeout=_TIMEOUT)
    return Applied(frozenset(str(row["version_num"]) for row in rows))


def _signature(folder: ScriptFolder) -> list[tuple[str, int, int]]:
    """Changes when a revision file is added, removed or written."""
    facts: list[tuple[str, int, int]] = []
    for path in (path for versions in folder.versions for path in revision_files(versions)):
        try:
            found = os.lstat(path)
        except OSError:
            continue
        facts.append((str(path), found.st_mtime_ns, found.st_size))
    return facts


def _describe(scripts: Scripts, applied: Applied) -> JsonObject:
    described: JsonObject = {
        "revisions": len(scripts.revisions),
        "heads": {head.id: head.message for head in scripts.heads},
        "problems": dict(list(scripts.problems.items())[:_MOST_LISTED]),
        "current": None,
        "pending": None,
        "pending_count": None,
    }
    if applied.revisions is None:
        return described | {"reason": applied.reason}
    current = [r for r in applied.revisions if r in scripts.revisions]
    pending = scripts.pending(current)
    unknown = sorted(r for r in applied.revisions if r not in scripts.revisions)
    return described | {
        "current": {r: scripts.revisions[r].message for r in sorted(current)},
        "pending": {r.id: _listed(r) for r in pending[:_MOST_LISTED]},
        "pending_count": len(pending),
        "unknown": {plain(r, 64): "no file here declares it" for r in unknown[:_MOST_LISTED]},
    }


def _listed(revision: Revision) -> JsonObject:
    return {
        "message": revision.message,
        "file": revision.file,
        "follows": ", ".join(revision.follows),
    }
