"""Every promise has a test or says that it is not kept yet; no test proves an unknown one."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.requirements import REQUIREMENTS

ROOT = Path(__file__).parents[1]


def proven() -> dict[str, list[str]]:
    """Each id that a test carries, with the files that carry it."""
    found = defaultdict(list)
    for folder in (ROOT / "tests", *ROOT.glob("apps/*/tests"), *ROOT.glob("packages/*/tests")):
        for path in folder.rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("requirement"):
                    for argument in node.args:
                        if isinstance(argument, ast.Constant):
                            found[str(argument.value)].append(str(path.relative_to(ROOT)))
    return found


def test_every_promise_that_is_not_deferred_has_a_test() -> None:
    tested = proven()

    assert [
        id for id, r in REQUIREMENTS.items() if r.state != "deferred" and id not in tested
    ] == []


def test_no_test_proves_a_promise_that_nobody_made() -> None:
    assert sorted(set(proven()) - set(REQUIREMENTS)) == []


def test_what_is_lacking_is_said() -> None:
    assert [id for id, r in REQUIREMENTS.items() if (r.state == "done") != (r.note == "")] == []
