"""How names and texts that git hands us as bytes are shown: valid UTF-8, one line, unambiguous."""

import hashlib
import re
import unicodedata

_PLAIN = re.compile(rb"[\x20-\x5b\x5d-\x7e]{1,400}")
_ESCAPE = re.compile(r"\\(?:\\|x([0-9a-f]{2}))")
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, direction marks, lone surrogates, line breaks
_LONGEST_NAME = 400
_LONGEST_TEXT = 500


def show_path(path: bytes) -> str:
    r"""A path as text: `\` doubled, and bytes that cannot be shown written as `\xNN`.

    `read_path` is the way back, save for paths of more than 400 characters, which end in a digest.
    """
    if _PLAIN.fullmatch(path):
        return path.decode("ascii")
    shown = "".join(map(_show, path.decode("utf-8", "surrogateescape")))
    if len(shown) > _LONGEST_NAME:
        return f"{shown[: _LONGEST_NAME - 17]}…{hashlib.sha256(path).hexdigest()[:16]}"
    return shown


def read_path(shown: str) -> bytes:
    """The bytes of a path that `show_path` has written."""
    out, last = bytearray(), 0
    for match in _ESCAPE.finditer(shown):
        out += shown[last : match.start()].encode()
        out += bytes.fromhex(match[1]) if match[1] else b"\\"
        last = match.end()
    return bytes(out + shown[last:].encode())


def clean_text(text: bytes) -> str:
    """Text from outside on one line: no control characters, at most 500 characters."""
    decoded = text[: _LONGEST_TEXT * 4].decode("utf-8", "replace")
    shown = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in decoded)
    return " ".join(shown.split())[:_LONGEST_TEXT]


def _show(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
