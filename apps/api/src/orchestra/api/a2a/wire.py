"""Our tasks in the words of A2A, and its messages in ours."""

from dataclasses import dataclass

from a2a import types
from a2a.helpers import new_artifact, new_data_part, new_text_artifact, new_text_part
from a2a.utils.errors import ContentTypeNotSupportedError
from orchestra.coordination.tasks import NewTask, Packet, State, Task
from orchestra.coordination.tasks.packet import NOTICE
from orchestra.coordination.tasks.text import one_line

_TITLE = 200  # characters
_STATES: dict[State, types.TaskState] = {
    "open": types.TaskState.TASK_STATE_SUBMITTED,
    "claimed": types.TaskState.TASK_STATE_WORKING,
    "done": types.TaskState.TASK_STATE_COMPLETED,
    "cancelled": types.TaskState.TASK_STATE_CANCELED,
}
_OVER = ("done", "cancelled")
_PASSING = {"created_at", "context_version"}  # of a packet: other each time that it is made


@dataclass(frozen=True, slots=True)
class Seen:
    """A task as it was looked at, with the packet that says how far it is."""

    task: Task
    packet: Packet | None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.task.state in _OVER


def states_of(state: types.TaskState) -> tuple[State, ...]:
    """Ours for one of A2A's, where 0 means any; none for those that our tasks never have."""
    return tuple(ours for ours, theirs in _STATES.items() if state in (0, theirs))


def draft_of(message: types.Message) -> NewTask:
    """What a message wants done: its first line is the title, all of it the goal.

    Raises:
        ContentTypeNotSupportedError: a part of it is no text.
    """
    if any(part.WhichOneof("content") != "text" for part in message.parts):
        raise ContentTypeNotSupportedError(
            "only parts of text are taken; name files of the repository by their paths"
        )
    text = "\n\n".join(part.text for part in message.parts).strip()
    title, _, rest = text.partition("\n")
    return NewTask(
        title=one_line(title, _TITLE),
        goal=text if rest or len(title) > _TITLE else "",
        key=message.message_id,
        context_id=message.context_id or None,
    )


def task_of(seen: Seen) -> types.Task:
    """The task as A2A has it."""
    task = seen.task
    return types.Task(
        id=task.id,
        context_id=task.context_id,
        status=status_of(task),
        artifacts=artifacts_of(seen),
        metadata={"title": task.title, "priority": task.priority, "paths": [*task.paths]},
    )


def status_of(task: Task) -> types.TaskStatus:
    """Its state, since when, and who has it."""
    said = types.Message(
        message_id=f"{task.id}-{task.updated_at:%Y%m%dT%H%M%S%f}",
        task_id=task.id,
        context_id=task.context_id,
        role=types.Role.ROLE_AGENT,
        parts=[new_text_part(_said(task))],
    )
    return types.TaskStatus(state=_STATES[task.state], message=said, timestamp=task.updated_at)


def artifacts_of(seen: Seen) -> list[types.Artifact]:
    """The packet, if anything is known, and the result."""
    task, found = seen.task, []
    if seen.packet is not None:
        data = seen.packet.model_dump(mode="json", exclude_defaults=True)
        part = new_data_part(data, media_type="application/json")
        found.append(new_artifact([part], "packet", NOTICE, artifact_id=f"{task.id}-packet"))
    if task.state == "done" and task.result:
        result = new_text_artifact("result", task.result, artifact_id=f"{task.id}-result")
        found.append(result)
    return found


def updates(
    before: Seen, after: Seen
) -> list[types.TaskArtifactUpdateEvent | types.TaskStatusUpdateEvent]:
    """What a reader who knows `before` has to be told; the end of a task comes last."""
    told: list[types.TaskArtifactUpdateEvent | types.TaskStatusUpdateEvent] = []
    task, known = after.task, {artifact.artifact_id for artifact in artifacts_of(before)}
    for artifact in artifacts_of(after):
        again = artifact.artifact_id in known
        if not again or (artifact.name == "packet" and _content(before) != _content(after)):
            told.append(
                types.TaskArtifactUpdateEvent(
                    task_id=task.id,
                    context_id=task.context_id,
                    artifact=artifact,
                    last_chunk=True,
                )
            )
    if (before.task.state, _said(before.task)) != (task.state, _said(task)):
        told.append(
            types.TaskStatusUpdateEvent(
                task_id=task.id, context_id=task.context_id, status=status_of(task)
            )
        )
    return told


def _content(seen: Seen) -> object:
    return None if seen.packet is None else seen.packet.model_dump(exclude=_PASSING)


def _said(task: Task) -> str:
    if task.claim is not None:
        return f"{task.claim.holder} works on it"
    if task.state in _OVER:
        said = f": {task.result}" if task.result and task.state == "cancelled" else ""
        return f"{task.state} by {task.closed_by}{said}"
    if task.handoff is not None:
        return f"handed over; it waits for {task.reserved_for or 'an agent'} to take it up"
    left = f"{task.left_by} left it; " if task.left_by else ""
    return f"{left}it waits for an agent to claim it"
