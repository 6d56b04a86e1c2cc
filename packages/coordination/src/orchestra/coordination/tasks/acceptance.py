"""Compares a hand-off with the repository as it is now: what has become stale?"""

from collections.abc import Sequence

from orchestra.coordination.tasks.handoff import Finding, Handoff
from orchestra.coordination.tasks.packet import Packet
from orchestra.coordination.tasks.surroundings import LiveContext, Worktree
from orchestra.shared.errors import Conflict
from orchestra.shared.redaction import Redactor

_NAMED = 5  # files or topics that are named
_OWN = frozenset({"claims", "handoffs"})  # topics that every hand-off changes by itself


async def examine(
    handoff: Handoff,
    written: tuple[str | None, Sequence[str], str],
    head: str | None,
    worktree: Worktree,
    context: LiveContext,
) -> list[Finding]:
    """What is not as it was; `written` is the head, the dirty files and the version of then."""
    then, dirty, version = written
    return [
        *await _head(then, head, worktree),
        *await _changes(dirty, worktree),
        *await _files(handoff.packet, worktree),
        *_drift(version, context),
    ]


def cleaned(packet: Packet, redactor: Redactor) -> tuple[Packet, list[Finding]]:
    """The packet without what has become known as a secret since it was written."""
    dump = packet.model_dump(mode="json")
    clean = redactor.value(dump)
    if clean == dump:
        return packet, []
    said = "the packet held what is known as a secret by now; it was taken out"
    return Packet.model_validate(clean), [Finding("secrets-removed", said)]


def check_fresh(id: str, findings: Sequence[Finding]) -> None:
    """Do nothing when the hand-off can be taken up without more ado.

    Raises:
        Conflict: the repository is not where the sender left it.
    """
    refusals = [finding.text for finding in findings if finding.refuses]
    if refusals:
        raise Conflict(
            f"the hand-off `{id}` does not fit the repository: {'; '.join(refusals)}",
            hint="check out or fetch that commit, or accept it anyway (`--anyway`, `anyway: true`)",
        )


async def _head(then: str | None, head: str | None, worktree: Worktree) -> list[Finding]:
    if then is None:
        return [Finding("no-head", "it was written without a commit to compare with")]
    relation = await worktree.relation(then, head)
    short = then[:12]
    if relation == "unknown":
        return [Finding("head-unknown", f"its commit `{short}` is not in this repository")]
    if relation == "diverged":
        return [Finding("head-diverged", f"HEAD does not contain its commit `{short}`")]
    if relation == "ahead":
        return [Finding("head-moved", f"there are newer commits than its `{short}`")]
    return []


async def _changes(dirty: Sequence[str], worktree: Worktree) -> list[Finding]:
    if not dirty:
        return []
    now = set((await worktree.standing()).dirty)
    gone = [path for path in dirty if path not in now]
    if not gone:
        return []
    return [Finding("changes-gone", f"no longer changed: {_some(gone)}; committed, or lost?")]


async def _files(packet: Packet, worktree: Worktree) -> list[Finding]:
    missing = await worktree.missing(packet.read_first)
    return [Finding("files-missing", f"not there: {_some(missing)}")] if missing else []


def _drift(version: str, context: LiveContext) -> list[Finding]:
    topics = context.changed_since(version)
    if topics is None:
        return [Finding("context-unknown", "the context has moved too far to say what changed")]
    changed = [topic for topic in topics if topic not in _OWN]
    return [Finding("context-drift", f"changed since: {_some(changed)}")] if changed else []


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
