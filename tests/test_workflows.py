"""The workflows of GitHub Actions: proper YAML, pinned actions, no more rights than needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

pytestmark = [
    pytest.mark.requirement("repo.ci"),
    pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem),
]


def load(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true; the text says what GitHub reads.
    document: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    return document


def test_it_says_what_it_is_and_when_it_runs(path: Path) -> None:
    workflow = load(path)

    assert workflow["name"]
    assert set(workflow["on"]) <= {
        "push",
        "pull_request",
        "schedule",
    }  # none runs others' code with our rights
    assert workflow["jobs"]


def test_it_has_no_rights_but_those_that_a_job_asks_for(path: Path) -> None:
    workflow = load(path)

    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert int(job["timeout-minutes"]) <= 60


def test_actions_are_pinned_by_commit_and_named_by_version(path: Path) -> None:
    uses = re.findall(r"uses: (.+)$", path.read_text(), re.MULTILINE)

    assert uses
    for line in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_a_checkout_leaves_no_credentials_behind(path: Path) -> None:
    for job in load(path)["jobs"].values():
        for step in job["steps"]:
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    for job in load(path)["jobs"].values():
        assert not [step["run"] for step in job["steps"] if "${{" in step.get("run", "")]
