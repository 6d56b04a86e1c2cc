"""`connect` writes the configuration of each agent, keeps what is not ours, and takes its own out."""

import contextlib
import fcntl
import json
import os
import tomllib
from pathlib import Path

import pytest
from orchestra.coordination.connect import BRANDS, Order, Tree, connect
from orchestra.coordination.connect.testing import SPEC, files, make_repository, run
from orchestra.shared.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.requirement("agent.connect")

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "shop")


@pytest.mark.requirement("agent.rules", "agent.spec")
@pytest.mark.parametrize("brand", BRANDS)
def test_each_agent_gets_what_it_reads(brand: str, repository: Path) -> None:
    before = set(files(repository))
    run(repository, brand)
    written = {
        path: text.decode()
        for path, text in files(repository).items()
        if path not in before and not path.endswith(("orchestra-hook", "written.json"))
    }

    shown = "".join(f"=== {path}\n{text}" for path, text in written.items())
    golden = GOLDEN / f"{brand}.txt"
    if not golden.exists():
        golden.write_text(shown)
        pytest.fail(f"{golden.name} was written; look at it and run again")
    assert shown == golden.read_text()


def test_a_second_run_changes_nothing(repository: Path) -> None:
    run(repository)
    before = files(repository)

    assert run(repository).edits == ()
    assert files(repository) == before


def test_removal_leaves_the_repository_as_it_was(repository: Path) -> None:
    before = files(repository)
    run(repository)
    assert len(files(repository)) > len(before) + 15

    run(repository, remove=True)

    assert files(repository) == before
    assert [path.name for path in repository.iterdir()] == [".cursor"]


def test_one_agent_can_go_and_the_others_stay(repository: Path) -> None:
    run(repository, "claude", "codex")
    run(repository, "claude", remove=True)

    there = set(files(repository))
    assert ".mcp.json" not in there
    assert {".codex/config.toml", ".codex/hooks.json", "AGENTS.md"} <= there
    with pytest.raises(NotFound, match="`claude` is not connected here"):
        run(repository, "claude", remove=True)


def test_what_others_wrote_stays_byte_for_byte(repository: Path) -> None:
    theirs = {
        ".mcp.json": '{"mcpServers":{"gh":{"command":"x"}},  "z":[1,2 ,3]}\n',
        ".claude/settings.json": '{\r\n\t"model": "opus",\r\n\t"permissions": {"deny": ["Bash(rm:*)"]},\r\n'
        '\t"hooks": {"PreToolUse": [\r\n\t\t{"matcher": "Bash", "hooks": [{"type": "command",'
        ' "command": "mine"}]}\r\n\t]}\r\n}\r\n',
        ".codex/config.toml": '# mine\nmodel = "x" # c\n\n[mcp_servers.gh]\ncommand = "gh"\n\n[other]\na=1\n',
        ".cursor/hooks.json": '{"version": 1, "hooks": {"stop": [{"command": "./mine"}]}}\n',
        ".factory/settings.json": '{"commandBlocklist": ["rm -rf /"]}\n',
        "AGENTS.md": "# Shop\n\nText.\n",
        "CLAUDE.md": "Be kind.\n",
    }
    for path, text in theirs.items():
        (repository / path).parent.mkdir(exist_ok=True)
        (repository / path).write_bytes(text.encode())
    before = files(repository)

    run(repository)
    settings = json.loads((repository / ".claude/settings.json").read_text())
    codex = tomllib.loads((repository / ".codex/config.toml").read_text())
    hooks = json.loads((repository / ".cursor/hooks.json").read_text())["hooks"]

    assert settings["model"] == "opus"
    assert settings["permissions"]["deny"][0] == "Bash(rm:*)"
    assert settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"] == "mine"
    assert set(codex["mcp_servers"]) == {"gh", "orchestra"}
    assert hooks["stop"][0] == {"command": "./mine"}
    assert (repository / "CLAUDE.md").read_text().endswith("Be kind.\n")
    assert b"\n" not in (repository / ".claude/settings.json").read_bytes().replace(b"\r\n", b"")
    assert run(repository).edits == ()

    run(repository, remove=True)
    assert files(repository) == before


def test_a_rule_that_was_there_before_is_not_taken_out(repository: Path) -> None:
    theirs = '{"permissions": {"deny": ["Bash(helm install:*)"]}}\n'
    (repository / ".claude").mkdir()
    (repository / ".claude/settings.json").write_text(theirs)

    run(repository, "claude")
    run(repository, "claude", remove=True)

    assert (repository / ".claude/settings.json").read_text() == theirs


def test_a_permission_that_is_given_opens_the_second_wall(repository: Path) -> None:
    def denied() -> str:
        return "".join(
            (repository / path).read_text()
            for path in (
                ".claude/settings.json",
                ".codex/rules/orchestra.rules",
                ".cursor/cli.json",
                ".factory/settings.json",
            )
            if (repository / path).exists()
        )

    run(repository)
    assert denied().count("terraform") >= 8
    assert "vercel" not in denied()

    spec = repository / ".cursor/agents/vercel_deploy.yaml"
    spec.write_text(SPEC.replace("  - vercel:deploy", "  - vercel:deploy\n  - terraform:write"))
    run(repository)
    assert "terraform" not in denied()
    assert "helm" in denied()

    spec.unlink()
    run(repository)
    assert "helm" not in denied()


def test_the_helper_of_a_spec_that_is_gone_goes_too(repository: Path) -> None:
    run(repository)
    assert (repository / ".claude/agents/vercel-deploy-agent.md").exists()

    (repository / ".cursor/agents/vercel_deploy.yaml").unlink()
    run(repository)

    left = set(files(repository))
    assert not any("vercel-deploy-agent" in path for path in left)


def test_permission_hooks_fail_closed_where_there_is_a_spec(tmp_path: Path) -> None:
    governed = make_repository(tmp_path / "governed")
    free = make_repository(tmp_path / "free", spec=False)
    run(governed)
    run(free)

    def asked(folder: Path) -> list[str]:
        claude = json.loads((folder / ".claude/settings.json").read_text())["hooks"]
        codex = json.loads((folder / ".codex/hooks.json").read_text())["hooks"]
        factory = json.loads((folder / ".factory/hooks.json").read_text())
        return [h["PreToolUse"][0]["hooks"][0]["command"] for h in (claude, codex, factory)]

    cursor = json.loads((governed / ".cursor/hooks.json").read_text())["hooks"]
    assert all(command.endswith(" closed || exit 2") for command in asked(governed))
    assert all(command.endswith(" open") for command in asked(free))
    assert cursor["beforeShellExecution"][0]["failClosed"] is True
    assert "failClosed" not in cursor["sessionStart"][0]

    run(governed, fail_mode="open")
    assert all(command.endswith(" open") for command in asked(governed))
    assert run(governed).edits == (), "what was chosen is remembered"


def test_the_address_is_remembered(repository: Path) -> None:
    run(repository, "codex", url="https://orchestra.example")
    run(repository)

    codex = tomllib.loads((repository / ".codex/config.toml").read_text())
    assert codex["mcp_servers"]["orchestra"]["url"] == "https://orchestra.example/mcp"


def test_no_file_holds_a_key_or_a_path_of_this_machine(repository: Path) -> None:
    run(repository)

    for path, content in files(repository).items():
        assert str(repository).encode() not in content, path
        assert b"orc_" not in content, path


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (".mcp.json", '{\n  "mcpServers": {,}\n}', "`.mcp.json:2` is not JSON"),
        (".mcp.json", "// x\n{}", "`.mcp.json:1` is not JSON"),
        (".mcp.json", "[]", "`.mcp.json:1` must hold an object"),
        (".mcp.json", '{"mcpServers": []}', "`mcpServers` must be an object"),
        (
            ".mcp.json",
            '{"a":1,\n"mcpServers":{},\n"mcpServers":{}}',
            "`.mcp.json:3` `mcpServers` st",
        ),
        (".mcp.json", "[" * 100_000, "nested too deeply"),
        (".claude/settings.json", '{"hooks":\n {"Stop": {}}}', "`hooks.Stop` must be a list"),
        (".codex/config.toml", "a = 1\nb = \n", "`.codex/config.toml:2` is not TOML"),
        (
            ".codex/config.toml",
            "x=1\nmcp_servers = {a={}}",
            "`.codex/config.toml:2` leaves no place",
        ),
        ("AGENTS.md", "a\n<!-- orchestra:begin -->\nb\n", "`AGENTS.md:2` has a marker"),
        ("AGENTS.md", b"a\n\xff", "`AGENTS.md:2` is not UTF-8"),
        (".cursor/agents/bad.yaml", "name: A\nfoo: 1\n", ".cursor/agents/bad.yaml:2"),
        (".ai-context/connect/written.json", "{}x", "cannot be read"),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_nothing_is_written(
    path: str, text: str | bytes, said: str, repository: Path
) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = files(repository)

    with pytest.raises(Invalid) as raised:
        run(repository)

    assert said in raised.value.message
    assert raised.value.hint
    assert files(repository) == before


def test_a_file_of_the_same_name_that_is_not_ours_is_refused(repository: Path) -> None:
    (repository / ".claude/agents").mkdir(parents=True)
    (repository / ".claude/agents/vercel-deploy-agent.md").write_text("mine\n")

    with pytest.raises(Conflict, match="was not written by"):
        run(repository)

    assert not (repository / ".mcp.json").exists()


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("path", [".mcp.json", ".claude/settings.json", "AGENTS.md", ".codex"])
def test_a_link_is_never_followed(path: str, repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("{}")
    (repository / path).parent.mkdir(exist_ok=True)
    (repository / path).symlink_to(outside if path == ".codex" else outside / "file")

    with pytest.raises(Invalid, match="cannot be read"):
        run(repository)

    assert [p.name for p in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "{}"


def test_a_claude_page_that_links_to_the_agents_page_is_left_alone(repository: Path) -> None:
    (repository / "AGENTS.md").write_text("# Shop\n")
    (repository / "CLAUDE.md").symlink_to("AGENTS.md")

    run(repository, "claude")

    assert (repository / "CLAUDE.md").is_symlink()
    assert "## Orchestra" in (repository / "CLAUDE.md").read_text()
    run(repository, remove=True)
    assert (repository / "CLAUDE.md").read_text() == "# Shop\n"


def test_a_file_that_cannot_be_written_undoes_the_others(repository: Path) -> None:
    tree = Tree(repository)
    edits = connect(tree, Order()).edits
    (repository / ".factory").write_text("a file where a folder belongs")
    before = files(repository)

    with pytest.raises(Invalid):
        tree.write(edits)

    assert files(repository) == before


def test_a_file_that_changes_in_between_is_not_overwritten(repository: Path) -> None:
    tree = Tree(repository)
    edits = connect(tree, Order()).edits
    (repository / "AGENTS.md").write_text("new\n")

    with pytest.raises(Conflict, match="`AGENTS.md` changed in the meantime"):
        tree.write(edits)

    assert (repository / "AGENTS.md").read_text() == "new\n"
    assert not (repository / ".mcp.json").exists()


def test_a_byte_order_mark_and_the_mode_of_a_file_stay(repository: Path) -> None:
    path = repository / ".mcp.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n')
    path.chmod(0o600)

    run(repository, "claude")
    assert path.read_bytes().startswith(b'\xef\xbb\xbf{"a": 1, "mcpServers"')
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(repository).edits == ()

    run(repository, remove=True)
    assert path.read_bytes() == b'\xef\xbb\xbf{"a": 1}\n'


def test_two_runs_at_once_do_not_mix(repository: Path) -> None:
    tree = Tree(repository)
    edits = connect(tree, Order()).edits
    other = os.open(repository, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)

    with pytest.raises(Conflict, match="another `orchestra connect`"):
        tree.write(edits)

    os.close(other)
    tree.write(edits)


def test_a_formatter_and_the_line_ends_of_windows_change_nothing(repository: Path) -> None:
    run(repository)
    for path, content in files(repository).items():
        if path.endswith(".json"):
            (repository / path).write_text(json.dumps(json.loads(content), indent=4))
        elif path.startswith((".claude/", ".cursor/", ".factory/", "AGENTS", "CLAUDE")):
            (repository / path).write_bytes(content.replace(b"\n", b"\r\n"))

    assert [edit.path for edit in run(repository).edits] == []


@pytest.mark.requirement("trust.inputs")
def test_text_of_a_rule_cannot_leave_its_cell(repository: Path) -> None:
    (repository / ".cursor/rules/a (b).mdc").write_text(
        "---\ndescription: x](http://evil) | `y` <!-- orchestra:end -->\nglobs:\n  - 'a|b`c'\n---\n"
    )
    run(repository)

    page = (repository / "AGENTS.md").read_text()
    (row,) = [line for line in page.splitlines() if "evil" in line]
    assert row == (
        "| `a/b'c` | [x)(http://evil) / 'y' (!-- orchestra:end --)](.cursor/rules/a%20%28b%29.mdc) |"
    )
    assert run(repository).edits == ()


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize(
    "path",
    [
        "../victim",
        ".ai-context/hooks/../../../victim",
        "{outside}/victim",
        "mine.md",
        ".ai-context/config.toml",
    ],
)
def test_a_forged_record_deletes_nothing_that_is_not_ours(
    path: str, repository: Path, tmp_path: Path
) -> None:
    victims = [tmp_path / "victim", repository / "mine.md", repository / ".ai-context/config.toml"]
    (repository / ".ai-context/connect").mkdir(parents=True)
    for victim in victims:
        victim.write_text("Written by `orchestra connect`" if victim.name == "victim" else "mine")
    forged = {"version": 1, "agents": ["codex"], "files": {path.format(outside=tmp_path): {}}}
    (repository / ".ai-context/connect/written.json").write_text(json.dumps(forged))

    with contextlib.suppress(Invalid):
        run(repository, "codex", remove=True)

    assert all(victim.exists() for victim in victims)
