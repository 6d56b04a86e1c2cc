"""The embedded server after every kind of accident, with real processes and real signals."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.lock import exclusive, pause
from orchestra.shared.postgres.processes import is_alive
from orchestra.shared.postgres.server import Server
from orchestra.shared.testing.postgres import server_folder

SMALL = {"shared_buffers": "32MB"}
RACERS = 10

RACES = """
import os, sys, pathlib, psycopg
from orchestra.shared.postgres import EmbeddedPostgres

def race(folder):
    server = EmbeddedPostgres(folder, settings={"shared_buffers": "32MB"})
    try:
        with psycopg.connect(server.ensure()) as connection:
            return "ok" if connection.execute("select 1").fetchone() == (1,) else "?"
    except BaseException as error:
        return repr(error)

for line in sys.stdin:
    pids = []
    for _ in range(int(sys.argv[1])):
        if not (pid := os.fork()):
            os.write(1, (race(pathlib.Path(line.strip())) + "\\n").encode())
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
"""

BEGINNER = """
import sys, pathlib, os
from orchestra.shared.postgres import EmbeddedPostgres
folder = pathlib.Path(sys.argv[1])
EmbeddedPostgres(folder, progress=lambda said: print(said, flush=True)).ensure()
print(EmbeddedPostgres(folder).status().pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def races() -> Iterator[subprocess.Popen[str]]:
    with python(RACES, str(RACERS)) as process:
        yield process


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder that goes through every accident in turn."""
    with server_folder() as path:
        yield path


@pytest.fixture
def empty() -> Iterator[Path]:
    with server_folder() as path:
        yield path


@contextlib.contextmanager
def python(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def told(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def started(folder: Path) -> tuple[EmbeddedPostgres, int]:
    """A server with one row that must never be lost, and its process."""
    server = EmbeddedPostgres(folder, settings=SMALL)
    with psycopg.connect(server.ensure()) as connection:
        connection.execute("drop table if exists kept")
        connection.execute("create table kept as values (7)")
    pid = server.status().pid
    assert pid is not None
    return server, pid


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while is_alive(pid):
        pause(0.005)


def rows(server: EmbeddedPostgres) -> object:
    with psycopg.connect(server.ensure()) as connection:
        return connection.execute("select count(*) from kept").fetchone()


def running(folder: Path) -> None:
    started(folder)


def dead(folder: Path) -> None:
    killed(started(folder)[1])


def dead_and_its_pid_is_reused(folder: Path) -> None:
    """The note names a live process that has nothing to do with PostgreSQL: this one."""
    dead(folder)
    note = Layout(folder).pid_file
    note.write_text("\n".join([str(os.getpid()), *note.read_text().splitlines()[1:], ""]))


def dead_and_its_note_is_empty(folder: Path) -> None:
    dead(folder)
    Layout(folder).pid_file.write_text("")


def dead_and_its_note_is_torn(folder: Path) -> None:
    dead(folder)
    Layout(folder).pid_file.write_text("12")


@pytest.mark.requirement("trust.durability")
@pytest.mark.parametrize(
    "accident",
    [
        running,
        dead,
        dead_and_its_pid_is_reused,
        dead_and_its_note_is_empty,
        dead_and_its_note_is_torn,
    ],
    ids=lambda accident: accident.__name__,
)
def test_ten_processes_that_race_all_get_the_one_server(
    folder: Path, races: subprocess.Popen[str], accident: Callable[[Path], None]
) -> None:
    accident(folder)
    race(folder, races)


@pytest.mark.requirement("trust.durability")
def test_ten_processes_that_race_make_one_server(empty: Path, races: subprocess.Popen[str]) -> None:
    race(empty, races)


def race(folder: Path, races: subprocess.Popen[str]) -> None:
    told(races, str(folder))
    assert [said(races) for _ in range(RACERS)] == ["ok"] * RACERS
    assert len([p for p in Server(Layout(folder)).processes() if p.leads]) == 1


@pytest.mark.requirement("trust.durability")
def test_a_server_that_is_dead_and_not_yet_buried_is_replaced(folder: Path) -> None:
    EmbeddedPostgres(folder).stop()
    with python(BEGINNER, str(folder)) as starter:
        while not (line := said(starter)).isdecimal():
            pass
        pid = int(line)
        os.kill(starter.pid, signal.SIGSTOP)  # so that it cannot bury its child
        os.waitpid(starter.pid, os.WUNTRACED)
        killed(pid)
        assert Path(f"/proc/{pid}/comm").read_text() == "postgres\n"
        server, other = started(folder)
        assert other != pid
        assert Path(f"/proc/{pid}").exists()
        assert rows(server) == (1,)


@pytest.mark.requirement("trust.durability")
def test_backends_that_outlive_their_server_do_not_hold_up_the_next_one(folder: Path) -> None:
    server, pid = started(folder)
    busy = psycopg.connect(server.dsn, autocommit=True)
    backend = busy.info.backend_pid

    def work() -> None:
        with contextlib.suppress(psycopg.OperationalError):
            busy.execute("select count(*) from generate_series(1, 100000000000)")

    thread = threading.Thread(target=work)
    with psycopg.connect(server.maintenance_dsn(), autocommit=True) as watching:
        thread.start()
        query = "select count(*) from pg_stat_activity where pid = %s and state = 'active'"
        while watching.execute(query, (backend,)).fetchone() != (1,):
            pause(0.005)
    killed(pid)
    assert is_alive(backend)
    assert rows(server) == (1,)
    assert not is_alive(backend)
    thread.join()
    busy.close()


@pytest.mark.requirement("trust.durability")
def test_nothing_is_lost_when_every_process_is_killed_again_and_again(folder: Path) -> None:
    server, _ = started(folder)
    for count in range(1, 6):
        assert rows(server) == (count,)
        with psycopg.connect(server.dsn) as connection:
            connection.execute("insert into kept values (8)")
        for process in Server(Layout(folder)).processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


@pytest.mark.requirement("trust.durability")
def test_a_killed_backend_only_pauses_the_service(folder: Path) -> None:
    server, pid = started(folder)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    assert rows(server) == (1,)
    assert server.status().pid == pid


@pytest.mark.requirement("trust.durability")
def test_a_live_server_whose_note_was_emptied_is_adopted_not_doubled(folder: Path) -> None:
    server, pid = started(folder)
    Layout(folder).pid_file.write_text("")
    server.ensure()
    assert server.status().pid == pid
    server.stop()
    assert not is_alive(pid)
    assert rows(server) == (1,)


def test_a_server_whose_socket_was_swept_away_comes_back(folder: Path) -> None:
    server, pid = started(folder)
    Layout(folder).socket.unlink()
    assert server.status().detail == "the server does not run"
    assert server.status().pid == pid
    assert rows(server) == (1,)
    assert not is_alive(pid)


@pytest.mark.requirement("trust.durability")
def test_a_first_start_that_was_killed_is_done_again(empty: Path) -> None:
    with python(BEGINNER, str(empty)) as starter:
        assert said(starter) == "making the database"
        while not list(empty.glob("postgres/data.partial-*/PG_VERSION")):
            pause(0.005)
        starter.kill()
    server, _ = started(empty)
    assert rows(server) == (1,)
    assert not list(empty.glob("postgres/data.partial-*"))


def test_a_start_waits_for_the_one_that_is_under_way(folder: Path) -> None:
    results: list[object] = []
    server = EmbeddedPostgres(folder, settings=SMALL)
    server.stop()
    thread = threading.Thread(target=lambda: results.append(server.ensure()))
    with exclusive(Layout(folder).lock_file, wait=1):
        thread.start()
        assert Server(Layout(folder)).processes() == []
    thread.join(60)
    assert results == [server.dsn]
