"""Whatever text a spec is, reading it ends soon, in a spec or in an error with file and line."""

import fnmatch
import re

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from orchestra.coordination.specs import check_specs, load_specs, matches

pytestmark = pytest.mark.requirement("agent.spec", "trust.inputs")

WORD = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
YAMLISH = st.text(alphabet="ab:-[]{}&*!|>%@`'\"#?,. \n\t\\0\x00\ufeff\u2028yes~<", max_size=200)
SPECS = st.fixed_dictionaries(
    {"name": WORD},
    optional={
        "permissions": st.lists(st.tuples(WORD, WORD).map(":".join), unique=True, max_size=5),
        "auto_approve_patterns": st.lists(
            st.tuples(WORD, WORD).map(lambda two: f"{two[0]}/*.{two[1]}"), unique=True, max_size=5
        ),
        "context_sources": st.lists(st.sampled_from(["lambda_stats", "ci_runs"]), unique=True),
    },
)


@given(st.one_of(YAMLISH, YAMLISH.map(lambda text: f"name: A\n{text}"), st.text(max_size=100)))
def test_no_text_makes_it_fail(text: str) -> None:
    checked = check_specs({"a.yaml": text})

    for problem in checked.problems:
        assert 1 <= problem.line <= len(re.split("\r\n|[\r\n\x85\u2028\u2029]", text)) + 1
        assert problem.message.isprintable()
        assert problem.hint
    for spec in checked.specs:
        assert yaml.safe_load(text)["name"] == spec.name  # never more than plain YAML says
    assert len(checked.specs) + bool(checked.problems) == 1


@given(SPECS, st.booleans())
def test_a_good_spec_is_read_as_it_was_written(spec: dict[str, object], flow: bool) -> None:
    text = yaml.safe_dump(spec, default_flow_style=flow, allow_unicode=True)

    read = load_specs({"a.yaml": text})[0].model_dump(exclude={"path", "digest"}, mode="json")

    assert {k: v for k, v in read.items() if v} == {k: v for k, v in spec.items() if v}


@given(
    st.lists(st.sampled_from(["a", "b", "*", "?", "c.py"]), min_size=1, max_size=4).map("".join),
    st.lists(WORD, min_size=1, max_size=3).map("/".join),
)
def test_a_pattern_of_one_part_matches_names_as_the_shell_does(pattern: str, path: str) -> None:
    assume("**" not in pattern)

    expected = fnmatch.fnmatchcase(path.rpartition("/")[2], pattern)

    assert matches([pattern], path) is expected


PARTS = st.lists(st.sampled_from(["a", "b.py", "..", "", ".", "a\\b", "x "]), max_size=5)


@given(PARTS.map("/".join))
def test_a_path_that_leaves_its_place_is_matched_by_nothing(path: str) -> None:
    assume(not {*path.split("/")} <= {"a", "b.py"})

    assert not matches(["*.py", "**/a", "a/**", "*a*"], path)
