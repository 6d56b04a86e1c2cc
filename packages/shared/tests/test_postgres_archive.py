"""Backups of the embedded server: whole, private, and the way back from a mistake."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from orchestra.shared.errors import Invalid, NotFound, Unavailable
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.testing.postgres import server_folder

FAST = {"shared_buffers": "32MB", "fsync": "off"}


@pytest.fixture(scope="module")
def only_server() -> Iterator[EmbeddedPostgres]:
    with server_folder() as folder:
        yield EmbeddedPostgres(folder, settings=FAST)


@pytest.fixture
def server(only_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server, with the same notes at the start of each test."""
    only_server.ensure()
    run(
        only_server,
        "drop schema if exists orchestra cascade",
        "create schema orchestra",
        "create table orchestra.notes (id int primary key, said text, at vector(3))",
        "insert into orchestra.notes select n, 'note ' || n, array[n, n + 1, n + 2]::vector"
        " from generate_series(1, 500) n",
        "create index on orchestra.notes using hnsw (at vector_l2_ops)",
        "comment on table orchestra.notes is 'kept'",
    )
    return only_server


def run(server: EmbeddedPostgres, *statements: str) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def fingerprint(server: EmbeddedPostgres, database: str = "orchestra") -> object:
    """All rows in one value, the owner, and the nearest note to a point, by the index."""
    dsn = server.dsn.replace("@/orchestra?", f"@/{database}?")
    with psycopg.connect(dsn) as connection:
        rows = "md5(string_agg(id || said || at::text, ',' order by id))"
        nearest = "select id from orchestra.notes order by at <-> '[41,42,43]' limit 1"
        return connection.execute(
            f"select {rows}, count(*), ({nearest}), obj_description('orchestra.notes'::regclass),"
            " (select tableowner from pg_tables where tablename = 'notes') from orchestra.notes"
        ).fetchone()


@pytest.mark.requirement("trust.durability")
def test_a_backup_comes_back_in_a_new_folder(server: EmbeddedPostgres, tmp_path: Path) -> None:
    backup = tmp_path / "today.dump"
    server.backup(backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["today.dump"]
    with server_folder() as elsewhere:
        other = EmbeddedPostgres(elsewhere, settings=FAST)
        other.restore(backup)
        assert fingerprint(other) == fingerprint(server)
        run(other, "insert into orchestra.notes values (0, 'new', '[0,0,0]')")


@pytest.mark.requirement("trust.durability")
def test_a_restore_replaces_what_is_there_and_keeps_a_copy(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.backup(tmp_path / "today.dump")
    before = fingerprint(server)
    run(server, "delete from orchestra.notes where id > 100", "create table orchestra.mistake ()")
    changed = fingerprint(server)
    client = psycopg.connect(server.dsn, autocommit=True)
    server.restore(tmp_path / "today.dump")
    with pytest.raises(psycopg.OperationalError):
        client.execute("select 1")
    client.close()
    assert fingerprint(server) == before
    assert fingerprint(server, "orchestra_before_restore") == changed
    server.restore(tmp_path / "today.dump")
    assert fingerprint(server, "orchestra_before_restore") == before


@pytest.mark.requirement("trust.inputs")
@pytest.mark.parametrize("damage", ["torn", "scrambled", "foreign", "empty"])
def test_a_damaged_backup_is_refused_before_anything_changes(
    server: EmbeddedPostgres, tmp_path: Path, damage: str
) -> None:
    backup = tmp_path / "today.dump"
    server.backup(backup)
    whole = backup.read_bytes()
    middle = len(whole) // 2
    backup.write_bytes(
        {
            "torn": whole[:-200],
            "scrambled": whole[:middle] + bytes(64) + whole[middle + 64 :],
            "foreign": b"PK\x03\x04 not ours",
            "empty": b"",
        }[damage]
    )
    before = fingerprint(server)
    with pytest.raises(Invalid, match=r"today\.dump` is not a whole backup"):
        server.restore(backup)
    assert fingerprint(server) == before


def test_a_backup_that_is_not_there_and_a_folder_that_is_not_there_are_named(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match=r"no backup `.*absent\.dump`"):
        server.restore(tmp_path / "absent.dump")
    with pytest.raises(Unavailable, match=r"absent/today\.dump` cannot be written"):
        server.backup(tmp_path / "absent" / "today.dump")


def test_a_backup_replaces_an_older_one_only_when_it_is_whole(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    backup = tmp_path / "today.dump"
    server.backup(backup)
    older = backup.read_bytes()
    with psycopg.connect(server.maintenance_dsn("orchestra"), autocommit=True) as connection:
        connection.execute(
            "create table orchestra.not_ours ()"
        )  # which the application may not read
    with pytest.raises(Unavailable, match="permission denied for table not_ours"):
        server.backup(backup)
    assert [p.name for p in tmp_path.iterdir()] == ["today.dump"]
    assert backup.read_bytes() == older


@pytest.mark.requirement("trust.durability")
def test_a_restore_that_was_killed_in_its_last_step_is_put_right(server: EmbeddedPostgres) -> None:
    before = fingerprint(server)
    with psycopg.connect(server.maintenance_dsn(), autocommit=True) as connection:
        connection.execute("alter database orchestra with allow_connections false")
    assert server.status().detail.startswith("a restore was cut short")
    server.ensure()
    assert fingerprint(server) == before
    with psycopg.connect(server.maintenance_dsn(), autocommit=True) as connection:
        connection.execute("alter database orchestra with allow_connections false")
    server.stop()
    server.ensure()
    assert fingerprint(server) == before


@pytest.mark.requirement("trust.inputs")
def test_a_backup_cannot_do_what_the_application_may_not(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    """A dump holds statements; they are run with the application's rights."""
    before = fingerprint(server)
    with psycopg.connect(server.maintenance_dsn("orchestra"), autocommit=True) as connection:
        connection.execute(
            "create function orchestra.evil() returns int language internal as 'pg_backend_pid'"
        )
    server.backup(tmp_path / "evil.dump")
    with pytest.raises(Unavailable, match="permission denied for language internal"):
        server.restore(tmp_path / "evil.dump")
    assert fingerprint(server) == before
