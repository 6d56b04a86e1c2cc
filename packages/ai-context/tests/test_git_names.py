"""Names and texts from git become valid, unambiguous text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.context.git.changes import Change, Changes
from orchestra.context.git.head import Commit
from orchestra.context.git.names import clean_text, read_path, show_path
from orchestra.context.git.snapshot import number
from orchestra.context.git.status import PathStatus

pytestmark = pytest.mark.requirement("ctx.sources")


@settings(deadline=None, database=None)
@given(st.binary(max_size=60))
def test_a_path_that_is_shown_can_be_read_back(path: bytes) -> None:
    shown = show_path(path)
    assert read_path(shown) == path
    assert "\n" not in shown
    shown.encode("utf-8")


def test_long_paths_are_cut_and_stay_distinct() -> None:
    one, two = b"a" * 3_000, b"a" * 3_001
    assert len(show_path(one)) == 400
    assert show_path(one) != show_path(two)


def test_texts_are_one_clean_line() -> None:
    assert clean_text(b"fix\x1b[31m\r\n\tit \xff\xe2\x80\xae!") == "fix [31m it � !"
    assert len(clean_text(b"x" * 10_000)) == 500


@settings(deadline=None, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b/c", b"b/d", b"b0"]),
            st.sampled_from([".M", "A.", ".?", ".."]),
        )
    )
)
def test_the_table_of_changes_is_what_was_put_last(steps: list[tuple[bytes, str]]) -> None:
    table, expected = Changes(), {}
    for path, letters in steps:
        table.put(path, Change(PathStatus(letters[0], letters[1])))
        expected[path] = letters
    expected = {p: letters for p, letters in expected.items() if letters != ".."}
    fresh = Changes()
    fresh.replace({p: Change(PathStatus(x[0], x[1])) for p, x in expected.items()})
    assert (table.shown(), table.counts()) == (fresh.shown(), fresh.counts())
    assert list(table.under(b"b")) == sorted(p for p in expected if p.startswith(b"b/"))


def test_commits_keep_their_number_while_history_only_grows() -> None:
    def commits(names: str) -> tuple[Commit, ...]:
        return tuple(Commit(name, "", "", "") for name in names)

    first = number(commits("cba"), {})
    assert first == {"a": 1, "b": 2, "c": 3}
    assert number(commits("dcb"), first) == {"b": 2, "c": 3, "d": 4}
    assert number(commits("xa"), first) == {"a": 1, "x": 2}
    assert number(commits("bxa"), first) == {"a": 1, "x": 2, "b": 3}
    assert number((), first) == {}
