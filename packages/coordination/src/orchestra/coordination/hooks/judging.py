"""What a call would do, as acts that are judged one by one."""

import hashlib
import posixpath

from orchestra.coordination.commands import judge
from orchestra.coordination.governance import Act
from orchestra.coordination.hooks.event import Brand, HookEvent
from orchestra.coordination.specs import AgentSpec
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain

UNCLEAR = "shell:opaque"
"""The permission to run commands of which it cannot be told what they do."""

_SHOWN = 4_000  # characters of a command or an edit that a person is shown
_SUMMARY = 240
_TEMPORARY = ("/tmp/", "/var/tmp/")  # noqa: S108 - paths that are judged, not used


def acts_of(event: HookEvent, brand: Brand, root: str, spec: AgentSpec | None) -> list[Act]:
    """The acts of a call; none where it needs nothing in particular.

    An approval binds to the whole text of the command, or to the whole content of the edit.
    """
    if event.command is not None:
        return _of_command(event, event.command, brand, root, spec)
    paths = tuple(path for path in (_in_repository(p, event, root) for p in event.paths) if path)
    if not paths:
        return []
    subject: JsonObject = {"kind": "edit", "tool": event.tool, **_bound(event.content)}
    summary = plain(f"{brand} edits {', '.join(paths)}", _SUMMARY)
    return [Act(None, summary, subject, paths=paths)]


def _of_command(
    event: HookEvent, command: str, brand: Brand, root: str, spec: AgentSpec | None
) -> list[Act]:
    folder = posixpath.normpath(event.folder) if event.folder.startswith("/") else root
    judged = judge(command, folder=folder, root=_root_of(folder, root))
    subject: JsonObject = {"kind": "command", "folder": folder, **_bound(command)}
    acts = [
        Act(
            need.permission,
            plain(f"{brand} runs {need.call}", _SUMMARY),
            subject,
            destructive=need.destructive,
            egress=need.egress,
        )
        for need in judged.needs
    ]
    restrictive = spec is not None and UNCLEAR not in spec.permissions
    if judged.unclear and not acts and restrictive:
        why = f"{brand} runs what cannot be told beforehand ({judged.unclear[0]}): {command}"
        acts.append(Act(None, plain(why, _SUMMARY), subject, destructive=True))
    return acts


def _bound(text: str) -> JsonObject:
    """What an approval binds to: a text that is shown, and the digest of all of it."""
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return {"text": text[:_SHOWN].replace("\0", "\n"), "characters": len(text), "sha256": digest}


def _root_of(folder: str, root: str) -> str:
    """The repository that the agent stands in: ours, or another checkout of it."""
    return root if f"{folder}/".startswith(f"{root.rstrip('/')}/") else folder


def _in_repository(path: str, event: HookEvent, root: str) -> str | None:
    """The path as seen from the repository's root; as it is when outside, None when it is scratch."""
    whole = posixpath.normpath(posixpath.join(event.folder or root, path))
    if any(whole.startswith(folder) and not root.startswith(folder) for folder in _TEMPORARY):
        return None
    inside = f"{root.rstrip('/')}/"
    return whole.removeprefix(inside) if whole.startswith(inside) else whole
