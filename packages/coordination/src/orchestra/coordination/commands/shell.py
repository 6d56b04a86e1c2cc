"""Reads shell text into the commands that it would run, in whatever they are wrapped."""

import functools
import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter_bash
from orchestra.coordination.commands.word import ANY, Word
from orchestra.coordination.commands.words import text_of, word_of, words_of
from tree_sitter import Language, Node, Parser

LONGEST = 64 * 1024
"""Characters of a text that are read; a longer one counts as not understood."""
_MOST_CALLS = 2_000
_MOST_OPERATORS = 3_000  # the parser takes a time that grows with the square of their number
_OPERATOR = re.compile(r"[|(<>&$`[]")
_MOST_FOLDERS = 32
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n")

_FORKS = frozenset(
    {
        "subshell",
        "pipeline",
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
        "command_substitution",
        "process_substitution",
        "||",
        "&",
    }
)
"""Where these are, a `cd` may hold for what follows, or not."""


@dataclass(frozen=True, slots=True)
class Call:
    """A program with its arguments; `inputs` are the texts that the script itself gives it to read.

    `folders` are the folders in which it may run, relative to where the script starts; None is one
    that is not known.
    """

    argv: tuple[Word, ...]
    inputs: tuple[str, ...] = ()
    folders: tuple[str | None, ...] = (".",)


@dataclass(slots=True)
class Script:
    """What a text would run, and what in it cannot be told."""

    calls: list[Call] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)
    """The variables that it sets, and to what."""
    unclear: list[str] = field(default_factory=list)


def read(text: str) -> Script:
    """The commands of a shell text. Never raises: what is not understood is said to be so."""
    script = Script()
    if len(text) > LONGEST:
        script.unclear.append(f"the command has more than {LONGEST:,} characters")
        text = text[:LONGEST]
    operators = itertools.islice(_OPERATOR.finditer(text), _MOST_OPERATORS, None)
    if (beyond := next(operators, None)) is not None:
        script.unclear.append(f"the command has more than {_MOST_OPERATORS:,} operators")
        text = text[: beyond.start()]
    for variant in _variants(text):
        _read(variant, script)
    return script


def _variants(text: str) -> list[str]:
    """The text as different shells and the grammar take it: with its lines continued, and not."""
    plain = text.replace("\0", "")
    return list(dict.fromkeys([plain, _CONTINUED.sub(r"\1", plain)]))


def _read(text: str, script: Script) -> None:
    root = _parser().parse(text.encode(errors="replace")).root_node
    if root.has_error:
        script.unclear.append("the command is not understood as a whole")
    nodes = list(_nodes(root))
    values = _assigned(nodes)
    script.settings += [(name, value) for name, value in values.items() if value is not None]
    folders: tuple[str | None, ...] = (".",)
    forks = any(node.type in _FORKS for node in nodes)
    for node in nodes:
        if node.type != "command":
            continue
        if len(script.calls) >= _MOST_CALLS:
            script.unclear.append(f"the command has more than {_MOST_CALLS:,} parts")
            return
        argv = [word for child in _words(node) for word in words_of(child, values)]
        if argv:
            script.calls.append(Call(tuple(argv), tuple(_inputs(node, values)), folders))
            if argv[0].may_be("cd") or argv[0].may_be("pushd"):
                folders = _after_cd(folders, argv, alone=not forks and _followed_by_and(node))


def _nodes(root: Node) -> Iterator[Node]:
    """Every node, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _words(command: Node) -> list[Node]:
    return [
        child
        for name, child in (
            (command.field_name_for_child(i), c) for i, c in enumerate(command.children)
        )
        if name in ("name", "argument")
    ]


def _assigned(nodes: list[Node]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for node in nodes:
        if node.type == "variable_assignment":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is None:
                continue
            plain = value is not None and any(child.type == "=" for child in node.children)
            known = word_of(value, values).text if value is not None and plain else None
            key = text_of(name)
            values[key] = None if key in values or known is None or ANY in known else known
        elif node.type == "for_statement" and (name := node.child_by_field_name("variable")):
            values[text_of(name)] = None
    return values


def _inputs(command: Node, values: dict[str, str | None]) -> Iterator[str]:
    """Here-documents and here-strings, which a shell would run."""
    around = [command, *([command.parent] if command.parent else [])]
    for node in around:
        if node is not command and node.type != "redirected_statement":
            continue
        for child in node.children:
            if child.type == "heredoc_redirect":
                yield from (text_of(b) for b in child.children if b.type == "heredoc_body")
            elif child.type == "herestring_redirect" and child.named_children:
                yield word_of(child.named_children[-1], values).text


def _followed_by_and(command: Node) -> bool:
    after = command.next_sibling
    return after is not None and after.type == "&&"


def _after_cd(
    folders: tuple[str | None, ...], argv: list[Word], *, alone: bool
) -> tuple[str | None, ...]:
    """Where what follows runs: there alone, or there or where it was."""
    targets = [word for word in argv[1:] if not word.text.startswith("-") or word.text == "-"]
    target = targets[0] if targets else Word("~")
    known = target.known and target.text != "-"
    there = tuple(
        posixpath.normpath(posixpath.join(folder, target.text))
        if known and folder is not None
        else None
        for folder in folders
    )
    return tuple(dict.fromkeys(there if alone else (*folders, *there)))[:_MOST_FOLDERS]


@functools.cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))
