"""Finds where a file uses a name exactly as it is written, and as what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestra.context.index.languages import Language, grammar
from orchestra.context.index.outline import named_node, outline
from tree_sitter import Node, Parser

Use = Literal["definition", "import", "call", "use", "mention"]
"""A `mention` is the word in a file that no grammar reads."""

MOST = 500
"""Occurrences of one file; those after them are not looked at."""

_WORD = rb"\w$\x80-\xff"
_PROSE = ("comment", "string", "text", "char", "heredoc", "template_chars", "regex")
_CALLS = ("call", "invocation", "command", "macro_", "new_expression", "object_creation")
_CALLEE = ("function", "name", "method", "macro", "constructor", "type")
_TAIL = ("attribute", "property", "field", "name")
_HIGHEST = 12  # nodes that are looked at above a name


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A line, counted from 1, and what the name is there."""

    line: int
    use: Use


def occurrences(content: bytes, language: Language | None, name: str) -> list[Occurrence]:
    """Each line that uses the name with what it uses it as; comments and texts do not count."""
    word = name.encode("utf-8", "replace")
    if language is None:
        places = re.finditer(rb"(?<![%b])%b(?![%b])" % (_WORD, re.escape(word), _WORD), content)
        lines = dict.fromkeys(content.count(b"\n", 0, place.start()) + 1 for place in places)
        return [Occurrence(line, "mention") for line in list(lines)[:MOST]]
    starts = [place.start() for place in re.finditer(re.escape(word), content)]
    if not starts:
        return []
    root = Parser(grammar(language)).parse(content).root_node
    values = {
        symbol.start - 1
        for symbol in outline(content, language).symbols
        if symbol.name.rpartition(".")[2] == name
    }
    found: dict[tuple[int, Use], None] = {}
    for start in starts:
        node = root.named_descendant_for_byte_range(start, start + len(word))
        if node is not None and _is_name(node, start, start + len(word)):
            found[node.start_point.row + 1, _use(node, language, values)] = None
        if len(found) >= MOST:
            break
    return [Occurrence(line, use) for line, use in sorted(found)]


def _is_name(node: Node, start: int, end: int) -> bool:
    """Whether the node is this name alone, and no part of a text."""
    if (node.start_byte, node.end_byte) != (start, end) or node.named_child_count:
        return False
    return not any(part in node.type for part in _PROSE)


def _use(node: Node, language: Language, values: set[int]) -> Use:
    if _is_callee(node):
        return "call"
    for outer in _above(node):
        if outer.type in language.imports and outer.type != "export_statement":
            return "import"
        if outer.type in language.definitions:
            return "definition" if _names(outer, node) else "use"
        if outer.type in language.values and _names(outer, node):
            return "definition" if outer.start_point.row in values else "use"
    return "use"


def _is_callee(node: Node) -> bool:
    """Whether the name is what is called, perhaps at the end of a path such as `a.b.name()`."""
    for outer in _above(node):
        for field in _CALLEE:
            callee = outer.child_by_field_name(field)
            if callee is not None and callee == node and any(c in outer.type for c in _CALLS):
                return "definition" not in outer.type and "declaration" not in outer.type
        tails = (outer.child_by_field_name(field) for field in _TAIL)
        wraps = outer.end_byte - outer.start_byte == node.end_byte - node.start_byte
        if not wraps and not any(tail is not None and tail == node for tail in tails):
            return False
        node = outer
    return False


def _names(definition: Node, node: Node) -> bool:
    named = named_node(definition)
    return named is not None and named.start_byte <= node.start_byte < named.end_byte


def _above(node: Node) -> Iterator[Node]:
    outer = node.parent
    for _ in range(_HIGHEST):
        if outer is None:
            return
        yield outer
        outer = outer.parent
