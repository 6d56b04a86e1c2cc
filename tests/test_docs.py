"""What the documents say can be done, can be done: commands, options, routes, variables, links."""

import functools
import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from orchestra.api.main import create_app
from orchestra.cli.main import app
from orchestra.context.config import ContextConfig
from orchestra.coordination.connect import BRANDS, Order, Tree, connect, key_variable
from orchestra.shared.metrics import Metrics
from orchestra.shared.settings import Settings

from tests.documents import ROOT, addresses, blocks, commands, links, pages
from tests.schemas import FOLDER, schemas

PAGES = pages()
VARIABLE = re.compile(r"\bORCHESTRA_[A-Z_]+\b")
UNDESCRIBED = {"/healthz", "/readyz", "/metrics", "/mcp", "/mcp/context", "/api/v1/openapi.json"}


@functools.cache
def served() -> set[str]:
    """Every path that the application serves."""
    return set(create_app(Settings()).openapi()["paths"]) | UNDESCRIBED


def misuse(words: list[str]) -> str | None:
    """What is wrong with the words of an `orchestra` command, as far as its declaration tells."""
    command = typer.main.get_command(app)
    while words and not words[0].startswith("-") and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return f"there is no `{words[0]}`"
        command, words = command.commands[words[0]], words[1:]
    if hasattr(command, "commands"):
        known = {"--help", "--version"}
        return next((w for w in words if w.startswith("-") and w not in known), None)
    options = {name: p for p in command.params for name in (*p.opts, *p.secondary_opts)}
    given, arguments = iter(words), 0
    for word in given:
        if word.startswith("-"):
            if word not in options:
                return f"there is no option `{word}`"
            if not getattr(options[word], "is_flag", False):
                next(given, None)
        else:
            arguments += 1
    places = [p for p in command.params if p.param_type_name == "argument"]
    fits = arguments <= len(places) or any(p.nargs == -1 for p in places)
    return None if fits else f"`{words}` has too many words"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists_with_its_options(page: str) -> None:
    wrong = [
        (words, problem)
        for words in commands(PAGES[page], "orchestra")
        if (problem := misuse(words))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("context wtch", "there is no `wtch`"),
        ("up --prot 1", "there is no option `--prot`"),
        ("up here", "`['here']` has too many words"),
        ("up --port 0 --no-browser", None),
        ("keys create claude --scope events:write", None),
    ],
)
def test_a_command_that_does_not_exist_would_be_noticed(words: str, problem: str | None) -> None:
    assert misuse(words.split()) == problem


def test_every_command_is_named_in_the_runbook_or_the_benchmarks() -> None:
    text = PAGES["docs/runbook.md"] + PAGES["docs/benchmarks.md"]
    named = {" ".join(words[:2]) for words in commands(text, "orchestra")}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # a group
        for part in getattr(command, "commands", {"": None}):
            wanted = f"{name} {part}".strip()
            assert any(n == wanted or n.startswith(f"{wanted} ") for n in named), wanted


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {words[0] for words in commands(PAGES[page], "make") if words} <= targets


def test_the_example_of_the_environment_has_every_setting_and_no_other() -> None:
    settings = {f"ORCHESTRA_{name.upper()}" for name in Settings.model_fields}

    assert set(re.findall(r"^#(ORCHESTRA_\w+)=", PAGES[".env.example"], re.MULTILINE)) == settings


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_that_is_named_is_a_setting_or_holds_an_agents_key(page: str) -> None:
    known = {f"ORCHESTRA_{name.upper()}" for name in Settings.model_fields}
    known |= {key_variable(brand) for brand in BRANDS}

    assert set(VARIABLE.findall(PAGES[page])) <= known


def test_the_defaults_in_the_example_are_the_defaults() -> None:
    shown = dict(re.findall(r"^#ORCHESTRA_(\w+)=(.+)$", PAGES[".env.example"], re.MULTILINE))
    for name in ("HOST", "PORT", "LOG_LEVEL", "LOG_FORMAT", "WATCH", "LAMBDA_URL", "GITHUB_URL"):
        assert shown[name] == str(Settings.model_fields[name.lower()].default)


@pytest.mark.parametrize("page", PAGES)
def test_every_address_that_is_named_is_served(page: str) -> None:
    prefixes = {"/api/v1"}

    assert set(addresses(PAGES[page])) - prefixes <= served()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    base = ROOT if page.endswith(".mdc") else (ROOT / page).parent

    assert [target for target in links(PAGES[page]) if not (base / target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_json_block_is_json(page: str) -> None:
    for block in blocks(PAGES[page], "json"):
        json.loads(block)


def test_every_metric_that_is_named_is_measured() -> None:
    rows = re.findall(r"^\| `orchestra_.*$", PAGES["docs/runbook.md"], re.MULTILINE)
    named = re.findall(r"`(orchestra_\w+)`", "".join(rows))
    measured = Metrics().render().decode()

    assert named
    assert [name for name in named if f"# TYPE {name} " not in measured] == []


def test_rooms_are_called_empty_as_long_as_they_are() -> None:
    called = set(re.findall(r"^\| `([\w/-]+)` \| empty \|$", PAGES["README.md"], re.MULTILINE))
    doors = [*ROOT.glob("packages/*/src/orchestra/*"), *ROOT.glob("apps/*/src/orchestra/*")]
    empty = {
        str(door.relative_to(ROOT).parents[2])
        for door in doors
        if [path.name for path in door.glob("*.py")] == ["__init__.py"]
        and not any(path.is_dir() and path.name != "__pycache__" for path in door.iterdir())
    }

    assert called == empty


def test_our_own_agents_are_connected() -> None:
    stale = [edit.path for edit in connect(Tree(ROOT), Order()).edits]

    assert stale == [], "run: orchestra connect"


def test_our_own_context_is_configured_with_the_defaults() -> None:
    assert ContextConfig.load(ROOT) == ContextConfig()


@pytest.mark.parametrize("name", schemas())
def test_the_schemas_are_those_of_the_code(name: str) -> None:
    assert (FOLDER / name).read_text() == schemas()[name], "run: python -m tests.schemas"


def test_guidance_stays_short() -> None:
    for page, lines in {"AGENTS.md": 120, "README.md": 150}.items():
        ours = re.sub(
            r"<!-- orchestra:begin.*orchestra:end -->",
            "",
            (ROOT / page).read_text(),
            flags=re.DOTALL,
        )
        assert len(ours.splitlines()) <= lines, page
    assert (ROOT / "CLAUDE.md").read_text() == "@AGENTS.md\n"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs/decisions").glob("0*.md")), ids=lambda p: p.stem
)
def test_a_decision_is_one_page_in_the_usual_form(path: Path) -> None:
    text = path.read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert headings == ["Context", "Decision", "Consequences", "Alternatives", "Where"]
    assert len(text.splitlines()) <= 60
    assert re.search(r"^## Decision\n\n\*\*[^*]+\*\*$", text, re.MULTILINE)
    assert f"({path.name})" in PAGES["docs/decisions/README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_module_that_is_named_to_be_run_does_something(page: str) -> None:
    idle = []
    for name in re.findall(r"python -m ([a-z_.]+)", PAGES[page]):
        spec = find_spec(f"{name}.__main__") if _is_package(name) else find_spec(name)
        if spec is None or '"__main__"' not in Path(str(spec.origin)).read_text():
            idle.append(name)

    assert idle == []


def _is_package(name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None
