"""`orchestra gateway …`: what models cost, and who may spend it, at a terminal."""

import pytest
from orchestra.cli.testing import Running

pytestmark = pytest.mark.requirement("gw.cost")


def test_models_say_which_providers_have_no_key(system: Running) -> None:
    document = system.json("gateway", "models")
    assert set(document["absent"]) == {"openrouter", "anthropic", "cohere", "openai"}
    said = system.run("gateway", "models")
    assert "no key" in said.stdout
    assert "OPENROUTER_API_KEY" in said.stderr


def test_nothing_spent_says_how_to_begin(system: Running) -> None:
    said = system.run("gateway", "cost")
    assert (said.returncode, said.stdout) == (0, "")
    assert "orchestra keys create NAME --scope models:use" in said.stderr
    document = system.json("gateway", "cost", "--by", "agent", "--by", "model", "--days", "30")
    assert (document["rows"], document["total"]["cost"]) == ([], "0.00")
    assert "there are no such calls" in system.run("gateway", "ledger", "-n", "5").stderr
    assert system.json("gateway", "ledger")["calls"] == []
    assert "hits: 0 of 0" in system.run("gateway", "cache", "show").stdout
    assert system.json("gateway", "cache", "clear", "--model", "small") == {"cleared": 0}


def test_a_budget_is_set_listed_and_removed(system: Running) -> None:
    assert "budget set system" in system.run("gateway", "budget", "list").stderr
    system.json("gateway", "budget", "set", "agent", "codex", "20/day")
    listed = system.run("gateway", "budget", "list").stdout.splitlines()
    assert listed[0].split()[:3] == ["KIND", "WHOSE", "BUDGET"]
    assert listed[1].split()[:4] == ["agent", "codex", "$20.00/day", "$0.00"]
    removed = system.json("gateway", "budget", "remove", "agent", "codex", "day")
    assert removed["removed"]["subject"] == "codex"
    assert system.json("gateway", "budget", "list") == {"budgets": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "req_nothing"), "there is no call `req_nothing`"),
        (("budget", "set", "agent", "codex", "a lot"), "`a lot` is not a budget"),
        (("budget", "remove", "agent", "codex", "day"), "budget list"),
        (("cost", "--by", "weather"), "should be 'day'"),
    ],
)
def test_what_cannot_be_says_why(system: Running, words: tuple[str, ...], said: str) -> None:
    done = system.run("gateway", *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
