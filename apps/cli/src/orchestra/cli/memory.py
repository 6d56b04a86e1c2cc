"""`orchestra memory`: notes that outlive a session."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer
from orchestra.cli.client import client
from orchestra.cli.options import Repo, StateDir, load
from orchestra.cli.output import Json, ago, say, show
from orchestra.shared.errors import Invalid

app = typer.Typer(help="Keep and find notes that outlive a session.", no_args_is_help=True)

KindName = Literal["decision", "gotcha", "convention", "fact", "failure"]
ScopeName = Literal["repository", "workspace", "agent"]
StateName = Literal["current", "superseded", "expired", "forgotten", "any"]

NoteText = Annotated[str, typer.Argument(help="What to remember, at most 4 KiB; `-` reads stdin.")]
NoteId = Annotated[str, typer.Argument(help="The note's id, from `orchestra memory list`.")]
Tag = Annotated[list[str] | None, typer.Option("--tag", help="Repeat for more.")]
Path = Annotated[
    list[str] | None, typer.Option("--path", help="A file that it speaks of; repeat for more.")
]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="It ends after so many days.")]
Untrusted = Annotated[
    bool, typer.Option("--untrusted", help="It quotes text from outside: an issue, a page, a log.")
]
OfKind = Annotated[KindName | None, typer.Option(help="Only notes of this kind.")]
OfScope = Annotated[ScopeName | None, typer.Option(help="Only notes of this scope.")]
OfTag = Annotated[str | None, typer.Option("--tag", help="Only notes with this tag.")]
OfPath = Annotated[str | None, typer.Option("--path", help="Only of this file or folder.")]
InState = Annotated[StateName, typer.Option(help="Which notes: current ones, or others.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100)]

_EMPTY = "there are no such notes; leave one: orchestra memory add TEXT --kind decision"


@app.command("add")
def add(
    text: NoteText,
    kind: Annotated[KindName, typer.Option(help="What it is.")] = "fact",
    scope: Annotated[
        ScopeName, typer.Option(help="Who sees it; `agent`: you alone.")
    ] = "repository",
    tag: Tag = None,
    path: Path = None,
    days: Days = None,
    untrusted: Untrusted = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Remember a note, unless it is known already.

    \b
    Examples:
      orchestra memory add "PgBouncer breaks LISTEN; connect directly" --kind gotcha --path src/bus.py
      orchestra memory add "No deploys until Monday" --kind decision --days 3
      gh issue view 12 | orchestra memory add - --untrusted --tag issue-12
    """
    order: dict[str, object] = {
        "text": _text(text),
        "kind": kind,
        "scope": scope,
        "untrusted": untrusted,
    }
    order |= {"tags": tag or [], "paths": path or [], "expires_at": _end(days)}
    with client(load(repo, state_dir)) as api:
        answer = api.call("POST", "/memory", body=order)
    _show_added(answer, json)


@app.command("search")
def search(
    query: Annotated[str, typer.Argument(help="A question, or words, or a path.")],
    kind: OfKind = None,
    scope: OfScope = None,
    tag: OfTag = None,
    path: OfPath = None,
    state: InState = "current",
    limit: Limit = 10,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Find the notes that bear on a question, best first.

    \b
    Examples:
      orchestra memory search "why does notify not arrive"
      orchestra memory search cache --kind failure --path src/api
      orchestra memory search deploy --json | jq -r '.notes[].text'
    """
    params = _filter(kind, scope, tag, path, state, limit) | {"query": query}
    with client(load(repo, state_dir)) as api:
        _show_list(api.get("/memory", params), json)


@app.command("list")
def list_notes(
    kind: OfKind = None,
    scope: OfScope = None,
    tag: OfTag = None,
    path: OfPath = None,
    state: InState = "current",
    limit: Limit = 50,
    before: Annotated[str | None, typer.Option(help="Those that follow this note.")] = None,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """List notes, newest first.

    \b
    Examples:
      orchestra memory list
      orchestra memory list --kind decision --tag release
      orchestra memory list --state forgotten
    """
    params = _filter(kind, scope, tag, path, state, limit)
    if before:
        params["before"] = before
    with client(load(repo, state_dir)) as api:
        _show_list(api.get("/memory", params), json)


@app.command("show")
def show_note(
    note_id: NoteId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Print a note with what it superseded and what superseded it, oldest first.

    \b
    Example:
      orchestra memory show mem_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        note = api.get(f"/memory/{note_id}")
    show(note, as_json=json, lines=lambda: _lines(note["history"]))


@app.command("supersede")
def supersede(
    note_id: NoteId,
    text: Annotated[str, typer.Argument(help="What is true instead; `-` reads stdin.")],
    kind: Annotated[KindName | None, typer.Option(help="If it is another one now.")] = None,
    tag: Tag = None,
    path: Path = None,
    days: Days = None,
    untrusted: Untrusted = False,
    repo: Repo = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Put a new note in the place of one that is not true any more; the old one stays readable.

    \b
    Example:
      orchestra memory supersede mem_0123456789abcdef "The port is 8701 now"
    """
    order: dict[str, object] = {"text": _text(text), "kind": kind, "tags": tag, "paths": path}
    order |= {"untrusted": untrusted, "expires_at": _end(days)}
    with client(load(repo, state_dir)) as api:
        answer = api.call("POST", f"/memory/{note_id}/supersede", body=order)
    _show_added(answer, json)


@app.command("forget")
def forget(
    note_id: NoteId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Take a note out of sight. For 30 days it can be restored.

    \b
    Example:
      orchestra memory forget mem_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        note = api.call("DELETE", f"/memory/{note_id}")
    show(note, as_json=json, lines=lambda: [f"forgot {note['id']}"])
    if not json:
        say(f"to undo: orchestra memory restore {note['id']}")


@app.command("restore")
def restore(
    note_id: NoteId, repo: Repo = None, state_dir: StateDir = None, json: Json = False
) -> None:
    """Let a note stand again that was forgotten, was superseded or has expired.

    \b
    Example:
      orchestra memory restore mem_0123456789abcdef
    """
    with client(load(repo, state_dir)) as api:
        note = api.call("POST", f"/memory/{note_id}/restore")
    show(note, as_json=json, lines=lambda: _lines([note]))


def _text(given: str) -> str:
    if given != "-":
        return given
    text = sys.stdin.read(65_536)
    if not text.strip():
        raise Invalid("stdin is empty", hint="pipe the text in, or give it as an argument")
    return text


def _end(days: int | None) -> str | None:
    return None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _filter(
    kind: str | None, scope: str | None, tag: str | None, path: str | None, state: str, limit: int
) -> dict[str, str]:
    given = {"kind": kind, "scope": scope, "tag": tag, "path": path}
    return {k: v for k, v in given.items() if v} | {"state": state, "limit": str(limit)}


def _show_added(answer: dict[str, Any], as_json: bool) -> None:
    show(answer, as_json=as_json, lines=lambda: _lines([answer["note"]]))
    if as_json:
        return
    if answer["duplicate"]:
        say("that is known already; nothing was added")
    elif answer["similar"]:
        say("like it; supersede what is not true any more:")
        say("\n".join(_lines(answer["similar"])))


def _show_list(answer: dict[str, Any], as_json: bool) -> None:
    if as_json or answer["notes"]:
        show(answer, as_json=as_json, lines=lambda: _lines(answer["notes"]))
    else:
        say(_EMPTY)
    if answer["next_before"] and not as_json:
        say(f"there are more: add --before {answer['next_before']}")


def _lines(notes: list[dict[str, Any]]) -> list[str]:
    """Each note as a head of ours, and its text behind bars, which it cannot leave."""
    now, lines = datetime.now(UTC), []
    for note in notes:
        state = "" if note["state"] == "current" else f"  {note['state']}"
        whose = f"{note['author']} ({note['trust']})"
        if note["trust"] == "untrusted":
            whose = f"UNTRUSTED, noted by {note['author']}"
        tags = "".join(f" #{tag}" for tag in note["tags"])
        head = f"{note['id']}  {note['kind']}  {whose}  {ago(note['created_at'], now)}"
        lines.append(f"{head}  {note['scope']}{tags}{state}")
        lines += [f"  | {_plain(line)}" for line in note["text"].split("\n")]
        lines += [f"  @ {_plain(path)}" for path in note["paths"]]
        if note["superseded_by"]:
            lines.append(f"  > superseded by {note['superseded_by']}")
    return lines


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
