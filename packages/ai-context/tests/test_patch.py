"""A patch takes one document to the other, whatever they are."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.context.patch import apply, diff
from orchestra.shared.json import JsonObject, canonical

pytestmark = pytest.mark.requirement("ctx.stream.delta")

keys = st.text("ab/~ .\né", max_size=3)
leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xy", max_size=2)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
documents = st.dictionaries(keys, values, max_size=5)


@given(documents, documents)
def test_applying_the_difference_gives_the_other_document(
    before: JsonObject, after: JsonObject
) -> None:
    untouched = canonical(before)

    assert canonical(apply(before, diff(before, after))) == canonical(after)
    assert canonical(before) == untouched


@given(documents)
def test_there_is_no_difference_between_equal_documents(document: JsonObject) -> None:
    assert diff(document, orjson.loads(orjson.dumps(document))) == []


def test_true_is_not_one_and_zero_is_not_false() -> None:
    assert diff({"a": 1}, {"a": True}) == [{"op": "replace", "path": "/a", "value": True}]
    assert diff({"a": 0}, {"a": False}) == [{"op": "replace", "path": "/a", "value": False}]


def test_a_small_change_of_a_large_document_is_a_small_patch() -> None:
    before: JsonObject = {"files": {f"src/{n}.py": {"state": "M"} for n in range(1000)}}
    after = apply(before, [{"op": "remove", "path": "/files/src~1500.py"}])

    assert diff(before, after) == [{"op": "remove", "path": "/files/src~1500.py"}]


@given(documents, st.lists(st.tuples(keys, keys), max_size=4))
def test_applying_never_fails(document: JsonObject, places: list[tuple[str, str]]) -> None:
    for first, second in places:
        path = "/" + "/".join(k.replace("~", "~0").replace("/", "~1") for k in (first, second))
        document = apply(document, [{"op": "remove", "path": path}])
        document = apply(document, [{"op": "add", "path": path, "value": 1}])
        assert document[first] == {**(document[first] or {}), second: 1}  # type: ignore[dict-item]
