"""How many tokens a request has, where no provider counts them: an estimate, rather too high."""

from orchestra.gateway.wire.fields import decoded

_CHARACTERS = 3.3  # for a token of English or code, as Claude's tokenizers cut it
_ATTACHED = 1600  # tokens of an image; a document is not opened
_AROUND = 1  # token of structure around each text


def count_tokens(body: bytes) -> int:
    """The input tokens of a request for messages, about.

    Raises:
        Invalid: it is no JSON object.
    """
    asked = decoded(body)
    total, left = 0.0, [asked.get(name) for name in ("system", "messages", "tools")]
    while left:
        value = left.pop()
        if isinstance(value, str):
            total += _tokens(value)
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            total += sum(_tokens(name) for name in value)
            total += _ATTACHED if "source" in value else 0
            left += [one for name, one in value.items() if name != "source"]
    return max(1, round(total))


def _tokens(text: str) -> float:
    """A character of three bytes, as Chinese has them, is a token of its own."""
    wide = 0 if text.isascii() else (len(text.encode(errors="replace")) - len(text)) / 2
    return _AROUND + (len(text) - wide) / _CHARACTERS + wide
