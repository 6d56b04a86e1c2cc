"""Reads many files' contents: a few here, many in processes beside this one."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from orchestra.context.index.languages import language_of
from orchestra.context.index.parsed import ParsedFile, parse

_FEW = 200  # files; so many take less than starting a process
_AT_ONCE = 64

Work = tuple[str, str, bytes]
"""A key, a path and a content."""


def parse_all(work: Iterable[Work], count: int) -> Iterator[tuple[str, ParsedFile]]:
    """Each key with what was read of its content, in any order."""
    if count < _FEW:
        yield from map(parse_one, work)
        return
    processes = min(8, os.cpu_count() or 2)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_be_kind) as pool:
        waiting = []
        for batch in _batches(work):
            waiting.append(pool.submit(_parse_batch, batch))
            if len(waiting) > 4 * processes:  # so that not all contents are in memory at once
                yield from waiting.pop(0).result()
        for done in waiting:
            yield from done.result()


def parse_one(work: Work) -> tuple[str, ParsedFile]:
    """Read one content."""
    key, path, content = work
    return key, parse(content, language_of(path))


def _parse_batch(batch: list[Work]) -> list[tuple[str, ParsedFile]]:
    return [parse_one(work) for work in batch]


def _batches(work: Iterable[Work]) -> Iterator[list[Work]]:
    batch: list[Work] = []
    for one in work:
        batch.append(one)
        if len(batch) >= _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _be_kind() -> None:
    os.nice(10)  # serving goes first


Progress = Callable[[int, int], None]
"""Told how many of how many are done."""
