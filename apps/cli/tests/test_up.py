"""`orchestra up` brings everything up, and takes everything down."""

import json
import os
import shlex
import signal
import socket
import subprocess
from pathlib import Path

import httpx2
import pytest
from orchestra.cli.testing import ORCHESTRA, Running, make_repository
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("repo.any-repo")


def processes_of(state: Path) -> list[str]:
    """The command lines of all processes that have to do with a state folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (entry / "environ").read_bytes().decode(errors="replace")
                place = str((entry / "cwd").resolve())
            except OSError:
                continue
            if str(state) in line + environment + place and int(entry.name) != os.getpid():
                found.append(line)
    return found


def ready(announcement: Path) -> bool:
    url = json.loads(announcement.read_text())["url"]
    try:
        return httpx2.get(f"{url}/readyz").is_success
    except httpx2.TransportError:
        return False


def test_it_says_where_it_is_and_keeps_its_secrets_to_itself(system: Running) -> None:
    announced = system.announced

    assert announced["url"].startswith("http://127.0.0.1:")
    assert announced["login"].startswith(f"{announced['url']}/#login=")
    assert announced["repository"] == str(system.repository)
    assert httpx2.get(f"{announced['url']}/readyz").json() == {"status": "ready"}
    for name in ("admin.key", "webhook.key"):
        assert (system.state / name).stat().st_mode & 0o777 == 0o600
    assert system.state.stat().st_mode & 0o077 in (0, 0o001)


def test_a_second_up_finds_the_first(system: Running) -> None:
    again = system.json("up", "--no-browser")

    assert (again["url"], again["already_running"]) == (system.announced["url"], True)


def test_what_up_says_to_type_works_as_it_is(folder: Path) -> None:
    make_repository(folder / "r")
    state = folder / "a state"
    with subprocess.Popen(
        [ORCHESTRA, "up", "--no-browser", "--port", "0", "--repo", "r", "--state-dir", "a state"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    ) as system:
        assert system.stderr is not None
        lines = [line.strip() for line in iter(system.stderr.readline, "\n")]  # up to a blank line
        lines += [line.strip() for line in iter(system.stderr.readline, "\n")]
        said = dict(line.split("  ", 1) for line in lines if "  " in line)
        for title in ("Once more", "Agents"):
            done = subprocess.run(
                shlex.split(said[title]),
                cwd="/",
                capture_output=True,
                text=True,
                env=child_environment(),
                timeout=60,
                check=False,
            )
            assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
        assert f"--state-dir '{state}'" in said["Watch"]
        system.send_signal(signal.SIGINT)


@pytest.mark.requirement("trust.durability")
def test_ctrl_c_leaves_no_process_behind(folder: Path) -> None:
    system = Running(make_repository(folder / "r"), folder / "state")
    assert len(processes_of(folder / "state")) >= 3

    assert system.stop() == 0

    assert processes_of(folder / "state") == []
    assert not (folder / "state" / "system.json").exists()


@pytest.mark.requirement("trust.durability")
def test_it_stops_within_five_seconds_though_streams_are_open(folder: Path) -> None:
    system = Running(make_repository(folder / "r"), folder / "state")
    key = (folder / "state" / "admin.key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{system.announced['url']}/api/v1/context/stream"
    with httpx2.stream("GET", url, headers=headers, timeout=30) as answer:
        lines = answer.iter_lines()
        assert "event: up-to-date" in lines  # reads up to that line
        stopping = system.stop()
        assert "event: bye" in list(lines)

    assert stopping == 0


@pytest.mark.requirement("trust.durability")
def test_the_api_is_started_again_when_it_is_killed(folder: Path) -> None:
    system = Running(make_repository(folder / "r"), folder / "state")
    before = system.json("status")
    announcement = folder / "state" / "system.json"

    os.kill(int(json.loads(announcement.read_text())["pid"]), signal.SIGKILL)
    assert system.up.stderr is not None
    assert any("started again" in line for line in system.up.stderr)
    while not ready(announcement):
        pass
    after = system.json("status")
    system.stop()

    assert after["seq"] >= before["seq"]
    assert after["started_at"] != before["started_at"]


@pytest.mark.requirement("ctx.push")
def test_context_watch_says_once_that_the_connection_is_lost_and_once_that_it_is_back(
    folder: Path,
) -> None:
    system = Running(make_repository(folder / "r"), folder / "state")
    announcement = json.loads((folder / "state" / "system.json").read_text())
    with subprocess.Popen(
        [ORCHESTRA, "context", "watch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=system.environment,
    ) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert any("up-to-date" in line for line in watching.stdout)
        os.kill(int(announcement["pid"]), signal.SIGKILL)
        said = [watching.stderr.readline() for _ in range(2)]
        watching.kill()
    system.stop()

    assert "trying again" in said[0]
    assert "is back" in said[1]


def test_the_api_does_not_outlive_a_killed_up_and_down_clears_the_rest(folder: Path) -> None:
    system = Running(make_repository(folder / "r"), folder / "state")
    system.kill()

    down = system.json("down")

    assert down["stopped"][-1] == "PostgreSQL"
    assert processes_of(folder / "state") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repo", "/nowhere/at/all"], "is not a folder"),
        (["--repo", "/proc"], "is not in a git repository"),
        (["--port", "99999"], "ORCHESTRA_PORT"),
    ],
)
@pytest.mark.requirement("trust.inputs")
def test_what_cannot_be_served_is_refused_with_a_hint(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [ORCHESTRA, "up", "--no-browser", *arguments],
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert said in done.stderr
    assert "hint" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.requirement("trust.inputs")
def test_a_taken_port_is_explained_without_what_was_logged_before(folder: Path) -> None:
    log = folder / "state" / "logs" / "api.log"
    log.parent.mkdir(parents=True)
    log.write_text("trouble of yesterday\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [ORCHESTRA, "up", "--no-browser", "--port", port, "--state-dir", folder / "state"],
            cwd=make_repository(folder / "r"),
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "yesterday" not in done.stderr
    assert processes_of(folder / "state") == []


@pytest.mark.requirement("trust.inputs")
def test_a_wrong_configuration_is_explained_without_a_traceback(folder: Path) -> None:
    repository = make_repository(folder / "r")
    (repository / ".ai-context").mkdir()
    (repository / ".ai-context" / "config.toml").write_text("[sources.github]\nlimit = 'x'\n")
    done = subprocess.run(
        [ORCHESTRA, "up", "--no-browser", "--port", "0", "--state-dir", folder / "state"],
        cwd=repository,
        capture_output=True,
        text=True,
        env=child_environment(),
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_of(folder / "state") == []
