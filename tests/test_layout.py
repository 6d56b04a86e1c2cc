"""The house keeps its order: every workspace is whole, and imports go one way."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from orchestra.shared.settings import child_environment

ROOT = Path(__file__).parents[1]
PYTHON = sorted(path.parent for path in ROOT.glob("[ap]*s/*/pyproject.toml"))
TREE = {
    "apps/ai-agents": "agents",
    "apps/api": "api",
    "apps/cli": "cli",
    "packages/ai-context": "context",
    "packages/ai-gateway": "gateway",
    "packages/coordination": "coordination",
    "packages/mcp-servers": "mcp",
    "packages/pulumi-modules": "infra",
    "packages/shared": "shared",
    "packages/validation": "validation",
    "packages/vectors": "vectors",
}
SOURCE_LINES, TEST_LINES, UI_LINES = 300, 500, 250


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=child_environment(),
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.requirement("repo.tree")
def test_the_tree_is_the_one_that_was_promised() -> None:
    found = {str(path.relative_to(ROOT)) for path in PYTHON}

    assert found == set(TREE)
    for extra in ("apps/frontend/package.json", ".cursor/rules", ".cursor/agents", ".ai-context"):
        assert (ROOT / extra).exists(), extra


@pytest.mark.requirement("repo.tree")
@pytest.mark.parametrize("workspace", PYTHON, ids=lambda path: path.name)
def test_a_workspace_is_the_same_five_things(workspace: Path) -> None:
    name = TREE[str(workspace.relative_to(ROOT))]
    door = workspace / "src" / "orchestra" / name / "__init__.py"

    assert read_toml(workspace / "pyproject.toml")["project"]["name"] == f"orchestra-{name}"
    assert json.loads((workspace / "package.json").read_text())["name"] == f"@orchestra/{name}"
    assert (workspace / "turbo.json").is_file()
    assert list((workspace / "tests").glob("test_*.py"))
    assert door.read_text().startswith('"""')
    assert "__all__" in door.read_text()
    assert not (workspace / "src" / "orchestra" / "__init__.py").exists()


@pytest.mark.requirement("repo.pipelines")
@pytest.mark.parametrize("workspace", PYTHON, ids=lambda path: path.name)
def test_node_and_python_agree_on_who_depends_on_whom(workspace: Path) -> None:
    node = json.loads((workspace / "package.json").read_text()).get("dependencies", {})
    python = read_toml(workspace / "pyproject.toml")["project"]["dependencies"]
    ours = {d.removeprefix("orchestra-") for d in python if re.fullmatch(r"orchestra-\w+", d)}

    assert {name.removeprefix("@orchestra/") for name in node} == ours


@pytest.mark.requirement("repo.tree")
def test_imports_point_down() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=child_environment(),
        check=False,
    )

    assert linted.returncode == 0, linted.stdout


def test_no_file_has_become_a_room_with_too_many_people() -> None:
    limits = [
        (tracked("apps/*/src/*.py", "packages/*/src/*.py"), SOURCE_LINES),
        (tracked("*/tests/*.py", "tests/*.py"), TEST_LINES),
        (tracked("apps/frontend/src/*.ts", "apps/frontend/src/*.tsx"), UI_LINES),
    ]
    generated = {"schema.d.ts", "requirements.py"}
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for paths, limit in limits
        for path in paths
        if path.name not in generated and (lines := len(path.read_text().splitlines())) > limit
    ]

    assert long == []


def test_the_environment_is_read_in_one_file() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in tracked("apps/*/src/*.py", "packages/*/src/*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]

    assert readers == ["packages/shared/src/orchestra/shared/settings.py"]


def test_the_root_stays_a_hall_and_not_a_store() -> None:
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert len(entries) <= 32, sorted(entries)


def test_guidance_names_only_paths_that_exist() -> None:
    missing = []
    for page in tracked("*.md", "docs/*.md"):
        for path in re.findall(r"`((?:apps|packages|docs|tests|\.ci)/[\w./-]+)`", page.read_text()):
            if not (ROOT / path).exists():
                missing.append(f"{page.name}: {path}")

    assert missing == []


def test_every_dependency_says_why_it_is_there() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text()
    named = set()
    for path in [ROOT / "pyproject.toml", *(p / "pyproject.toml" for p in PYTHON)]:
        project = read_toml(path)
        groups = project.get("dependency-groups", {}).values()
        for line in [*project["project"]["dependencies"], *(d for g in groups for d in g)]:
            named.add(re.split(r"[\[<>=; ]", line)[0])
    for path in [ROOT / "package.json", ROOT / "apps/frontend/package.json"]:
        package = json.loads(path.read_text())
        named |= set(package.get("dependencies", {})) | set(package.get("devDependencies", {}))

    assert (
        sorted(n for n in named if not n.startswith("orchestra") and f"`{n}`" not in reasons) == []
    )
