"""Puts a pack together: ranks, chooses, writes, and keeps to the budget."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from orchestra.context.index.corpus import Corpus
from orchestra.context.index.ranking import Ranking, rank
from orchestra.context.index.roles import Role, role_of
from orchestra.context.index.signals import Query
from orchestra.context.index.tokens import count_tokens
from orchestra.context.packs.excerpts import by_worth, choose, outlined, write_code, write_outlines
from orchestra.context.packs.item import Item, Pack
from orchestra.context.packs.sections import in_order, render
from orchestra.context.packs.surroundings import (
    convention_paths,
    write_commits,
    write_conventions,
    write_tests,
)
from orchestra.context.packs.wording import fenced, visible
from orchestra.shared.errors import Invalid

LEAST, MOST = 500, 200_000
"""The budgets that are served, in tokens."""
LONGEST_TASK = 20_000
"""Characters of a task that are read."""

_SURROUNDINGS = 0.05  # of the budget: conventions; tests and commits get 0.02 each
_OUTLINES = 0.14
_TITLES = 60  # tokens of all titles
_MARGIN = 100  # tokens: a second filling may miss by so many, or it would lose outlines again
_LITTLE = 100  # tokens that are not worth a second filling
_LONGEST_SHOWN_TASK = 2_000  # characters


class Source(Protocol):
    """Where the texts of files are read."""

    def read(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The texts of some files; one that cannot be read is left out."""


class _Once:
    """Reads each file once, however often it is asked for: a pack is filled twice."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: set[str] = set()
        self._texts: dict[str, str] = {}

    def read(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The texts of some files."""
        unknown = [path for path in paths if path not in self._asked]
        self._asked.update(unknown)
        self._texts |= self._source.read(unknown)
        return {path: self._texts[path] for path in paths if path in self._texts}


def pack(
    corpus: Corpus,
    source: Source,
    task: str,
    budget: int,
    *,
    extras: Sequence[Item] = (),
    revision: str | None = None,
    notes: Sequence[str] = (),
    finish: Callable[[Item], Item] = lambda item: item,
    ranking: Ranking | None = None,
) -> Pack:
    """The context for a task within `budget` tokens; the same input gives the same pack.

    `ranking` is the task's, if somebody made it already. `extras` are memories, hand-offs and the live state, whoever knows them. `finish` is what every
    item goes through before it is counted: where secrets are taken out.

    Raises:
        Invalid: the task is empty or too long, or the budget is not one that is served.
    """
    query = check_task(task, budget)
    source = _Once(source)
    ranking = ranking or rank(corpus, query)
    ranking = Ranking(ranking.files, tuple(ranking.chunks))
    worth = by_worth(ranking)
    fixed = [_task(query), *extras]
    left = budget - _TITLES - sum(item.tokens for item in fixed)
    likely = [c.file.path for c in choose(worth, max(left, 0))]
    beside = _beside(corpus, source, query, likely, left)
    left -= sum(item.tokens for item in beside)
    guides = {item.path for item in beside if item.kind == "convention"}
    rest, worth = _without(ranking, guides), _without(worth, guides)

    def written(room: int) -> tuple[list[Item], str, int]:
        chosen, outlines = _fill(corpus, source, rest, worth, room)
        shown = {item.path for item in chosen}
        also = [item for item in beside if item.kind != "test" or item.path not in shown]
        items = [finish(item) for item in in_order([*fixed, *also, *chosen, *outlines])]
        return _within(items, budget)

    items, text, tokens = written(left)
    unused = budget - tokens - _MARGIN
    if unused >= _LITTLE:  # what ranges that touch share, and tests that are shown, cost nothing
        items, text, tokens = written(left + unused)
    files = tuple(file.path for file in ranking.files)
    return Pack(task, budget, tokens, text, tuple(items), files, revision, tuple(notes))


def check_task(task: str, budget: int) -> Query:
    """The task as a query.

    Raises:
        Invalid: the task is empty or too long, or the budget is not one that is served.
    """
    if not task.strip():
        raise Invalid("the task is empty", hint="say in words what is to be done")
    if len(task) > LONGEST_TASK:
        raise Invalid(
            f"the task has {len(task):,} characters, the most is {LONGEST_TASK:,}",
            hint="say it shorter; the first line counts most",
        )
    if not LEAST <= budget <= MOST:
        raise Invalid(
            f"a budget of `{budget}` tokens is not served",
            hint=f"give one between {LEAST} and {MOST}",
        )
    return Query(task)


def _task(query: Query) -> Item:
    shown = fenced(visible(query.text.strip())[:_LONGEST_SHOWN_TASK])
    return Item("task", shown, count_tokens(shown) + 1, trust="untrusted")


def _beside(
    corpus: Corpus, source: Source, query: Query, likely: Sequence[str], left: int
) -> list[Item]:
    """Conventions, tests and commits for the files that are likely shown."""
    code = [path for path in likely if role_of(path) is not Role.TEST][:10]
    guides = source.read(convention_paths(corpus, code)[:20])
    return [
        *write_conventions(guides, code, int(left * _SURROUNDINGS)),
        *write_tests(corpus, code, int(left * _SURROUNDINGS * 0.4)),
        *write_commits(corpus, query, code, int(left * _SURROUNDINGS * 0.4)),
    ]


def _without(ranking: Ranking, paths: Collection[str | None]) -> Ranking:
    """The ranking without files that the pack has already."""
    return Ranking(
        tuple(file for file in ranking.files if file.path not in paths),
        tuple(chunk for chunk in ranking.chunks if chunk.path not in paths),
    )


def _fill(
    corpus: Corpus, source: Source, ranking: Ranking, worth: Ranking, left: int
) -> tuple[list[Item], list[Item]]:
    """Code, and outlines of what is not shown; what outlines leave over becomes code."""
    for_code = int(left * (1 - _OUTLINES))
    chosen = choose(worth, for_code)
    shown = {c.file.path for c in chosen}
    files = outlined(ranking, shown)
    texts = source.read([file.path for file in files])
    outlines = write_outlines(files, texts, ranking, corpus, left - for_code)
    spare = left - for_code - sum(item.tokens for item in outlines)
    if spare > 0:
        chosen = choose(worth, for_code + spare)
        shown = {c.file.path for c in chosen}
        outlines = [item for item in outlines if item.path not in shown]
    texts = source.read([c.file.path for c in chosen])
    code = [write_code(c, texts[c.file.path], corpus) for c in chosen if c.file.path in texts]
    return code, outlines


def _within(items: list[Item], budget: int) -> tuple[list[Item], str, int]:
    """The items that fit for certain: counted as a whole, the last outlines go first."""
    droppable = ("outline", "test", "commit", "code", "convention", "memory", "handoff", "state")
    while True:
        text = render(items)
        tokens = count_tokens(text)
        if tokens <= budget or len(items) == 1:
            return items, text, tokens
        kind = next(k for k in droppable if any(item.kind == k for item in items))
        last = max(number for number, item in enumerate(items) if item.kind == kind)
        items = items[:last] + items[last + 1 :]
