"""What the door reads of a body: the same however it is written, and never of an ambiguous one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.gateway.door.peek import peek, splice
from orchestra.shared.errors import Invalid

pytestmark = pytest.mark.requirement("gw.doors")

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_BODIES = st.dictionaries(st.text(max_size=6), _VALUES, max_size=5)
_STYLES: list[dict[str, Any]] = [
    {"separators": (",", ":")},
    {"separators": (",", ":"), "ensure_ascii": False},
    {},
    {"indent": 2},
]


@given(_BODIES, st.sampled_from(_STYLES), st.integers(0, 5), st.text("ab/-.", min_size=1))
def test_the_model_is_replaced_and_nothing_else(
    fields: dict[str, Any], style: dict[str, Any], at: int, model: str
) -> None:
    items = list(fields.items())
    asked = dict([*items[:at], ("model", "gpt-4"), *items[at:]])
    asked["model"] = "gpt-4"
    body = json.dumps(asked, **style).encode("utf-8", "surrogatepass")

    seen = peek(body)

    assert seen.model == "gpt-4"
    assert json.loads(splice(body, seen.at, model)) == {**asked, "model": model}


@given(_BODIES, st.sampled_from(_STYLES), st.data())
def test_no_key_stands_twice(
    fields: dict[str, Any], style: dict[str, Any], data: st.DataObject
) -> None:
    asked = {"model": "gpt-4", **fields}
    again = data.draw(st.sampled_from(sorted(asked)))
    value = json.dumps(data.draw(_VALUES))
    body = json.dumps(asked, **style).encode("utf-8", "surrogatepass")
    name = json.dumps(again, ensure_ascii=style.get("ensure_ascii", True))
    twice = body[: body.rindex(b"}")] + f",{name}:{value}}}".encode("utf-8", "surrogatepass")

    with pytest.raises(Invalid):
        peek(twice)
