"""Renders what is known of a repository as the value of the topic `codebase_state`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestra.context.git.changes import SHOWN, Changes
from orchestra.context.git.head import Commit, Head, Operation
from orchestra.context.git.index import Index
from orchestra.context.git.names import show_path
from orchestra.shared.json import JsonObject


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What does not depend on the working tree."""

    head: Head
    operation: Operation | None = None
    remotes: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, int] = field(default_factory=dict)
    """Commit → its place among the recent ones: a newer one has a higher number."""


def number(commits: tuple[Commit, ...], known: Mapping[str, int]) -> dict[str, int]:
    """Number commits so that those that stay keep their number: a new one is a small change."""
    oldest_first = [commit.sha for commit in reversed(commits)]
    kept = [known[sha] for sha in oldest_first if sha in known]
    new_on_top = all(sha in known for sha in oldest_first[: len(kept)])
    if not kept or not new_on_top or kept != sorted(kept):
        return {sha: place for place, sha in enumerate(oldest_first, start=1)}
    return {sha: kept[0] + place for place, sha in enumerate(oldest_first)}


def render_head(head: Head) -> JsonObject:
    """HEAD, and its commit if it has one."""
    newest = head.commits[0] if head.commits else None
    return {
        "state": head.state,
        "commit": head.commit,
        "branch": head.branch,
        "subject": newest.subject if newest else None,
        "author": newest.author if newest else None,
        "committed_at": newest.at if newest else None,
    }


def render_facts(facts: GitFacts) -> JsonObject:
    """The part of the value that only git's own folder decides."""
    upstream = facts.head.upstream
    return {
        "head": render_head(facts.head),
        "upstream": {"name": upstream.name, "ahead": upstream.ahead, "behind": upstream.behind}
        if upstream
        else None,
        "operation": facts.operation,
        "remotes": dict(facts.remotes),
        "recent": {
            c.sha: {
                "subject": c.subject,
                "author": c.author,
                "at": c.at,
                "order": facts.order[c.sha],
            }
            for c in facts.head.commits
        },
    }


def render_changes(changes: Changes, index: Index) -> JsonObject:
    """The part of the value that the working tree decides."""
    value: JsonObject = {
        "counts": changes.counts(),
        "changes": changes.shown(),
        "omitted": max(0, len(changes) - SHOWN),
    }
    if index.submodules:
        value["submodules"] = {
            show_path(path): {
                "commit": commit.decode("ascii"),
                "state": _submodule_state(changes, path),
            }
            for path, commit in sorted(index.submodules.items())[:SHOWN]
        }
    return value


def _submodule_state(changes: Changes, path: bytes) -> str:
    """Whether its HEAD is the commit that is recorded; changes to its files are not looked for."""
    status = changes.get(path)
    if status.conflicted:
        return "conflicted"
    return {".": "at-commit", "D": "absent"}.get(status.worktree, "changed")
