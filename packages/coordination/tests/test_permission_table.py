"""Every spec, every kind of act, clean and tainted: what the rules say, cell by cell."""

import dataclasses
import itertools

import pytest
from orchestra.coordination.governance import Act
from orchestra.coordination.governance.rules import Standing, judge
from orchestra.coordination.specs import AgentSpec, load_specs, slug_of
from orchestra.shared.identity import Kind

pytestmark = pytest.mark.requirement("agent.enforce")

DEPLOYER, WATCHER, EDITOR = load_specs(
    {
        "a.yaml": "name: Vercel Deploy Agent\npermissions: [pulumi:write, vercel:deploy,"
        ' lambda:monitor]\nauto_approve_patterns: ["*.tsx", "*.py", "pulumi/*.py"]\n',
        "b.yaml": "name: Watcher\npermissions: [lambda:monitor, pulumi:preview]\n",
        "c.yaml": 'name: Editor\nauto_approve_patterns: ["docs/**", "*.md"]\n',
    }
)
WHO: dict[str, AgentSpec | None] = {
    "vercel-deploy-agent": DEPLOYER,
    "watcher": WATCHER,
    "editor": EDITOR,
    "codex": None,
}


def act(
    permission: str | None, *paths: str, destructive: bool = False, egress: bool = False
) -> Act:
    return Act(permission, "an act", {}, paths, destructive, egress)


ACTS = {
    "look at a GPU": act("lambda:monitor"),
    "preview a stack": act("pulumi:preview"),
    "deploy": act("vercel:deploy"),
    "deploy a page": act("vercel:deploy", "app/page.tsx"),
    "deploy a page and its notes": act("vercel:deploy", "app/page.tsx", "README.md"),
    "write a stack": act("pulumi:write", "pulumi/__main__.py"),
    "write a deep stack file": act("pulumi:write", "pulumi/net/vpc.yaml"),
    "destroy a stack": act("pulumi:write", "pulumi/__main__.py", destructive=True),
    "edit code": act(None, "src/a.py"),
    "edit docs": act(None, "docs/a/b.md"),
    "edit its own spec": act(None, ".cursor/agents/a.py"),
    "edit a hook": act(None, ".git/hooks/pre-commit.py"),
    "edit outside": act(None, "../../etc/cron.d/a.py"),
    "run a test": act(None),
    "remove files": act(None, destructive=True),
    "send something": act(None, egress=True),
}
ALLOW, ASK, DENY = "allow", "ask", "deny"
COLUMNS = ("vercel-deploy-agent", "watcher", "editor", "codex")
CLEAN = {
    "look at a GPU": (ALLOW, ALLOW, DENY, DENY),
    "preview a stack": (DENY, ALLOW, DENY, DENY),
    "deploy": (ASK, DENY, DENY, DENY),
    "deploy a page": (ALLOW, DENY, DENY, DENY),
    "deploy a page and its notes": (ASK, DENY, DENY, DENY),
    "write a stack": (ALLOW, DENY, DENY, DENY),
    "write a deep stack file": (ASK, DENY, DENY, DENY),
    "destroy a stack": (ASK, DENY, DENY, DENY),
    "edit code": (ALLOW, ASK, ASK, ALLOW),
    "edit docs": (ASK, ASK, ALLOW, ALLOW),
    "edit its own spec": (ASK, ASK, ASK, ASK),
    "edit a hook": (ASK, ASK, ASK, ASK),
    "edit outside": (ASK, ASK, ASK, ASK),
    "run a test": (ALLOW, ALLOW, ALLOW, ALLOW),
    "remove files": (ASK, ASK, ASK, ASK),
    "send something": (ALLOW, ALLOW, ALLOW, ALLOW),
}
TAINTED = CLEAN | {
    "deploy a page": (ASK, DENY, DENY, DENY),
    "write a stack": (ASK, DENY, DENY, DENY),
    "edit code": (ASK, ASK, ASK, ALLOW),
    "edit docs": (ASK, ASK, ASK, ALLOW),
    "send something": (ASK, ASK, ASK, ASK),
}


def standing(name: str, kind: Kind = "agent", **more: bool) -> Standing:
    spec = WHO[name] if kind == "agent" else None
    tainted, decides = more.get("tainted", False), more.get("decides", False)
    return Standing(kind, decides, spec, slug_of(name), tainted)


@pytest.mark.parametrize("tainted", [False, True], ids=["clean", "tainted"])
@pytest.mark.parametrize(("column", "name"), [*enumerate(COLUMNS)])
@pytest.mark.parametrize("what", ACTS)
def test_an_agent_may_what_the_table_says(what: str, column: int, name: str, tainted: bool) -> None:
    judged = judge(ACTS[what], standing(name, tainted=tainted))

    assert judged.outcome == (TAINTED if tainted else CLEAN)[what][column], judged.reason
    assert judged.reason


@pytest.mark.parametrize("what", ACTS)
def test_a_scope_for_people_gives_an_agent_nothing(what: str) -> None:
    for name in COLUMNS:
        plain, scoped = standing(name), standing(name, decides=True)

        assert judge(ACTS[what], scoped) == judge(ACTS[what], plain)


@pytest.mark.parametrize("what", ACTS)
def test_a_service_has_no_permissions_and_a_person_who_decides_has_all(what: str) -> None:
    service = judge(ACTS[what], standing("codex", "service"))
    person = judge(ACTS[what], standing("codex", "human", decides=True))
    other = judge(ACTS[what], standing("codex", "human"))
    needs = ACTS[what].permission is not None

    assert (service.outcome == DENY) == needs
    assert person.outcome == ALLOW
    assert other.outcome == (ASK if needs or ACTS[what].destructive else ALLOW)


@pytest.mark.parametrize(
    ("name", "what"), [*itertools.product(COLUMNS, [w for w in ACTS if ACTS[w].paths])]
)
def test_one_more_path_or_a_danger_never_makes_an_act_freer(name: str, what: str) -> None:
    order = {ALLOW: 0, ASK: 1, DENY: 2}
    who, one = standing(name), ACTS[what]
    freedom = order[judge(one, who).outcome]

    for riskier, by in (
        (dataclasses.replace(one, paths=(*one.paths, "secret.txt")), who),
        (dataclasses.replace(one, destructive=True), who),
        (dataclasses.replace(one, egress=True), who),
        (one, dataclasses.replace(who, tainted=True)),
    ):
        assert order[judge(riskier, by).outcome] >= freedom
