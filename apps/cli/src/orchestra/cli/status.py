"""`orchestra status` and `orchestra doctor`: what runs, and what is wrong."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from orchestra.cli.client import Client, client, find
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, show, table
from orchestra.cli.typed import typed
from orchestra.shared.db import Database
from orchestra.shared.errors import OrchestraError
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.settings import Settings, child_environment


def status(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Say what runs for this repository, and how each source of the context is."""
    settings = load(repo, state_dir)
    with client(settings) as api:
        document = api.get("/status") | {"index": api.get("/index"), "url": api.system.url}
    show(document, as_json=json, lines=lambda: _status_lines(document))


def _status_lines(document: dict[str, Any]) -> list[str]:
    now = datetime.now(UTC)
    database = document["database"]
    kind = "embedded" if database["embedded"] else "external"
    reach = "reachable" if database["reachable"] else "not reachable"
    pending = len(database["pending_migrations"])
    rows = [
        [s["topic"], s["status"], s["source"], ago(s["checked_at"], now), s["detail"] or ""]
        for s in document["sources"]
    ]
    return [
        f"Orchestra {document['version']} at {document['url']}",
        f"repository  {document['repository']}",
        f"started     {ago(document['started_at'], now)}",
        f"database    {kind}, {reach}, {pending} migrations pending",
        f"context     version {document['seq']}",
        *_index_lines(document["index"]),
        "",
        *table(["TOPIC", "STATUS", "FROM", "CHECKED", "DETAIL"], rows),
    ]


def _index_lines(index: dict[str, Any]) -> list[str]:
    """How much of the repository is searched, and what is wrong with that."""
    known = f"{index['files']:,} files, {index['chunks']:,} chunks, {index['commits']:,} commits"
    lines = [known if index["ready"] else "not ready"]
    if index["done"] < index["total"]:
        lines.append(f"{index['done']:,} of {index['total']:,} files to read have been read")
    for name, what in _LACKING.items():
        if index[name]:
            lines.append(f"{index[name]:,} files {what}")
    if vectors := index["vectors"]:
        lines.append(f"{vectors['embedded']:,} of {vectors['total']:,} chunks have a vector")
        lines[-1] += f" of {vectors['embedder']}"
        lines[-1] += f"; it refuses {vectors['refused']:,}" if vectors["refused"] else ""
    problems = (index["problem"], vectors["problem"] if vectors else None)
    lines += [f"problem: {problem}" for problem in problems if problem]
    return [f"{'index' if n == 0 else '':<12}{line}" for n, line in enumerate(lines)]


_LACKING = {
    "omitted": "are not searched: they are beyond the most that are indexed",
    "skipped": "are known by name only: binary, huge, generated, or likely secret",
    "broken": "are searched as plain text: a grammar failed on them",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `hint` says what to do when it is not well."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def doctor(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Look at everything that Orchestra needs, and say how to mend what is not well."""
    settings = _as_served(load(repo, state_dir))
    checks = [check(settings) for check in _CHECKS]
    show(
        {"ok": all(c.ok for c in checks), "checks": [asdict(c) for c in checks]},
        as_json=json,
        lines=lambda: [line for c in checks for line in _check_lines(c)],
    )
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _as_served(settings: Settings) -> Settings:
    """The settings, with the repository that the running system serves, if one does."""
    try:
        with client(settings.model_copy(update={"url": None})) as api:
            served = api.get("/status")["repository"]
    except OrchestraError:
        return settings
    folder = settings.state_folder  # stays, though by default it depends on the repository
    return settings.model_copy(update={"repo": Path(served), "state_dir": folder})


def _check_lines(check: Check) -> list[str]:
    mark = typer.style("ok  ", fg="green") if check.ok else typer.style("FAIL", fg="red")
    lines = [f"{mark}  {check.name}: {check.found}"]
    return lines if check.ok or not check.hint else [*lines, f"      hint: {check.hint}"]


def _python(_settings: Settings) -> Check:
    return Check("Python", sys.version_info >= (3, 11), sys.version.split()[0], "install ≥ 3.11")


def _git(_settings: Settings) -> Check:
    path = shutil.which("git")
    if path is None:
        return Check("git", ok=False, found="not on PATH", hint="install git ≥ 2.30")
    answer = subprocess.run(
        [path, "--version"], capture_output=True, text=True, env=child_environment(), check=False
    )
    return Check("git", answer.returncode == 0, answer.stdout.strip() or "does not run")


def _repository(settings: Settings) -> Check:
    folder = settings.repo
    found = (folder / ".git").exists() or (folder / "objects").is_dir()
    hint = "run `git init`, or give --repo"
    return Check("repository", found, f"{folder}{'' if found else ' is none'}", hint)


def _watches(_settings: Settings) -> Check:
    path = Path("/proc/sys/fs/inotify/max_user_watches")
    if not path.exists():
        return Check("file watching", ok=True, found="not by inotify on this system")
    number = int(path.read_text())
    hint = "sudo sysctl fs.inotify.max_user_watches=524288"
    return Check("file watching", number >= 16_384, f"{number} inotify watches", hint)


def _state(settings: Settings) -> Check:
    folder = settings.state_folder
    if not folder.exists():
        return Check("state folder", ok=True, found=f"{folder} (will be made)")
    free = shutil.disk_usage(folder).free // 2**20
    hint = "free some space, or choose another place with --state-dir"
    return Check("state folder", free > 500, f"{folder}, {free} MiB free", hint)


def _key(settings: Settings) -> Check:
    path = settings.state_folder / "admin.key"
    if not path.exists():
        return Check("admin key", ok=True, found="made at the first start")
    mode = path.stat().st_mode & 0o777
    return Check("admin key", mode == 0o600, f"{path} ({mode:o})", f"chmod 600 {path}")


def _database(settings: Settings) -> Check:
    if settings.database_url is not None:
        return _external(settings.database_url.get_secret_value())
    try:
        state = EmbeddedPostgres(settings.state_folder).status()
    except OrchestraError as error:
        return Check("database", ok=False, found=error.message, hint=error.hint)
    return Check("database", ok=True, found="runs" if state.running else "is stopped")


def _external(dsn: str) -> Check:
    async def ask() -> str:
        database = Database(dsn)
        connection = await database.connect()
        try:
            return str(await connection.fetchval("show server_version"))
        finally:
            await connection.close()
            await database.close()

    try:
        version = asyncio.run(ask())
    except OrchestraError as error:
        return Check("database", ok=False, found=error.message, hint="see DATABASE_URL")
    return Check("database", ok=True, found=f"external, PostgreSQL {version}")


def _api(settings: Settings) -> Check:
    try:
        api = Client(find(settings))
    except OrchestraError as error:
        return Check("API", ok=True, found=f"is not running ({error.message})")
    log = settings.state_folder / "logs" / "api.log"
    hint = f"see {log}, or start it again: {typed(settings, 'up', serve=True)}"
    return Check("API", api.ready(), api.system.url, hint)


_CHECKS: tuple[Callable[[Settings], Check], ...] = (
    _python,
    _git,
    _repository,
    _watches,
    _state,
    _key,
    _database,
    _api,
)
