"""Turbo reruns what a change can have broken, and nothing else."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from orchestra.shared.settings import inherited_environment

ROOT = Path(__file__).parents[1]
TURBO = ROOT / "node_modules" / ".bin" / "turbo"

pytestmark = pytest.mark.requirement("repo.pipelines")


def hashes(task: str) -> dict[str, str]:
    """The hash of a task in each workspace, from Turbo's dry run."""
    answer = subprocess.run(
        [str(TURBO), "run", task, "--dry=json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=inherited_environment({"TURBO_TELEMETRY_DISABLED": "1"}),
    )
    tasks = json.loads(answer.stdout)["tasks"]
    return {t["package"]: t["hash"] for t in tasks if t["task"] == task}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name.removeprefix("@orchestra/") for name in before if before[name] != after[name]}


@pytest.mark.skipif(shutil.which("node") is None, reason="Turbo needs Node")
def test_a_change_reruns_its_dependents_and_nothing_else() -> None:
    before = hashes("test")
    expected = {
        "packages/vectors/src/orchestra/vectors/touched.py": {
            "vectors", "context", "gateway", "mcp", "api", "cli",
        },
        "packages/ai-context/src/orchestra/context/touched.py": {"context", "mcp", "api", "cli"},
        "packages/ai-context/tests/touched.py": {"context"},
        "apps/frontend/src/touched.ts": {"frontend"},
    }  # fmt: skip
    for place, reran in expected.items():
        path = ROOT / place
        path.write_text("")
        try:
            assert changed(before, hashes("test")) == reran, place
        finally:
            path.unlink()


def test_every_workspace_has_the_tasks() -> None:
    wanted = {"build", "lint", "typecheck", "test"}
    for path in (*ROOT.glob("apps/*/package.json"), *ROOT.glob("packages/*/package.json")):
        assert wanted <= set(json.loads(path.read_text())["scripts"]), path
