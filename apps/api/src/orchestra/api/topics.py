"""The `topics` parameter: which parts of the context a reader wants."""

from typing import Annotated

from fastapi import Query
from orchestra.context import TOPICS
from orchestra.context.log import Topics
from orchestra.shared.errors import Invalid

TopicsParameter = Annotated[
    str | None,
    Query(max_length=400, description=f"comma-separated; all when absent: {', '.join(TOPICS)}"),
]


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
