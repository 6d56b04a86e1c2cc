"""Counts the tokens of a text as models do, without asking anybody."""

import functools
from collections.abc import Callable


@functools.cache
def _encode() -> Callable[[str], list[int]]:
    """The encoder, which takes most of a second to load: only whoever counts pays for it."""
    import bpe_openai

    encode: Callable[[str], list[int]]
    encode = bpe_openai.get_encoding("cl100k_base").encode_ordinary
    return encode


def count_tokens(text: str) -> int:
    """The length of a text in tokens of `cl100k_base`; other vocabularies differ by some percent."""
    return len(_encode()(text))
