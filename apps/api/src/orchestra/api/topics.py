"""The `topics` parameter: which parts of the context a reader wants."""

from typing import Annotated

from fastapi import Query
from orchestra.api.state import State
from orchestra.context import TOPICS
from orchestra.context.log import Topics
from orchestra.shared.errors import Invalid
from orchestra.shared.identity import Caller

TopicsParameter = Annotated[
    str | None,
    Query(max_length=400, description=f"comma-separated; all when absent: {', '.join(TOPICS)}"),
]
FollowedTopics = Annotated[
    str | None,
    Query(
        max_length=400,
        description="comma-separated; when absent those of the agent's `context_sources`, or all:"
        f" {', '.join(TOPICS)}",
    ),
]


async def followed(parameter: str | None, caller: Caller, state: State) -> Topics | None:
    """The topics that the caller is told of: those it names, or those of its spec; None means all.

    Raises:
        Invalid: it names one that does not exist.
    """
    if parameter is not None or caller.kind != "agent":
        return topics_of(parameter)
    spec = await state.governance.specs.spec_of(caller.name)
    return frozenset(spec.topics) if spec is not None and spec.topics else None


def topics_of(parameter: str | None) -> Topics | None:
    """The topics that the parameter names; None means all.

    Raises:
        Invalid: it names one that does not exist.
    """
    if parameter is None:
        return None
    names = frozenset(filter(None, (name.strip() for name in parameter.split(","))))
    unknown = sorted(names - set(TOPICS))
    if unknown or not names:
        said = f"`{unknown[0][:60]}` is not a topic" if unknown else "`topics` names none"
        raise Invalid(said, hint=f"the topics are {', '.join(TOPICS)}")
    return None if names == set(TOPICS) else names
