"""Nodes of the syntax tree as words: quotes taken off, what is assigned in the script filled in."""

import re
from collections.abc import Callable, Mapping

from orchestra.coordination.commands.word import ANY, ONE, Word
from tree_sitter import Node

_IN_QUOTES = re.compile(r"\\([$`\"\\\n])")
_GLOB = re.compile(r"\\(.)|(\*)|(\?)|\[[^\]\s]+\]", re.DOTALL)
_ANSI = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_LETTERS = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_QUOTED = frozenset({"string", "raw_string", "ansi_c_string", "translated_string"})

Values = Mapping[str, str | None]
"""What the script assigns to each variable; None where that is not known, or happens twice."""


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode(errors="replace")


def words_of(node: Node, values: Values) -> list[Word]:
    """The words that an argument becomes: more than one where an unquoted variable has spaces."""
    if node.type == "command_name" and len(node.children) == 1:
        node = node.children[0]
    text = _value(node, values)
    if _splits(node, values):
        return [Word(part) for part in text.split()]
    return [Word(text)]


def word_of(node: Node, values: Values) -> Word:
    """An argument as one word."""
    return Word(_value(node, values))


def _splits(node: Node, values: Values) -> bool:
    if node.type in _QUOTED:
        return False
    if node.type == "simple_expansion":
        value = _variable(node, values)
        return not value.strip() or any(c.isspace() for c in value)
    return node.type == "concatenation" and any(
        child.type == "simple_expansion" and any(c.isspace() for c in _variable(child, values))
        for child in node.children
    )


def _value(node: Node, values: Values) -> str:
    reader = _READERS.get(node.type)
    return reader(node, values) if reader else ANY


def _plain(node: Node, _values: Values) -> str:
    text = text_of(node)
    return _GLOB.sub(_glob, text) if "\\" in text or any(c in text for c in "*?[") else text


def _glob(match: "re.Match[str]") -> str:
    if match[1] is not None:
        return "" if match[1] == "\n" else match[1]
    return ANY if match[2] else ONE


def _concatenated(node: Node, values: Values) -> str:
    if any(child.type == "word" and text_of(child) == "{" for child in node.children):
        return _with_braces(node, values)
    return "".join(_value(child, values) for child in node.children)


def _with_braces(node: Node, values: Values) -> str:
    """A word in which braces may stand for several words; `{}` and `@{0}` stay as they are."""
    text = "".join(_value(child, values) for child in node.children)
    return re.sub(r"\{[^{}]*(?:,|\.\.)[^{}]*\}", ANY, text)


def _double_quoted(node: Node, values: Values) -> str:
    """The text between the quotes; what lies between the nodes belongs to it too."""
    source = node.text or b""
    begin, parts, at = node.start_byte, [], source.index(b'"') + 1
    for child in node.named_children:
        if child.type == "string_content":
            continue
        start, end = child.start_byte - begin, child.end_byte - begin
        parts += [_unquoted(source[at:start]), _value(child, values)]
        at = end
    closing = len(source) - 1 if source.endswith(b'"') else len(source)
    return "".join([*parts, _unquoted(source[at:closing])])


def _unquoted(source: bytes) -> str:
    text = source.decode(errors="replace")
    return _IN_QUOTES.sub(lambda m: "" if m[1] == "\n" else m[1], text)


def _single_quoted(node: Node, _values: Values) -> str:
    return text_of(node)[1:-1]


def _ansi(node: Node, _values: Values) -> str:
    return _ANSI.sub(_ansi_character, text_of(node)[2:-1])


def _ansi_character(match: "re.Match[str]") -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match[group]:
            code = int(match[group], base)
            return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    if match[5]:
        return chr(ord(match[5].upper()) & 0x1F)
    return _LETTERS.get(match[6], match[6])


def _variable(node: Node, values: Values) -> str:
    name = text_of(node).lstrip("$").strip("{}")
    known = values.get(name)
    return ANY if known is None else known


def _first(node: Node, values: Values) -> str:
    return "".join(_value(child, values) for child in node.children)


def _expansion(node: Node, values: Values) -> str:
    simple = len(node.named_children) == 1 and node.named_children[0].type == "variable_name"
    return _variable(node, values) if simple and len(node.children) == 3 else ANY


_READERS: dict[str, Callable[[Node, Values], str]] = {
    "word": _plain,
    "number": _plain,
    "extglob_pattern": lambda _node, _values: ANY,
    "concatenation": _concatenated,
    "string": _double_quoted,
    "raw_string": _single_quoted,
    "ansi_c_string": _ansi,
    "translated_string": lambda node, values: _value(node.children[-1], values),
    "simple_expansion": _variable,
    "expansion": _expansion,
    "command_name": _first,
    "=": _plain,
}
