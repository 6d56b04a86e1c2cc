"""Which notes are meant; of those, a caller gets what it may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestra.context.memory.note import Kind, State


@dataclass(frozen=True, slots=True)
class Filter:
    """Every condition holds; an empty one does not bind. `scopes` is all that is visible when None.

    A path means what speaks of it, of what is in it, or of a folder that it is in.
    """

    scopes: Sequence[str] | None = None
    kinds: Sequence[Kind] = ()
    tags: Sequence[str] = ()
    paths: Sequence[str] = ()
    states: Sequence[State] = ("current",)
