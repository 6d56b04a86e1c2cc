"""Which language a file is in, and what its grammar calls definitions and imports."""

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tree_sitter import Language as Grammar


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A programming language, in the words of its grammar.

    `definitions` maps a node type to the kind of symbol that it defines; `inside` are the types
    that may hold further definitions without being one; `imports` the types that name other files.
    """

    name: str
    module: str
    definitions: Mapping[str, str]
    inside: frozenset[str]
    imports: frozenset[str] = frozenset()
    function: str = "language"
    values: frozenset[str] = field(default_factory=frozenset)
    """Node types of `name = value` whose name is a symbol when it stands at the top of a file."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_JS_DEFINITIONS = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "method_definition": "method",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "module",
    "module": "module",
    "function_signature": "function",
    "public_field_definition": "field",
    "field_definition": "field",
}
_JS_INSIDE = _set(
    "program export_statement class_body statement_block lexical_declaration variable_declaration"
    " ambient_declaration expression_statement object arguments call_expression pair"
    " variable_declarator arrow_function function_expression return_statement if_statement"
)
_JS_IMPORTS = _set("import_statement export_statement")
_JS_VALUES = _set("variable_declarator")
_C_DEFINITIONS = {
    "function_definition": "function",
    "struct_specifier": "struct",
    "class_specifier": "class",
    "enum_specifier": "enum",
    "union_specifier": "union",
    "type_definition": "type",
    "namespace_definition": "module",
    "preproc_function_def": "macro",
}
_C_INSIDE = _set(
    "translation_unit declaration_list field_declaration_list linkage_specification preproc_ifdef"
    " preproc_if preproc_else template_declaration declaration"
)

_PYTHON = Language(
    "python",
    "tree_sitter_python",
    {"function_definition": "function", "class_definition": "class"},
    _set(
        "module block decorated_definition if_statement else_clause try_statement with_statement"
        " expression_statement"
    ),
    _set("import_statement import_from_statement"),
    values=_set("assignment"),
)
_JAVASCRIPT = Language(
    "javascript",
    "tree_sitter_javascript",
    _JS_DEFINITIONS,
    _JS_INSIDE,
    _JS_IMPORTS,
    values=_JS_VALUES,
)
_TYPESCRIPT, _TSX = (
    Language(
        name,
        "tree_sitter_typescript",
        _JS_DEFINITIONS,
        _JS_INSIDE,
        _JS_IMPORTS,
        function=f"language_{name}",
        values=_JS_VALUES,
    )
    for name in ("typescript", "tsx")
)
_GO = Language(
    "go",
    "tree_sitter_go",
    {
        "function_declaration": "function",
        "method_declaration": "method",
        "type_spec": "type",
        "type_alias": "type",
    },
    _set(
        "source_file type_declaration const_declaration var_declaration var_spec_list"
        " import_declaration import_spec_list"
    ),
    _set("import_spec"),
    values=_set("const_spec var_spec"),
)
_RUST = Language(
    "rust",
    "tree_sitter_rust",
    {
        "function_item": "function",
        "function_signature_item": "function",
        "struct_item": "struct",
        "enum_item": "enum",
        "union_item": "union",
        "trait_item": "trait",
        "impl_item": "impl",
        "mod_item": "module",
        "type_item": "type",
        "macro_definition": "macro",
        "const_item": "constant",
        "static_item": "constant",
    },
    _set("source_file declaration_list"),
    _set("use_declaration"),
)
_JAVA = Language(
    "java",
    "tree_sitter_java",
    {
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "record_declaration": "class",
        "method_declaration": "method",
        "constructor_declaration": "method",
    },
    _set("program class_body interface_body enum_body enum_body_declarations"),
    _set("import_declaration"),
)
_CSHARP = Language(
    "csharp",
    "tree_sitter_c_sharp",
    {
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "struct_declaration": "struct",
        "record_declaration": "class",
        "method_declaration": "method",
        "constructor_declaration": "method",
        "property_declaration": "field",
        "namespace_declaration": "module",
    },
    _set("compilation_unit declaration_list file_scoped_namespace_declaration"),
    _set("using_directive"),
)
_C = Language("c", "tree_sitter_c", _C_DEFINITIONS, _C_INSIDE, _set("preproc_include"))
_CPP = Language("cpp", "tree_sitter_cpp", _C_DEFINITIONS, _C_INSIDE, _set("preproc_include"))
_RUBY = Language(
    "ruby",
    "tree_sitter_ruby",
    {"method": "method", "singleton_method": "method", "class": "class", "module": "module"},
    _set("program body_statement"),
)
_PHP = Language(
    "php",
    "tree_sitter_php",
    {
        "function_definition": "function",
        "method_declaration": "method",
        "class_declaration": "class",
        "interface_declaration": "interface",
        "trait_declaration": "trait",
        "enum_declaration": "enum",
    },
    _set("program declaration_list namespace_definition compound_statement"),
    _set("namespace_use_declaration"),
    function="language_php",
)
_BASH = Language(
    "bash", "tree_sitter_bash", {"function_definition": "function"}, _set("program if_statement")
)
_HCL = Language("hcl", "tree_sitter_hcl", {"block": "block"}, _set("config_file body"))

_BY_SUFFIX: dict[str, Language] = {
    suffix: language
    for language, suffixes in (
        (_PYTHON, ".py .pyi"),
        (_JAVASCRIPT, ".js .jsx .mjs .cjs"),
        (_TYPESCRIPT, ".ts .mts .cts"),
        (_TSX, ".tsx"),
        (_GO, ".go"),
        (_RUST, ".rs"),
        (_JAVA, ".java"),
        (_CSHARP, ".cs"),
        (_C, ".c .h"),
        (_CPP, ".cc .cpp .cxx .hpp .hh"),
        (_RUBY, ".rb"),
        (_PHP, ".php"),
        (_BASH, ".sh .bash"),
        (_HCL, ".tf .hcl"),
    )
    for suffix in suffixes.split()
}
_OTHER_CODE = _set(
    ".kt .kts .swift .scala .m .mm .lua .pl .pm .r .jl .ex .exs .erl .hs .ml .fs .clj .dart .zig"
    " .nim .vue .svelte .sql .proto .graphql .prisma .nu .ps1 .groovy .sol .astro .css .scss .less"
    " .html .templ"
)
_DOCS = _set(".md .mdx .rst .txt .adoc .org")


def language_of(path: str) -> Language | None:
    """The language whose grammar we have, by the file's name."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower())


def is_code(path: str) -> bool:
    """Whether the file holds a program, in any language that we know by name."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in _BY_SUFFIX or suffix in _OTHER_CODE


def is_documentation(path: str) -> bool:
    """Whether the file is text for people."""
    return PurePosixPath(path).suffix.lower() in _DOCS


@functools.cache
def grammar(language: Language) -> Grammar:
    """The loaded grammar, which its wheel carries as a native library."""
    module = importlib.import_module(language.module)
    return Grammar(getattr(module, language.function)())
