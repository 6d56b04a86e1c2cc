"""Agent specs: only what the default branch has counts, or what a person approved by its digest."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from orchestra.api.testing import RunningApi
from orchestra.api.testing_governed import Beside, beside
from orchestra.context import TOPICS
from orchestra.coordination.governance import Act
from orchestra.coordination.specs import SOURCES
from orchestra.shared.settings import Settings, child_environment

pytestmark = pytest.mark.requirement("agent.spec", "agent.enforce")

AGENTS = "/api/v1/agents"
FILE = ".cursor/agents/vercel_deploy.yaml"
SPEC = """\
name: Vercel Deploy Agent
permissions: ["vercel:deploy"]
auto_approve_patterns: ["*.tsx"]
context_sources: [lambda_stats]
"""
WIDER = SPEC.replace('["vercel:deploy"]', '["vercel:deploy", "pulumi:write"]').replace(
    '"*.tsx"', '"*.tsx", "*.py"'
)
WRITE = Act("pulumi:write", "write a.py", {"path": "a.py"}, paths=("a.py",))


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, env=child_environment())


def write(folder: Path, text: str, file: str = FILE) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)


def commit(folder: Path, text: str, file: str = FILE) -> None:
    write(folder, text, file)
    git(folder, "add", ".cursor")
    git(folder, "commit", "-qm", "Agents")


@pytest.fixture
async def system(repository: Path, api: RunningApi, settings: Settings) -> AsyncIterator[Beside]:
    commit(repository, SPEC)
    async with beside(api, settings) as made:
        yield made


async def agents(system: Beside) -> Any:  # noqa: ANN401 - JSON
    """What is in force once it has been looked at anew."""
    system.governance.specs.forget()
    answer = await system.api.http.get(AGENTS)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def outcome(system: Beside, act: Act, headers: dict[str, str]) -> str:
    system.governance.specs.forget()
    return (await system.judge(act, headers)).outcome


async def test_the_specs_in_force_and_who_acts_under_them(system: Beside) -> None:
    await system.key("vercel-deploy-agent@laptop")
    await system.key("codex")

    found = await agents(system)

    assert found["ref"] == "refs/heads/main"
    assert len(found["commit"]) == 40
    assert found["problems"] == []
    assert found["proposals"] == []
    assert found["without_spec"] == ["codex"]
    agent = found["agents"][0]
    assert (agent["slug"], agent["path"]) == ("vercel-deploy-agent", FILE)
    assert agent["principals"] == ["vercel-deploy-agent@laptop"]
    assert agent["topics"] == ["lambda_utilization"]
    assert agent["approved_by"] is None


async def test_a_branch_that_widens_its_own_permissions_is_ignored(
    system: Beside, repository: Path
) -> None:
    """Attack S44."""
    key = await system.key("vercel-deploy-agent")
    git(repository, "switch", "-qc", "feature")
    commit(repository, WIDER)

    found = await agents(system)

    assert found["agents"][0]["permissions"] == ["vercel:deploy"]
    assert await outcome(system, WRITE, key) == "deny"
    proposal = found["proposals"][0]
    assert proposal["path"] == FILE
    assert proposal["adds_permissions"] == ["pulumi:write"]
    assert proposal["adds_patterns"] == ["*.py"]
    git(repository, "switch", "-q", "main")
    git(repository, "merge", "-q", "feature")
    assert await outcome(system, WRITE, key) == "allow"


async def test_a_remote_is_the_one_that_counts(
    system: Beside, repository: Path, tmp_path: Path
) -> None:
    """Attack S44: a commit on the local main that nobody has reviewed."""
    key = await system.key("vercel-deploy-agent")
    git(tmp_path, "clone", "-q", "--bare", str(repository), "origin.git")
    git(repository, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(repository, "fetch", "-q", "origin")
    commit(repository, WIDER)

    assert await outcome(system, WRITE, key) == "deny"
    git(repository, "push", "-q", "origin", "main")
    assert await outcome(system, WRITE, key) == "allow"
    assert (await agents(system))["ref"] == "refs/remotes/origin/main"


async def test_a_person_puts_a_changed_spec_in_force_by_its_digest(
    system: Beside, repository: Path
) -> None:
    http = system.api.http
    key = await system.key("vercel-deploy-agent", "context:read", "approvals:decide")
    ada = await system.key("ada", "approvals:decide", kind="human")
    write(repository, WIDER)
    digest = (await agents(system))["proposals"][0]["digest"]
    path = f"{AGENTS}/specs/{digest}/approve"

    assert (await http.post(path, headers=key)).status_code == 403
    assert (await http.post(f"{AGENTS}/specs/{'0' * 64}/approve", headers=ada)).status_code == 404
    assert await outcome(system, WRITE, key) == "deny"
    assert (await http.post(path, headers=ada)).status_code == 200

    found = await agents(system)
    assert found["agents"][0]["approved_by"] == "ada"
    assert found["proposals"] == []
    assert await outcome(system, WRITE, key) == "allow"
    write(repository, WIDER + "# more\n")
    assert await outcome(system, WRITE, key) == "allow"
    assert len((await agents(system))["proposals"]) == 1
    commit(repository, SPEC + "# the branch moves on\n")
    assert await outcome(system, WRITE, key) == "deny"
    rows = (await http.get("/api/v1/audit", params={"act": "spec."})).json()["rows"]
    assert [(row["actor"], row["data"]["digest"]) for row in rows] == [("ada", digest)]


@pytest.mark.parametrize(
    "text",
    [
        "name: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
        "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
        "name: A\nname: B\n",
        "name: A\nauto_approve_patterns: ['.*']\n",
        "name: A\nauto_approve_patterns: ['(a+)+$']\n",
        "name: A\n" + "#" * 70_000,
    ],
)
async def test_a_hostile_spec_on_the_default_branch_counts_for_nothing(
    system: Beside, repository: Path, text: str
) -> None:
    """Attack S45."""
    commit(repository, text, ".cursor/agents/evil.yaml")

    found = await agents(system)

    assert [agent["slug"] for agent in found["agents"]] == ["vercel-deploy-agent"]
    problem = found["problems"][0]
    assert problem["path"] == ".cursor/agents/evil.yaml"
    assert problem["line"] >= 1
    assert problem["hint"]
    ada = await system.key("ada", "approvals:decide", kind="human")
    write(repository, text + "# changed\n", ".cursor/agents/evil.yaml")
    for proposal in (await agents(system))["proposals"]:
        answer = await system.api.http.post(
            f"{AGENTS}/specs/{proposal['digest']}/approve", headers=ada
        )
        assert answer.status_code == 422


async def test_a_link_in_the_folder_of_specs_leads_nowhere(
    system: Beside, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "evil.yaml").write_text("name: Evil\npermissions: ['pulumi:write']\n")
    (repository / ".cursor/agents/evil.yaml").symlink_to(tmp_path / "evil.yaml")
    git(repository, "add", ".cursor")
    git(repository, "commit", "-qm", "A link")

    found = await agents(system)

    assert [agent["slug"] for agent in found["agents"]] == ["vercel-deploy-agent"]
    assert found["proposals"] == []


async def test_without_a_default_branch_nobody_has_permissions(
    system: Beside, repository: Path
) -> None:
    key = await system.key("vercel-deploy-agent")
    git(repository, "branch", "-m", "main", "trunk")

    found = await agents(system)

    assert (found["ref"], found["agents"]) == (None, [])
    assert "ORCHESTRA_DEFAULT_BRANCH" in found["problems"][0]["hint"]
    assert await outcome(system, WRITE, key) == "deny"


def test_every_topic_can_be_a_context_source() -> None:
    assert set(TOPICS) <= set(SOURCES)
    assert {topic for topics in SOURCES.values() for topic in topics} <= set(TOPICS)
