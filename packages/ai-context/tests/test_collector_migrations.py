"""Migrations are read as text, never run, and compared with the repository's own database."""

import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from orchestra.context.collectors.alembic_folders import find_script_folders
from orchestra.context.collectors.alembic_scripts import read_scripts
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.migrations import PendingMigrations
from orchestra.context.config import MigrationsSource
from orchestra.shared.json import JsonObject
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.testing import TemporaryPostgres

CONFIGURED = MigrationsSource(database="secret://env/SHOP_DATABASE_URL")


@pytest.fixture(scope="module")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(Secrets(tmp_path / "state", Redactor()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "db" / "versions").mkdir(parents=True)
    (root / "db" / "env.py").write_text("from alembic import context\n")
    revise(root, "a1", None, "Create orders")
    revise(root, "b2", "a1", "Add customers")
    return root


def revise(root: Path, id: str, after: object, message: str = "", extra: str = "") -> Path:
    path = root / "db" / "versions" / f"{id}_.py"
    path.write_text(
        f'"""{message}\n\nRevision ID: {id}\n"""\nfrom alembic import op\n'
        f"revision: str = {id!r}\ndown_revision = {after!r}\n{extra}\n"
        f"def upgrade(): raise SystemExit('it was run')\nraise SystemExit('it was imported')\n"
    )
    return path


async def directory(source: PendingMigrations, name: str = "db") -> JsonObject:
    value = (await source.look()).observation.value
    assert value is not None
    directories = value["directories"]
    assert isinstance(directories, dict)
    found = directories[name]
    assert isinstance(found, dict)
    return found


@pytest.mark.requirement("ctx.sources")
async def test_without_a_database_the_heads_are_known_and_the_current_one_is_not(
    root: Path, credentials: Credentials
) -> None:
    found = await directory(PendingMigrations(MigrationsSource(), credentials, root))
    assert found.pop("reason") == (
        'no database is configured; hint: set `database = "secret://env/DATABASE_URL"` in'
        " `[sources.migrations]` of .ai-context/config.toml"
    )
    assert found == {
        "revisions": 2,
        "heads": {"b2": "Add customers"},
        "problems": {},
        "current": None,
        "pending": None,
        "pending_count": None,
    }


@pytest.mark.requirement("ctx.sources")
async def test_pending_is_what_the_database_lacks(
    root: Path,
    credentials: Credentials,
    postgres: TemporaryPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dsn = postgres.create_database()
    monkeypatch.setenv("SHOP_DATABASE_URL", dsn)
    empty = await directory(PendingMigrations(CONFIGURED, credentials, root))
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table alembic_version (version_num text)")
    await connection.execute("insert into alembic_version values ('a1'), ('zz')")
    await connection.close()
    at_a1 = await directory(PendingMigrations(CONFIGURED, credentials, root))
    assert (empty["current"], empty["pending_count"]) == ({}, 2)
    assert at_a1["current"] == {"a1": "Create orders"}
    assert at_a1["pending"] == {
        "b2": {"message": "Add customers", "file": "db/versions/b2_.py", "follows": "a1"}
    }
    assert at_a1["unknown"] == {"zz": "no file here declares it"}


async def test_a_database_that_does_not_answer_leaves_the_heads_and_hides_its_address(
    root: Path, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dsn in ("postgresql://u:ultramarine@127.0.0.1:1/x", "not an address: ultramarine"):
        monkeypatch.setenv("SHOP_DATABASE_URL", dsn)
        found = await directory(PendingMigrations(CONFIGURED, credentials, root))
        assert found["heads"] == {"b2": "Add customers"}
        assert "the database does not answer" in str(found["reason"])
        assert "ultramarine" not in str(found)


async def test_a_changed_file_is_seen_at_the_next_look(
    root: Path, credentials: Credentials
) -> None:
    source = PendingMigrations(MigrationsSource(), credentials, root)
    assert (await directory(source))["heads"] == {"b2": "Add customers"}
    revise(root, "c3", "b2", "Add tills")
    assert (await directory(source))["heads"] == {"c3": "Add tills"}
    revise(root, "c3", "b2", "Add many tills")
    assert (await directory(source))["heads"] == {"c3": "Add many tills"}
    (root / "db" / "versions" / "c3_.py").unlink()
    assert (await directory(source))["heads"] == {"b2": "Add customers"}


async def test_a_repository_without_migrations_is_unconfigured(
    tmp_path: Path, credentials: Credentials
) -> None:
    source = PendingMigrations(MigrationsSource(), credentials, tmp_path)
    observation = (await source.look()).observation
    assert (observation.value, observation.status) == (None, "unconfigured")
    assert "hint: " in str(observation.detail)


def test_branches_merges_and_dependencies_are_understood(root: Path) -> None:
    revise(root, "c3", "a1", "A branch", extra="depends_on = 'b2'")
    revise(root, "d4", ("b2", "c3"), "A merge")
    scripts = read_scripts(root, [root / "db" / "versions"])
    assert [head.id for head in scripts.heads] == ["d4"]
    assert [r.id for r in scripts.pending(["b2"])] == ["c3", "d4"]
    assert [r.id for r in scripts.pending([])] == ["a1", "b2", "c3", "d4"]


def test_files_that_cannot_be_read_are_named_and_the_rest_is_read(root: Path) -> None:
    versions = root / "db" / "versions"
    (versions / "broken.py").write_text("revision = (")
    (versions / "computed.py").write_text("revision = input()")
    (versions / "nul.py").write_bytes(b"revision = 'x'\0")
    (versions / "deep.py").write_text("revision = " + "(" * 5_000)
    (versions / "large.py").write_text("#" * 2_000_000)
    (versions / "orphan.py").write_text("revision = 'o1'\ndown_revision = 'gone'")
    (versions / "twice.py").write_text("revision = 'a1'")
    (versions / "note.py").write_text("# no revision at all")
    (versions / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(versions / "pipe.py")
    scripts = read_scripts(root, [versions])
    assert set(scripts.revisions) == {"a1", "b2", "o1"}
    assert {Path(name).stem for name in scripts.problems} == {
        *("broken", "computed", "nul", "deep", "large", "orphan", "twice", "link", "pipe")
    }


def test_a_circle_of_revisions_ends(root: Path) -> None:
    revise(root, "a1", "b2")
    scripts = read_scripts(root, [root / "db" / "versions"])
    assert (scripts.heads, len(scripts.pending([]))) == ([], 2)


def test_script_directories_are_found_by_configuration(tmp_path: Path) -> None:
    for name in ("one/scripts", "one/here", "one/there", "two/alembic/versions", "skip/versions"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one" / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/scripts\n"
        "version_locations = %(here)s/here\n  %(here)s/there\n"
    )
    (tmp_path / "two" / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/alembic"\n'
    )
    (tmp_path / "skip" / "env.py").write_text("import os\n")
    found = find_script_folders(tmp_path)
    assert [(f.path.relative_to(tmp_path).as_posix(), len(f.versions)) for f in found] == [
        ("one/scripts", 2),
        ("two/alembic", 1),
    ]


def test_a_location_outside_the_repository_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "versions").mkdir(parents=True)
    (outside / "env.py").write_text("from alembic import context")
    root = tmp_path / "repository"
    for name in ("a", "b", "c"):
        (root / name).mkdir(parents=True)
    (root / "a" / "alembic.ini").write_text(f"[alembic]\nscript_location = {outside}\n")
    (root / "b" / "alembic.ini").write_text("[alembic]\nscript_location = ../../outside\n")
    (root / "c" / "env.py").write_text("from alembic import context")
    (root / "c" / "versions").symlink_to(outside / "versions")
    (root / "d").symlink_to(outside)
    assert find_script_folders(root) == []
