"""How far a task is, in the words of whoever works on it: what the next one has to know."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from orchestra.coordination.tasks.text import checked, path_of
from orchestra.shared.redaction import Redactor
from pydantic import BaseModel, ConfigDict, Field

LONGEST = 1000
"""Characters of one statement."""
_MOST = 40  # statements of one kind
_GATHERED = ("done", "decisions", "failed_approaches")

Statement = Annotated[str, Field(min_length=1, max_length=4 * LONGEST)]
Statements = Annotated[tuple[Statement, ...], Field(max_length=_MOST)]
_T = TypeVar("_T")


class Decision(BaseModel):
    """What was decided, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: Statement
    why: Annotated[str, Field(max_length=4 * LONGEST)] = ""


class Progress(BaseModel):
    """The part of a packet that a hook cannot see."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    in_progress: Annotated[str, Field(max_length=4 * LONGEST)] = ""
    next_step: Annotated[str, Field(max_length=4 * LONGEST)] = ""
    stop_condition: Annotated[
        str, Field(max_length=4 * LONGEST, description="how one knows that it is done")
    ] = ""
    done: Annotated[Statements, Field(description="added to what was done before")] = ()
    decisions: Annotated[
        tuple[Decision, ...], Field(max_length=_MOST, description="added to those before")
    ] = ()
    failed_approaches: Annotated[
        Statements, Field(description="what not to try again, and why; added to those before")
    ] = ()
    constraints: Statements = ()
    open_questions: Statements = ()
    read_first: Annotated[Statements, Field(description="paths in the repository")] = ()

    def merged(self, update: "Progress") -> "Progress":
        """This with what the update says: `done`, decisions and failures gather, the rest is replaced.

        To say the same twice is to say it once, so that an update can be sent again.
        """
        said: dict[str, Any] = {name: getattr(update, name) for name in update.model_fields_set}
        for name in _GATHERED:
            if name in said:
                said[name] = _gathered(getattr(self, name), said[name])
        return self.model_copy(update=said)


def prepared(progress: Progress, redactor: Redactor) -> Progress:
    """What was given, cleaned and without secrets.

    Raises:
        Invalid: a path of `read_first` is not one.
        TooLarge: a statement is too long.
    """

    def kept(name: str, said: str) -> str:
        return checked(said, name.replace("_", " "), LONGEST, redactor)

    given: dict[str, Any] = {}
    for name in progress.model_fields_set:
        value = getattr(progress, name)
        if isinstance(value, str):
            given[name] = kept(name, value)
        elif name == "decisions":
            given[name] = [
                Decision(what=kept("decision", one.what) or "-", why=kept("reason", one.why))
                for one in progress.decisions
            ]
        elif name == "read_first":
            given[name] = dict.fromkeys(path_of(path, redactor) for path in progress.read_first)
        else:
            given[name] = filter(None, dict.fromkeys(kept(name, said) for said in value))
    return Progress(**{n: v if isinstance(v, str) else tuple(v) for n, v in given.items()})


def _gathered(before: Sequence[_T], said: Sequence[_T]) -> tuple[_T, ...]:
    """All of both, each once, the newest last; the oldest go when there are too many."""
    return (*(one for one in before if one not in said), *said)[-_MOST:]
