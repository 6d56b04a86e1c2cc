"""Says what of a chunk is embedded, and what its vector is known by."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from orchestra.context.index.outline import Symbol
from orchestra.context.index.parsed import ParsedFile

if TYPE_CHECKING:
    from orchestra.context.index.view import View

Keys = NDArray[np.int64]
Read = Callable[[Sequence[str]], Mapping[str, str]]
"""Tells the texts of files by their paths; one that cannot be read is left out."""

_FORM = b"1"
"""Part of every key: change it when the same chunk is to be embedded as another text."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_TASK_WORDS = 100
_LONGEST = 2_000  # characters; models read some hundred words


def passage(path: str, symbols: Sequence[Symbol], start: int, end: int, text: str) -> str:
    """What is embedded of lines `start` to `end`: words of the path, of what is defined, of `text`.

    Punctuation and repeated words are left out: small models were trained on prose, read some
    hundred tokens, and take a token for each bracket.
    """
    inside = [s.name for s in symbols if start <= s.start <= end]
    around = [s.name for s in symbols if s.start <= start and s.end >= end]
    named = ", ".join(" ".join(_words(name)) for name in (inside[:8] or around[-1:]))
    said = " ".join(dict.fromkeys(word for word in _words(text) if len(word) > 1))
    return f"{' '.join(_words(path))}: {named}. {said}"[:_LONGEST]


def passages_of(
    view: "View", chunks: NDArray[np.int64], read: Read, clean: Callable[[str], str] = str
) -> list[str]:
    """What is embedded of some chunks; nothing of a file that cannot be read.

    `clean` takes out of each text what may not reach an embedder.
    """
    of = view.chunk_files[chunks].tolist()
    texts = read(sorted({view.files[file][0] for file in of}))
    lines = {path: text.split("\n") for path, text in texts.items()}
    found = []
    for file, place in zip(of, (chunks - view.first_chunks[of]).tolist(), strict=True):
        path, parsed = view.files[file]
        start, end = int(parsed.starts[place]), int(parsed.ends[place])
        text = "\n".join(lines.get(path, ())[start - 1 : end])
        found.append(
            passage(clean(path), parsed.symbols, start, end, clean(text)) if text.strip() else ""
        )
    return found


def task_passage(task: str) -> str:
    """What is embedded of a task: its first words."""
    return " ".join(task.split()[:_TASK_WORDS])[:_LONGEST]


def chunk_keys(path: str, file: ParsedFile) -> Keys:
    """A key for each chunk of a file.

    It goes by the path and the chunk's words, not by its place: an edit elsewhere in the file
    leaves the vector as it is.
    """
    start = blake2b(_FORM + path.encode("utf-8", "surrogateescape") + b"\0", digest_size=8)
    keys = np.zeros(file.chunks, np.int64)
    fields = (file.body, file.names)
    for place in range(file.chunks):
        digest = start.copy()
        for field in fields:
            some = slice(int(field.starts[place]), int(field.starts[place + 1]))
            digest.update(field.words[some].tobytes())
            digest.update(field.counts[some].tobytes() + b"\0")
        keys[place] = int.from_bytes(digest.digest(), "little", signed=True)
    return keys


def _words(text: str) -> list[str]:
    return [word.lower() for word in _PART.findall(text)]
