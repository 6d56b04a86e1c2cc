"""`orchestra up` and `orchestra down`: the system of one repository, in the foreground."""

import contextlib
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from orchestra.cli.client import Client, find
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, print_json, say
from orchestra.cli.supervisor import API, UP, Supervisor, wait_until_absent
from orchestra.cli.typed import typed
from orchestra.shared.errors import Invalid, Unauthenticated, Unavailable
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.presence import presence
from orchestra.shared.settings import Settings

_USUAL = "http://127.0.0.1:8700"  # what the agents' configuration names without --url
_EXAMPLES = """
Examples:
  orchestra up                          serve the repository of this folder
  orchestra up --repo ~/src/app         serve another
  orchestra up --port 0 --no-browser    any free port, and leave the browser alone
"""


def up(
    repo: Repo = None,
    port: Annotated[
        int | None, typer.Option(help="[env: ORCHESTRA_PORT; default: 8700; 0: any free one]")
    ] = None,
    state_dir: StateDir = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the dashboard.")
    ] = True,
    json: Json = False,
) -> None:
    """Serve a repository until Ctrl-C: database, API, live context, dashboard."""
    settings = Settings.load(repo=repo, port=port, state_dir=state_dir)
    _check_repository(settings)
    if (running := _running(settings)) is not None:
        _announce(running, settings, as_json=json, browser=False, already=True)
        return
    say(f"Orchestra serves {settings.repo}")
    with Supervisor(settings) as supervisor:
        client = supervisor.start(say)
        _announce(client, settings, as_json=json, browser=browser, already=False)
        code = supervisor.watch(say)
    raise typer.Exit(code)


up.__doc__ = f"{up.__doc__}\n\n\b{_EXAMPLES}"


def down(repo: Repo = None, state_dir: StateDir = None, json: Json = False) -> None:
    """Stop the system of a repository, and what a crash may have left of it."""
    settings = load(repo, state_dir)
    folder, stopped = settings.state_folder, []
    for name, file in (("orchestra up", UP), ("the API", API)):  # `up` ends its API itself
        if (pid := presence(folder / file)) is not None:
            os.kill(pid, signal.SIGTERM)
            wait_until_absent(folder / file)
            stopped.append(name)
    if folder.exists() and settings.database_url is None:
        postgres = EmbeddedPostgres(folder)
        if postgres.status().running:
            postgres.stop()
            stopped.append("PostgreSQL")
    if not stopped:
        _check_folder(settings.repo)
    if json:
        print_json({"stopped": stopped})
    else:
        say(f"stopped {' and '.join(stopped)}" if stopped else "nothing was running")


def _check_repository(settings: Settings) -> None:
    folder = settings.repo
    _check_folder(folder)
    bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    if not bare and not (folder / ".git").exists():
        raise Invalid(
            f"`{folder}` is not in a git repository", hint="run `git init` there, or give --repo"
        )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise Invalid(f"`{folder}` is not a folder", hint="give the folder of a git repository")


def _running(settings: Settings) -> Client | None:
    try:
        client = Client(find(settings.model_copy(update={"url": None, "key": None})))
    except (Unavailable, Unauthenticated):
        return None
    return client if client.ready() else None


def _announce(
    client: Client, settings: Settings, *, as_json: bool, browser: bool, already: bool
) -> None:
    """Say where the system is, how to log in, and how to connect an agent."""
    url = client.system.url
    link = str(client.call("POST", "/login-links")["url"])
    if as_json:
        print_json(
            {
                "url": url,
                "login": link,
                "mcp": f"{url}/mcp",
                "state_dir": str(settings.state_folder),
                "repository": str(settings.repo),
                "already_running": already,
                "at": datetime.now(UTC).isoformat(),
            }
        )
    say()
    say(f"  {'Already running' if already else 'Ready'} at {url}")
    say(f"  Log in      {link}   (once, within 15 minutes)")
    say(f"  Once more   {typed(settings, 'login')}")
    say(f"  Watch       {typed(settings, 'context', 'watch')}")
    elsewhere = () if url == _USUAL else ("--url", url)
    say(f"  Agents      {typed(settings, 'connect', '--keys', *elsewhere, serve=True)}")
    say()
    if browser:
        with contextlib.suppress(OSError):
            typer.launch(link)
