"""Open hand-offs in a pack: those that speak of what the task speaks of."""

from collections.abc import Sequence
from typing import Protocol

from orchestra.context.index.tokens import count_tokens
from orchestra.context.index.words import query_words
from orchestra.context.packs.item import Item
from orchestra.context.packs.wording import one_line
from orchestra.shared.identity import Caller

_MOST = 3
_LOOKED_AT = 50
_LEAST = 2  # words of the task that a hand-off has to share


class Offer(Protocol):
    """What is needed of a hand-off that waits."""

    @property
    def id(self) -> str:
        """Its id, or that of a task that was left behind."""

    @property
    def title(self) -> str:
        """One line."""

    @property
    def sender(self) -> str:
        """Who handed it over."""

    @property
    def goal(self) -> str:
        """One line."""

    @property
    def next_step(self) -> str:
        """One line."""


class Offers(Protocol):
    """Whoever keeps the hand-offs."""

    async def waiting(self, caller: Caller, limit: int = 20) -> Sequence[Offer]:
        """What waits for the caller."""


async def write_handoffs(offers: Offers, task: str, caller: Caller, budget: int) -> list[Item]:
    """The hand-offs that fit the task best, each on a line that its texts cannot leave."""
    wanted = set(query_words(task))
    ranked = [
        (len(wanted & set(query_words(f"{one.title} {one.goal} {one.next_step}"))), one)
        for one in await offers.waiting(caller, _LOOKED_AT)
    ]
    ranked.sort(key=lambda pair: -pair[0])
    items: list[Item] = []
    for shared, one in ranked[:_MOST]:
        said = one_line(f"{one.title}; goal: {one.goal}; next: {one.next_step}", 300)
        text = f"- {one.id} from {one_line(one.sender, 64)}: {said}"
        tokens = count_tokens(text) + 1
        if shared < _LEAST or tokens > budget:
            break
        budget -= tokens
        why = ("it speaks of what the task speaks of",)
        items.append(Item("handoff", text, tokens, None, (), why, "untrusted"))
    return items
