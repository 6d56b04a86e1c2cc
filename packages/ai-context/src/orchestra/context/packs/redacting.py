"""Takes the secrets out of a pack, whatever file, message or name they stand in."""

from collections.abc import Callable
from dataclasses import replace

from orchestra.context.index.tokens import count_tokens
from orchestra.context.packs.item import Item, Pack

Redact = Callable[[str], str]


def redacted(item: Item, redact: Redact) -> Item:
    """The item without secrets, counted anew where that has changed it."""
    text = redact(item.text)
    path = None if item.path is None else redact(item.path)
    why = tuple(redact(reason) for reason in item.why)
    if (text, path, why) == (item.text, item.path, item.why):
        return item
    return replace(item, text=text, tokens=count_tokens(text) + 1, path=path, why=why)


def redacted_names(pack: Pack, redact: Redact) -> Pack:
    """The pack with its task and its list of files without secrets."""
    files = tuple(redact(path) for path in pack.files)
    return replace(pack, task=redact(pack.task), files=files)
