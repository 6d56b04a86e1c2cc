"""Takes the secrets out of a pack, whatever file, message or name they stand in."""

import os
from collections.abc import Callable
from dataclasses import replace

from orchestra.context.git.names import show_path
from orchestra.context.index.tokens import count_tokens
from orchestra.context.packs.item import Item, Pack

Redact = Callable[[str], str]


def redacted(item: Item, redact: Redact) -> Item:
    """The item without secrets, counted anew where that has changed it."""
    text = redact(item.text)
    path = None if item.path is None else redacted_path(item.path, redact)
    why = tuple(redact(reason) for reason in item.why)
    if (text, path, why) == (item.text, item.path, item.why):
        return item
    return replace(item, text=text, tokens=count_tokens(text) + 1, path=path, why=why)


def redacted_names(pack: Pack, redact: Redact) -> Pack:
    """The pack with its task and its list of files without secrets."""
    files = tuple(redacted_path(path, redact) for path in pack.files)
    return replace(pack, task=redact(pack.task), files=files)


def redacted_path(path: str, redact: Redact) -> str:
    """A path as the context shows it, bytes that are no text escaped, without secrets."""
    return redact(show_path(os.fsencode(path)))
