"""`orchestra context`: the live context, once or as it changes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from orchestra.cli.client import Client, client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, print_json, say, show
from orchestra.shared.errors import Unavailable

app = typer.Typer(help="See the live context.", no_args_is_help=True)

Topic = Annotated[list[str] | None, typer.Option("--topic", help="Only this; repeat for more.")]

_RECONNECT = 1.0  # seconds


@app.command("show")
def show_context(
    topic: Topic = None,
    consistent: Annotated[
        bool, typer.Option(help="Wait until all that happened up to now is in it.")
    ] = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Print the context as it is now.

    \b
    Examples:
      orchestra context show
      orchestra context show --topic codebase_state --json
    """
    params = {"consistent": "true"} if consistent else {}
    if topic:
        params["topics"] = ",".join(topic)
    with client(load(repo, state_dir)) as api:
        document = api.get("/context", params)
    show(document, as_json=json, lines=lambda: _lines(document))


@app.command("watch")
def watch(
    topic: Topic = None, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Print every change as it comes, until Ctrl-C. With --json, one document per line.

    \b
    Examples:
      orchestra context watch
      orchestra context watch --topic codebase_state --json | jq .ops
    """
    path = "/context/stream" + (f"?topics={','.join(topic)}" if topic else "")
    with client(load(repo, state_dir)) as api:
        for event in follow(api, path):
            if json:
                print_json({"event": event.name, "id": event.id} | event.data)
            else:
                _print(event)


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of the stream; `id` is the place in it."""

    name: str
    id: str
    data: dict[str, Any]


def follow(api: Client, path: str) -> Iterator[ServerEvent]:
    """The events of the stream, for ever: a broken connection is resumed where it broke.

    Raises:
        Unavailable: nobody answers at the first attempt.
    """
    place, connected, lost = "", False, False
    pause = threading.Event()
    while True:
        headers = {"Last-Event-ID": place} if place else {}
        try:
            with api.stream(path, headers) as lines:
                if lost:
                    say(f"{_clock()}  the connection is back")
                connected, lost = True, False
                for event in _events(lines):
                    place = event.id or place
                    yield event
        except Unavailable:
            if not connected:
                raise
            if not lost:
                say(f"{_clock()}  the connection is lost; trying again until it is back …")
            lost = True
        pause.wait(_RECONNECT)


def _clock() -> str:
    return f"{datetime.now(UTC):%H:%M:%S}"


def _events(lines: Iterator[str]) -> Iterator[ServerEvent]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            data = orjson.loads(fields["data"])
            yield ServerEvent(fields.get("event", "message"), fields.get("id", ""), data)
            fields = {}
        else:
            fields = {}


def _print(event: ServerEvent) -> None:
    data = event.data
    if event.name == "snapshot":
        typer.echo("\n".join(_lines(data)))
    elif event.name == "delta":
        for operation in data["ops"]:
            path = operation["path"].removeprefix(f"/topics/{data['topic']}").lstrip("/")
            path = path.removeprefix("value/") or "(all)"
            value = _short(operation.get("value"))
            sign = {"add": "+", "remove": "-", "replace": "~"}[operation["op"]]
            typer.echo(f"{data['at'][11:23]}  {data['topic']:<20} {sign} {_plain(path)} {value}")
    elif event.name in ("must-refetch", "bye"):
        say(f"({data['reason']})")


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"version {document['epoch']}:{document['seq']}"]
    for topic, fact in sorted(document["topics"].items()):
        detail = f": {fact['detail']}" if fact["detail"] else ""
        lines += ["", f"{topic}  {fact['status']} (since {fact['observed_at']}){detail}"]
        for key, value in sorted((fact["value"] or {}).items()):
            lines.append(f"  {_plain(key)}: {_short(value)}")
    return lines


def _short(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and len(value) > 6:
        return f"{len(value)} entries"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return _plain(text if len(text) <= 160 else text[:159] + "…")


def _plain(text: str) -> str:
    """Text from a repository without what would steer a terminal."""
    return "".join(
        c if c.isprintable() else "�" for c in text.replace("~1", "/").replace("~0", "~")
    )
