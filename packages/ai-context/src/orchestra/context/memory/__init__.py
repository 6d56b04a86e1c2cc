"""Notes that outlive a session: written by people and agents, found again by whoever needs them."""

from orchestra.context.memory.draft import Change, Draft
from orchestra.context.memory.embedding import Embedder
from orchestra.context.memory.fence import NOTICE, fenced
from orchestra.context.memory.filter import Filter
from orchestra.context.memory.head import head_of
from orchestra.context.memory.limits import Limits
from orchestra.context.memory.memory import Memory
from orchestra.context.memory.note import KINDS, STATES, Added, Hit, Kind, Note, Page, State, Trust

__all__ = [
    "KINDS",
    "NOTICE",
    "STATES",
    "Added",
    "Change",
    "Draft",
    "Embedder",
    "Filter",
    "Hit",
    "Kind",
    "Limits",
    "Memory",
    "Note",
    "Page",
    "State",
    "Trust",
    "fenced",
    "head_of",
]
