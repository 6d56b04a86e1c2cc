"""Finds the definitions and imports of a source file with its grammar."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestra.context.index.languages import Language, grammar
from tree_sitter import Node, Parser

_DEEPEST = 24
_MOST = 4000  # symbols of one file
_LONGEST_SIGNATURE = 160


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition: its qualified name, kind, first and last line (from 1), and its first line."""

    name: str
    kind: str
    start: int
    end: int
    signature: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file defines, in order, and what it imports, as written."""

    symbols: tuple[Symbol, ...] = ()
    imports: tuple[str, ...] = ()


def outline(content: bytes, language: Language) -> Outline:
    """The outline of a file; of a broken one, what can be told."""
    tree = Parser(grammar(language)).parse(content)
    lines = content.split(b"\n")
    finder = _Finder(language, lines)
    finder.walk(tree.root_node, "", 0)
    return Outline(tuple(finder.symbols), tuple(dict.fromkeys(finder.imports)))


class _Finder:
    def __init__(self, language: Language, lines: list[bytes]) -> None:
        self.symbols: list[Symbol] = []
        self.imports: list[str] = []
        self._language = language
        self._lines = lines

    def walk(self, node: Node, scope: str, depth: int) -> None:
        for child in node.named_children:
            self._take(child, node, scope, depth)

    def _take(self, node: Node, parent: Node, scope: str, depth: int) -> None:
        language = self._language
        kind = node.type
        if kind in language.imports:
            self.imports += _sources(node)
        if kind in language.definitions or (kind in language.values and _holds(node, depth)):
            name = _name(node)
            if name and len(self.symbols) < _MOST:
                inner = f"{scope}.{name}" if scope else name
                outer = parent if parent.type == "decorated_definition" else node
                self._add(inner, language.definitions.get(kind, "value"), outer, node)
                scope = inner
        elif kind not in language.inside:
            return
        if depth < _DEEPEST:
            for body in _bodies(node, language):
                self.walk(body, scope, depth + 1)

    def _add(self, name: str, kind: str, outer: Node, node: Node) -> None:
        start = outer.start_point.row + 1
        end = max(start, outer.end_point.row + (1 if outer.end_point.column else 0))
        line = self._lines[node.start_point.row].decode("utf-8", "replace").strip()
        self.symbols.append(Symbol(name, kind, start, end, line[:_LONGEST_SIGNATURE]))


def _bodies(node: Node, language: Language) -> Iterator[Node]:
    """The node itself if it holds definitions, or the parts of a definition that may."""
    if node.type in language.inside:
        yield node
        return
    for child in node.named_children:
        if child.type in language.inside:
            yield child


def _holds(node: Node, depth: int) -> bool:
    """Whether an assignment is worth a symbol: a function, or at the top of the file."""
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if value is not None and value.type in ("arrow_function", "function_expression", "class"):
        return True
    return depth <= 3 and value is not None


def named_node(node: Node) -> Node | None:
    """The part of a definition that holds its name, if one does."""
    if node.type == "impl_item":
        return node.child_by_field_name("type")
    named = node.child_by_field_name("name") or node.child_by_field_name("left")
    declarator = node.child_by_field_name("declarator")
    while named is None and declarator is not None:  # C hides the name in its declarator
        if declarator.type in ("identifier", "field_identifier", "qualified_identifier"):
            named = declarator
        declarator = declarator.child_by_field_name("declarator")
    return named


def _name(node: Node) -> str:
    """The name that a definition gives."""
    if node.type == "block":  # HCL: type and labels
        labels = [c for c in node.named_children if c.type in ("identifier", "string_lit")]
        return ".".join(_text(child).strip('"') for child in labels)
    name = _text(named_node(node))
    if node.type == "method_declaration" and (of := node.child_by_field_name("receiver")):
        receiver = _text(of).strip("()").split()
        if receiver:
            return f"{receiver[-1].lstrip('*').split('[')[0]}.{name}"
    return name


def _text(node: Node | None) -> str:
    if node is None or node.text is None:
        return ""
    return node.text[:120].decode("utf-8", "replace").split("\n")[0].split("<")[0]


def _sources(node: Node) -> list[str]:
    """What an import statement names."""
    source = node.child_by_field_name("source") or node.child_by_field_name("path")
    if source is not None:
        return [_text(source).strip("\"'`<>")]
    if node.type == "export_statement":
        return []
    if node.type == "import_from_statement":
        return _python_names(node)
    text = (node.text or b"")[:2000].decode("utf-8", "replace")
    for word in ("import ", "use ", "using ", "static ", "pub "):
        text = text.removeprefix(word)
    if node.type == "use_declaration":
        return _rust_paths(text.strip().rstrip(";"))
    return [part.split(" as ")[0].strip().rstrip(";") for part in text.split(",")]


def _python_names(node: Node) -> list[str]:
    module = _text(node.child_by_field_name("module_name"))
    names = [_text(n).split(" as ")[0] for n in node.children_by_field_name("name")]
    joint = "" if module.endswith(".") else "."
    return [module, *(f"{module}{joint}{name}" for name in names[:20])]


def _rust_paths(text: str) -> list[str]:
    head, brace, rest = text.partition("{")
    if not brace:
        return [text.split(" as ")[0]]
    return [head + part.strip().rstrip("}").split(" as ")[0] for part in rest.split(",")][:20]
