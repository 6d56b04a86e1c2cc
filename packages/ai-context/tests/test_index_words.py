"""Text and code are cut into words, files into chunks, and found again by BM25."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.context.index.chunks import cut
from orchestra.context.index.inverted import Field, Inverted
from orchestra.context.index.languages import language_of
from orchestra.context.index.outline import outline
from orchestra.context.index.parsed import ParsedFile, Postings, parse
from orchestra.context.index.words import identifiers, number_text, numbers, query_words, words

pytestmark = pytest.mark.requirement("ctx.index")


def test_identifiers_are_found_whole_and_in_parts() -> None:
    assert list(words("getHTTPResponse retry_after x2")) == [
        *("gethttpresponse", "get", "http", "respons"),
        *("retry_after", "retry", "after"),
        *("x2", "x", "2"),
    ]


def test_plurals_and_endings_meet_their_stem() -> None:
    assert len(set(numbers(words("retry retries retrying retried")))) == 1
    assert len(set(numbers(words("handle handles handled handling")))) == 1
    assert len(set(numbers(words("class classes")))) == 1


def test_a_question_keeps_each_telling_word_once() -> None:
    assert query_words("Fix the webhooks: webhook retries are lost") == ["webhook", "retry", "lost"]


def test_names_in_a_question_are_those_that_look_like_code() -> None:
    assert identifiers("make `retry` of sendMail honour max_tries") == [
        *("retry", "sendMail", "max_tries")
    ]


@given(st.text(max_size=300))
def test_any_text_has_words_or_none_but_never_an_error(text: str) -> None:
    assert all(0 <= word < 2**32 for word in number_text(text))


SOURCES = {
    "a.py": (
        "import os\nfrom .b import c\n\n\nclass Door:\n    def open(self):\n        pass\n\n\nX = 1\n",
        {"Door", "Door.open", "X"},
        {"os", ".b", ".b.c"},
    ),
    "a.ts": (
        (
            "import { x } from './x';\nexport class Door { open(): void {} }\n"
            "export const knock = () => 1;\ninterface Key { a: string }\n"
        ),
        {"Door", "Door.open", "knock", "Key"},
        {"./x"},
    ),
    "a.go": (
        'package a\nimport "x/y"\ntype Door struct{}\nfunc (d *Door) Open() {}\nfunc Knock() {}\n',
        {"Door", "Door.Open", "Knock"},
        {"x/y"},
    ),
    "a.rs": (
        "use crate::x::{Y, z};\nstruct Door;\nimpl Door { fn open(&self) {} }\nfn knock() {}\n",
        {"Door", "Door.open", "knock"},
        {"crate::x::Y", "crate::x::z"},
    ),
    "A.java": (
        "import x.Y;\nclass Door { void open() {} }\n",
        {"Door", "Door.open"},
        {"x.Y"},
    ),
    "a.rb": ("class Door\n  def open\n  end\nend\n", {"Door", "Door.open"}, set()),
    "a.c": ('#include "x.h"\nint knock(void) { return 1; }\n', {"knock"}, {"x.h"}),
    "a.cs": (
        "using X;\nclass Door { void Open() {} }\n",
        {"Door", "Door.Open"},
        {"X"},
    ),
    "a.php": ("<?php\nclass Door { function open() {} }\n", {"Door", "Door.open"}, set()),
    "a.sh": ("knock() {\n  echo 1\n}\n", {"knock"}, set()),
    "a.tf": ('resource "aws_vpc" "main" {\n  cidr = 1\n}\n', {"resource.aws_vpc.main"}, set()),
}


@pytest.mark.parametrize("path", SOURCES)
def test_definitions_and_imports_are_found_in_each_language(path: str) -> None:
    text, symbols, imports = SOURCES[path]
    language = language_of(path)
    assert language is not None
    found = outline(text.encode(), language)
    assert {symbol.name for symbol in found.symbols} == symbols
    assert imports <= set(found.imports)


@settings(deadline=None)  # the first text loads the vocabulary
@given(st.binary(max_size=400), st.sampled_from([*SOURCES, "a.unknown", "a.md"]))
def test_any_content_is_read_without_an_error_and_comes_back_from_the_cache(
    content: bytes, path: str
) -> None:
    parsed = parse(content, language_of(path))
    again = ParsedFile.unpack(parsed.pack())
    assert (again.lines, again.symbols, again.imports, again.skipped) == (
        *(parsed.lines, parsed.symbols, parsed.imports, parsed.skipped),
    )
    for one, other in ((parsed.body, again.body), (parsed.names, again.names)):
        assert np.array_equal(one.words, other.words)
        assert np.array_equal(one.starts, other.starts)


LINES = st.lists(st.sampled_from(["", "x = 1", "def f():", "    return 2", "# note", "class A:"]))


@given(LINES, st.integers(1, 9))
def test_chunks_hold_every_line_once(lines: list[str], times: int) -> None:
    text = (lines * times) or ["x"]
    language = language_of("a.py")
    assert language is not None
    chunks = cut(text, outline("\n".join(text).encode(), language).symbols)
    covered = [line for chunk in chunks for line in range(chunk.start, chunk.end + 1)]
    assert covered == list(range(1, len(text) + 1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\0b", "binary"),
        (b"x" * 1_000_001, "larger than 1 MB"),
        (b"var a=1;" * 9_000, "written by a machine"),
    ],
)
def test_what_is_no_text_of_a_person_is_known_by_name_only(content: bytes, reason: str) -> None:
    parsed = parse(content, language_of("a.js"))
    assert (parsed.chunks, parsed.skipped) == (0, reason)


TEXTS = st.lists(st.lists(st.integers(0, 8), max_size=12), max_size=12)


@given(TEXTS, TEXTS, st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True))
def test_bm25_over_two_parts_is_bm25_over_the_whole(
    first: list[list[int]], second: list[list[int]], asked: list[int]
) -> None:
    parts = [Inverted.build([Postings.of(first)]), Inverted.build([Postings.of(second)])]
    found = Field(parts).score(asked)
    texts = first + second
    average = max(sum(map(len, texts)) / len(texts), 1.0) if texts else 1.0
    for text, score in zip(texts, found, strict=True):
        wanted = 0.0
        for word in asked:
            holding = sum(word in other for other in texts)
            count = Counter(text)[word]
            if count:
                rarity = math.log1p((len(texts) - holding + 0.5) / (holding + 0.5))
                norm = 1.2 * (1 - 0.6 + 0.6 * len(text) / average)
                wanted += rarity * count * 2.2 / (count + norm)
        assert score == pytest.approx(wanted, rel=1e-4)
