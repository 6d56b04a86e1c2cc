"""A symbol's definitions and uses are found by the grammar, and resolved by name and imports."""

import keyword
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.context.index.languages import language_of
from orchestra.context.index.occurrences import occurrences
from orchestra.context.index.references import Finder, files_holding, read_symbol
from orchestra.context.index.testing import TextSource, corpus_of
from orchestra.shared.errors import Invalid

pytestmark = pytest.mark.requirement("ctx.index")


def uses(path: str, text: str, name: str = "ring") -> list[tuple[int, str]]:
    found = occurrences(text.encode(), language_of(path), name)
    return [(one.line, one.use) for one in found]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.py",
            "from bell import ring\n@ring\ndef ring(): ...\n# ring\nx = 'ring'\nb.ring(ring_2)\ny = b.ring\n",
            [(1, "import"), (2, "use"), (3, "definition"), (6, "call"), (7, "use")],
        ),
        (
            "a.ts",
            "import { ring } from './bell';\nexport const ring = () => 1;\nthis.ring();\nnew ring();\n// ring\n",
            [(1, "import"), (2, "definition"), (3, "call"), (4, "call")],
        ),
        (
            "a.go",
            "package a\nfunc (b *Bell) ring() { }\nfunc x() {\n b.ring()\n ring := 1\n}\n",
            [(2, "definition"), (4, "call"), (5, "use")],
        ),
        (
            "a.rs",
            "use bell::ring;\nfn ring() {}\nfn x() {\n bell::ring();\n ring!(1);\n}\n",
            [(1, "import"), (2, "definition"), (4, "call"), (5, "call")],
        ),
        (
            "A.java",
            "import bell.ring;\nclass A {\n void ring() {}\n void x() { this.ring(); }\n}\n",
            [(1, "import"), (3, "definition"), (4, "call")],
        ),
        ("a.c", "int *ring(int a) {\n return ring(2);\n}\n", [(1, "definition"), (2, "call")]),
        ("a.rb", "def ring\n bell.ring\nend\n", [(1, "definition"), (2, "call")]),
        ("a.php", "<?php\nfunction ring() {}\n$b->ring();\n", [(2, "definition"), (3, "call")]),
        ("a.sh", "ring() { :; }\nring loud\n", [(1, "definition"), (2, "call")]),
        ("a.md", "ring, and ring_2\n\nthe ring\n", [(1, "mention"), (3, "mention")]),
    ],
)
def test_a_name_is_told_apart_from_texts_and_comments_in_each_language(
    path: str, text: str, expected: list[tuple[int, str]]
) -> None:
    assert uses(path, text) == expected


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.ts", "a.go", "a.rs", "a.c", "a.md"]))
@settings(max_examples=60, deadline=None)
def test_a_broken_file_gives_lines_that_hold_the_name_or_nothing(content: bytes, path: str) -> None:
    content += b"\nring ring(ring)\n" + content
    lines = content.split(b"\n")
    for one in occurrences(content, language_of(path), "ring"):
        assert b"ring" in lines[one.line - 1]


_NAMES = st.from_regex(r"[^\W\d]\w{0,12}", fullmatch=True).filter(
    lambda name: name.isidentifier() and not keyword.iskeyword(name)
)


@given(st.lists(_NAMES, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_file_that_holds_a_name_is_always_among_those_looked_at(names: list[str]) -> None:
    corpus = corpus_of({f"f{n}.py": f"a = {name}(1)\n" for n, name in enumerate(names)})
    for number, name in enumerate(names):
        assert corpus.view.numbers[f"f{number}.py"] in files_holding(corpus, name)


def test_what_is_no_symbol_is_refused_and_what_is_one_is_read() -> None:
    assert read_symbol(" Door.open() ") == ["Door", "open"]
    assert read_symbol("a::b") == ["a", "b"]
    assert read_symbol("valid?") == ["valid?"]
    for text in ("", "two words", "a..b", "9a", "a(b)", "x" * 201, "a\nb", "*"):
        with pytest.raises(Invalid, match="not the name of a symbol"):
            read_symbol(text)


TEXTS = {
    "src/bell.py": "class Bell:\n    def ring(self):\n        return 1\n\n\ndef loud():\n    Bell().ring()\n",
    "src/door.py": "from src.bell import Bell\n\n\ndef knock(bell):\n    bell.ring()\n",
    "src/phone.py": "class Phone:\n    def ring(self): ...\n",
    "src/stranger.py": "def call(x):\n    x.ring()\n",
    "docs/bell.md": "Bells ring.\n",
}


@pytest.fixture
async def finder() -> AsyncIterator[Finder]:
    finder = Finder(TextSource(TEXTS))
    yield finder
    await finder.close()


async def test_uses_are_resolved_by_their_file_by_imports_and_else_by_name(finder: Finder) -> None:
    found = await finder.find(corpus_of(TEXTS), "Bell.ring")
    assert [(p.path, p.line, p.use, p.resolved, p.inside) for p in found.places] == [
        ("src/bell.py", 2, "definition", "definition", "Bell.ring"),
        ("src/bell.py", 7, "call", "file", "loud"),
        ("src/door.py", 5, "call", "import", "knock"),
        ("docs/bell.md", 1, "mention", "name", ""),
        ("src/phone.py", 2, "definition", "name", "Phone.ring"),
        ("src/stranger.py", 2, "call", "name", "call"),
    ]


async def test_a_name_alone_has_all_its_definitions_and_paths_can_be_chosen(
    finder: Finder,
) -> None:
    corpus = corpus_of(TEXTS)
    found = await finder.find(corpus, "ring", under="src/")
    defined = [p.inside for p in found.places if p.resolved == "definition"]
    assert defined == ["Bell.ring", "Phone.ring"]
    assert all(p.path.startswith("src/") for p in found.places)
    assert (await finder.find(corpus, "nowhere")).places == ()


async def test_a_file_that_crashes_the_process_costs_only_its_own_uses() -> None:
    texts = {f"{n}.py": "def ring(): ...\n" for n in range(3)}
    texts["1.py"] = "def ring(): 'this-crashes-the-grammar'\n"
    finder = Finder(TextSource(texts), "orchestra.context.testing.crashing_usages")
    try:
        for _ in range(2):
            found = await finder.find(corpus_of(texts), "ring")
            assert [(p.path, p.use) for p in found.places if p.path != "1.py"] == [
                *(("0.py", "definition"), ("2.py", "definition")),
            ]
    finally:
        await finder.close()
