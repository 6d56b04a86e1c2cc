"""Agent specs: the form of the promise, and everything else refused with its line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from orchestra.coordination.specs import AgentSpec, check_specs, load_specs, matches, slug_of
from orchestra.shared.errors import Invalid
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("agent.spec")

GOOD = """\
name: Vercel Deploy Agent
permissions:
  - pulumi:write
  - vercel:deploy
  - lambda:monitor
auto_approve_patterns:
  - "*.tsx"
  - "*.py"
  - "pulumi/*.py"
context_sources:
  - lambda_stats
  - deployment_history
  - performance_metrics
"""


def load(text: str) -> AgentSpec:
    return load_specs({".cursor/agents/a.yaml": text})[0]


def test_the_spec_of_the_promise_is_read() -> None:
    spec = load(GOOD)

    assert spec.slug == "vercel-deploy-agent"
    assert spec.permissions == ("pulumi:write", "vercel:deploy", "lambda:monitor")
    assert spec.auto_approve_patterns == ("*.tsx", "*.py", "pulumi/*.py")
    assert spec.context_sources == ("lambda_stats", "deployment_history", "performance_metrics")
    assert spec.topics == (
        "lambda_utilization",
        "deployment_status",
        "ci_runs",
        "database_status",
    )
    assert len(spec.digest) == 64


def test_this_repository_ships_specs_that_are_good() -> None:
    folder = Path(__file__).parents[3] / ".cursor" / "agents"
    texts = {str(path): path.read_text() for path in folder.glob("*.yaml")}

    assert load_specs(texts)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "empty"),
        ("- a\n", 1, "not a map"),
        ("name: A\nname: B\n", 2, "stands twice"),
        ("name: A\npermissions:\n  - a:b\n  - a:b\n", 2, "stands twice"),
        ("name: A\npermissions: !!python/object/apply:os.system [id]\n", 2, "tag"),
        ("name: !!str A\n", 1, "tag"),
        ("%YAML 1.1\n---\nname: A\n", 1, "directive"),
        ("name: A\npermissions: &a [a:b]\nauto_approve_patterns: *a\n", 2, "anchor"),
        ("name: A\nauto_approve_patterns:\n  - *.py\n", 3, "anchor"),
        ("name: A\n<<: {a: b}\n", 2, "no text"),
        ("name: A\n---\nname: B\n", 2, "second document"),
        ("name: A\npermissions: [[[[[[a]]]]]]\n", 2, "nested"),
        ("name: A\npermissions: [\n", 3, "no YAML"),
        ("name: A\n\tx: 1\n", 2, "no YAML"),
        ("name: A\x00\n", 1, "forbids"),
        ("name: yes\n", 1, "no text"),
        ("name: 5\n", 1, "no text"),
        ("name:\n", 1, "no value"),
        ("permissions: []\n", 1, "`name` is lacking"),
        ("name: A\npermision: []\n", 2, "no field"),
        ("name: A\npermissions: a:b\n", 2, "is a text"),
        ("name: A\npermissions:\n  - a:b\n  - pulumi:*\n", 4, "does not fit"),
        ("name: A\npermissions:\n  - 'Pulumi:write'\n", 3, "does not fit"),
        ("name: A\npermissions:\n  - 'pulumi:wr\u0456te'\n", 3, "does not fit"),
        ("name: 'A '\n", 1, "does not fit"),
        ("name: \u0410gent\n", 1, "does not fit"),
        ("name: A@laptop\n", 1, "does not fit"),
        ("name: ../A\n", 1, "does not fit"),
        ("name: A\ncontext_sources:\n  - secrets\n", 3, "no such source"),
        ("name: A\nauto_approve_patterns:\n  - 'a.py'\n  - '.*'\n", 4, "nearly all"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(text)

    assert f".cursor/agents/a.yaml:{line}: " in refused.value.message
    assert said in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "*",
            "**",
            ".*",
            "**/*",
            "*/*",
            "*.*",
            "?*",
            "/**",
            "**/.*",
            "../*.py",
            "a//b",
            "/",
            "./a",
        ),
        *("(a+)+$", "^a", "a|b", "[a-z]*.py", "{a,b}", "a\\.py", "!a.py", "#a", "docs/", "a**b"),
        *(".*.py", "***", "a*b*c*d*e*f*g*h*i*", "", "a\u202e.py", "x" * 201, "_*", "-?*"),
    ],
)
def test_a_pattern_that_is_no_choice_of_files_is_refused(pattern: str) -> None:
    text = f"name: A\nauto_approve_patterns:\n  - {json.dumps(pattern)}\n"

    with pytest.raises(Invalid, match=r"a\.yaml:3: "):
        load(text)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.py", "a.py", True),
        ("*.py", "deep/down/a.py", True),
        ("*.py", "a.pyc", False),
        ("*.py", "a.PY", False),
        ("pulumi/*.py", "pulumi/a.py", True),
        ("pulumi/*.py", "pulumi/b/a.py", False),
        ("pulumi/*.py", "x/pulumi/a.py", False),
        ("pulumi/**", "pulumi/b/a.py", True),
        ("pulumi/**", "pulumi", False),
        ("**/test_*.py", "a/b/test_x.py", True),
        ("a/**/z.py", "a/z.py", True),
        ("a/**/z.py", "a/b/c/z.py", True),
        ("/a.py", "a.py", True),
        ("/a.py", "b/a.py", False),
        ("a?.py", "ab.py", True),
        ("a?.py", "a/.py", False),
        ("a.b+c", "a.b+c", True),
        ("a.b", "axb", False),
        ("*.py", "../a.py", False),
        ("*.py", "/a.py", False),
        ("*.py", "b/../a.py", False),
        ("*.py", "b//a.py", False),
        ("*.py", "a.py ", False),
        ("*.py", "b\\a.py", False),
        ("*.py", "a\n.py", False),
        ("*.py", "a\u202e.py", False),
        ("*.py", ".git/hooks/a.py", False),
        ("*.py", "sub/.GIT/hooks/a.py", False),
        ("*.py", ".ai-context/hooks/a.py", False),
        ("*.py", ".Claude/a.py", False),
        ("*.yaml", ".cursor/agents/a.yaml", False),
        ("*.py", ".env.py", False),
    ],
)
def test_patterns_are_read_as_in_a_gitignore(pattern: str, path: str, expected: bool) -> None:
    text = f"name: A\nauto_approve_patterns: [{json.dumps(pattern)}]\n"

    assert matches(load(text).auto_approve_patterns, path) is expected


def test_two_files_that_name_one_agent_are_both_refused() -> None:
    checked = check_specs({"a.yaml": "name: The Agent\n", "b.yaml": "name: the-agent\n"})

    assert checked.specs == ()
    assert [problem.path for problem in checked.problems] == ["a.yaml", "b.yaml"]


def test_one_bad_file_leaves_the_others_in_force() -> None:
    checked = check_specs({"a.yaml": "name: [", "b.yaml": GOOD})

    assert [spec.path for spec in checked.specs] == ["b.yaml"]
    assert [problem.path for problem in checked.problems] == ["a.yaml"]


@pytest.mark.parametrize(
    ("principal", "slug"),
    [
        ("vercel-deploy-agent", "vercel-deploy-agent"),
        ("vercel-deploy-agent@laptop", "vercel-deploy-agent"),
        ("Vercel Deploy Agent", "vercel-deploy-agent"),
        ("vercel-deploy-agents", "vercel-deploy-agents"),
        ("@vercel-deploy-agent", ""),
    ],
)
def test_a_principal_acts_under_the_spec_of_its_name(principal: str, slug: str) -> None:
    assert slug_of(principal) == slug


def check(folder: Path, *arguments: str) -> tuple[int, dict[str, list[dict[str, object]]]]:
    done = subprocess.run(
        [sys.executable, "-m", "orchestra.coordination.specs", *arguments],
        cwd=folder,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_files_are_checked_without_a_system(tmp_path: Path) -> None:
    (tmp_path / ".cursor/agents").mkdir(parents=True)
    (tmp_path / ".cursor/agents/good.yaml").write_text(GOOD)
    assert check(tmp_path)[0] == 0

    (tmp_path / ".cursor/agents/bad.yml").write_text("name: A\nfoo: 1\n")
    (tmp_path / ".cursor/agents/link.yaml").symlink_to("/etc/passwd")
    code, said = check(tmp_path)

    assert code == 1
    assert [agent["slug"] for agent in said["agents"]] == ["vercel-deploy-agent"]
    assert [(str(p["path"])[15:], p["line"]) for p in said["problems"]] == [
        ("link.yaml", 1),
        ("bad.yml", 2),
    ]
    assert check(tmp_path, "nothing.yaml")[0] == 1
