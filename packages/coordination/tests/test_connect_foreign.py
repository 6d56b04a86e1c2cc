"""Whatever others have in a file survives: random JSON, TOML and Markdown around our parts."""

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import tomlkit
from hypothesis import assume, example, given
from hypothesis import strategies as st
from orchestra.coordination.connect.block import merge_block
from orchestra.coordination.connect.members import merge_json
from orchestra.coordination.connect.parts import Block, JsonMembers, TomlTable
from orchestra.coordination.connect.record import Written
from orchestra.coordination.connect.toml_table import merge_toml
from orchestra.shared.errors import Invalid
from orchestra.shared.json import JsonValue

pytestmark = pytest.mark.requirement("agent.connect")

HOOK: JsonValue = {
    "hooks": [{"type": "command", "command": "x/.ai-context/hooks/orchestra-hook claude open"}]
}
MEMBERS = JsonMembers(
    "a.json",
    members=((("servers", "ours"), {"url": "u", "n": [1, {}]}),),
    defaults=((("version",), 1),),
    items=((("rules", "deny"), ("x", "y")), (("hooks", "Stop"), (HOOK,))),
    lists=(("rules", "allow"),),
)
TABLE = TomlTable("c.toml", ("mcp_servers", "ours"), {"url": "http://a/b", "variable": "X"})
BLOCK = Block("A.md", "## Ours\n\n- one")

names = st.sampled_from(
    ["servers", "rules", "hooks", "version", "deny", "Stop", "a", "é", 'q"\\', ""]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text('ab é"\\\n', max_size=6)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "servers": st.dictionaries(names, values, max_size=3),
        "rules": st.fixed_dictionaries(
            {},
            optional={"deny": st.lists(values | st.just("x"), max_size=3), "more": values},
        ),
        "hooks": st.dictionaries(names, st.lists(values, max_size=2), max_size=3),
        "version": values,
        "theirs": values,
    },
)
layouts = st.sampled_from(
    [{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"indent": 0}]
)


def without_ours(document: Any) -> Any:  # noqa: ANN401 - any JSON
    """What is left when everything of ours is taken away, with what it stood in if that is empty."""
    left = json.loads(json.dumps(document))
    left.get("servers", {}).pop("ours", None)
    for keys, ours in ((("rules", "deny"), ["x", "y"]), (("hooks", "Stop"), [HOOK])):
        holder = left.get(keys[0], {})
        if keys[1] in holder:
            holder[keys[1]] = [item for item in holder[keys[1]] if item not in ours]
    if left.get("rules", {}).get("allow") == []:
        del left["rules"]["allow"]
    for name in ("rules", "hooks"):
        left[name] = {k: v for k, v in left.get(name, {}).items() if v != []}
    if left.get("version") == 1:
        del left["version"]
    return {k: v for k, v in left.items() if v not in ({}, [])}


@given(objects, layouts, st.booleans())
@example({"rules": {"deny": ["x"]}}, {}, False)
def test_foreign_members_of_json_survive_and_come_back(
    foreign: dict[str, Any], layout: dict[str, Any], windows: bool
) -> None:
    text = json.dumps(foreign, ensure_ascii=False, **layout)
    text = text.replace("\n", "\r\n") if windows else text

    merged, written = merge_json(text, MEMBERS, Written(), wanted=True)
    assert merged is not None
    assert written is not None
    document = json.loads(merged)
    assert without_ours(document) == without_ours(foreign)
    assert document["servers"]["ours"]["url"] == "u"
    assert {"x", "y"} <= {item for item in document["rules"]["deny"] if isinstance(item, str)}
    assert HOOK in document["hooks"]["Stop"]
    assert document["rules"]["allow"] == foreign.get("rules", {}).get("allow", [])
    assert document["version"] == foreign.get("version", 1)

    assert merge_json(merged, MEMBERS, written, wanted=True) == (merged, written)

    left, nothing = merge_json(merged, MEMBERS, written, wanted=False)
    assert nothing is None
    assert left is not None
    back = json.loads(left)
    if "version" not in foreign:
        assert back.pop("version") == 1, "a version that was lacking may stay: others may need it"
    foreign.get("servers", {}).pop("ours", None)
    assert back == foreign


@given(objects)
def test_what_json_holds_is_not_written_anew(foreign: dict[str, Any]) -> None:
    text = json.dumps({"theirs": [1.0, 1e3, "\u00e9", {"b": 1, "a": 2}], **foreign}, indent=3)
    odd = text.replace("1000.0", "1e3").replace('"b": 1', '"b" :  1')

    merged, written = merge_json(odd, MEMBERS, Written(), wanted=True)

    assert merged is not None
    assert written is not None
    for piece in ("1e3", '"b" :  1') if "theirs" not in foreign else ():
        assert piece in merged


keys = st.text("abcdefgh_-", min_size=1, max_size=5)
plain = (
    st.integers(-5, 5)
    | st.booleans()
    | st.text('ab c\u00e9"\\\n', max_size=5)
    | st.lists(st.integers())
)
tables = st.dictionaries(keys, plain | st.dictionaries(keys, plain, max_size=3), max_size=4)


@given(
    tables,
    st.dictionaries(keys, st.dictionaries(keys, plain, max_size=2), max_size=2),
    st.booleans(),
)
def test_foreign_tables_of_toml_survive_and_come_back(
    others: dict[str, Any], servers: dict[str, Any], windows: bool
) -> None:
    assume("mcp_servers" not in others and "ours" not in servers)
    foreign = {**others, **({"mcp_servers": servers} if servers else {})}
    text = "# a comment\n" + tomlkit.dumps(foreign)
    text = (
        text.replace("\n", "\r\n") if windows and "\\n" not in text and '"""' not in text else text
    )

    merged, written = merge_toml(text, TABLE, Written(), wanted=True)
    assert merged is not None
    assert written is not None
    document = tomllib.loads(merged)
    assert document["mcp_servers"].pop("ours") == TABLE.values
    assert {k: v for k, v in document.items() if v != {}} == {
        k: v for k, v in tomllib.loads(text).items() if v != {}
    }
    assert merged.startswith("# a comment")
    assert merge_toml(merged, TABLE, written, wanted=True) == (merged, written)

    left, _ = merge_toml(merged, TABLE, written, wanted=False)
    assert left is not None
    assert tomllib.loads(left) == tomllib.loads(text)


@given(st.text("ab#<!->\n ", max_size=60), st.booleans(), st.booleans())
def test_foreign_lines_of_markdown_survive_and_come_back(
    text: str, first: bool, windows: bool
) -> None:
    part = Block("A.md", BLOCK.text, first=first)
    source = text.replace("\n", "\r\n") if windows else text

    merged, written = merge_block(source, part, Written(), wanted=True)
    assert merged is not None
    assert written is not None
    for line in source.splitlines():
        assert line.strip() in merged
    assert merged.count("- one") == 1
    assert merge_block(merged, part, written, wanted=True) == (merged, written)

    left, _ = merge_block(merged, part, written, wanted=False)
    assert left is not None
    assert left.strip() == source.strip()


@given(st.text(max_size=40))
def test_any_text_is_merged_or_refused_in_words(text: str) -> None:
    merges: list[Callable[[], object]] = [
        lambda: merge_json(text, MEMBERS, Written(), wanted=True),
        lambda: merge_toml(text, TABLE, Written(), wanted=True),
        lambda: merge_block(text, BLOCK, Written(), wanted=True),
    ]
    for merge in merges:
        said = "`file:1`"
        try:
            merge()
        except Invalid as error:
            said = error.message
        assert ":" in said.split("`")[1], "it names file and line"
