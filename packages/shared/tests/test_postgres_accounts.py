"""Who the embedded server runs as: an ordinary user as itself, root as somebody harmless."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from orchestra.shared.errors import Unavailable
from orchestra.shared.postgres import EmbeddedPostgres
from orchestra.shared.postgres.account import Account, account_for
from orchestra.shared.postgres.binaries import Binaries, find_binaries
from orchestra.shared.postgres.cluster import Cluster
from orchestra.shared.postgres.credentials import Credentials
from orchestra.shared.postgres.layout import Layout
from orchestra.shared.postgres.shared_state import SHARED_STATE
from orchestra.shared.testing.postgres import server_folder

SMALL = {"shared_buffers": "32MB", "fsync": "off"}
ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="what root does cannot be seen: we are not root")

VISIT = """
import pathlib, sys, psycopg, os, stat
from orchestra.shared.postgres import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), settings={"fsync": "off"})
try:
    with psycopg.connect(server.ensure()) as connection:
        connection.execute("create table if not exists seen (at vector(2))")
    status = server.status()
    uids = {os.stat(f"/proc/{status.pid}").st_uid, status.data_dir.stat().st_uid}
    mode = stat.S_IMODE(status.data_dir.parent.stat().st_mode)
    server.backup(pathlib.Path(sys.argv[1]) / "backup")
    server.restore(pathlib.Path(sys.argv[1]) / "backup")
    print(uids == {os.geteuid()}, oct(mode), server.status().running)
finally:
    server.stop()
print(server.status().running)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as path:
        yield path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@as_root
@pytest.mark.requirement("repo.two-commands")
def test_root_serves_through_an_account_without_rights(folder: Path) -> None:
    above = [(p, mode(p)) for p in folder.parents]
    state = folder / "state"
    folder.chmod(0o711)
    server = EmbeddedPostgres(state, settings=SMALL)
    with psycopg.connect(server.ensure()) as connection:
        assert connection.execute("select current_user").fetchone() == ("orchestra",)
    account = account_for(Layout(state).data_dir)
    assert account.uid != 0
    assert Path(f"/proc/{server.status().pid}").stat().st_uid == account.uid
    assert Layout(state).data_dir.stat().st_uid == account.uid
    assert mode(state) == 0o701
    assert not Layout(state).link.is_symlink()
    assert [(p, mode(p)) for p in folder.parents] == above
    about = Path(f"/proc/{server.status().pid}/status").read_text()
    assert "Groups:\t \n" in about  # none of root's
    server.stop()


@as_root
@pytest.mark.requirement("trust.identity")
def test_root_opens_no_private_folder_and_keeps_the_data_where_they_can_be_reached(
    folder: Path,
) -> None:
    private = folder / "home"
    private.mkdir(mode=0o700)
    state = private / "state"
    server = EmbeddedPostgres(state, settings=SMALL)
    try:
        server.ensure()
        assert mode(private) == mode(folder) == mode(state) == 0o700
        assert Layout(state).home.parent == SHARED_STATE
        assert (state / "postgres").readlink() == Layout(state).home
        server.stop()
        assert server.ensure() == server.dsn
    finally:
        server.stop()
        shutil.rmtree(Layout(state).home)


@as_root
def test_root_runs_a_copy_of_binaries_that_lie_in_a_private_folder(folder: Path) -> None:
    account = account_for(folder / "nothing")
    private = folder / "venv" / "site-packages"
    private.mkdir(parents=True, mode=0o700)
    found = find_binaries().root
    assert find_binaries().runnable_by(account).root == found or not account.can_run(found)
    hidden = private / found.parent.name / found.name
    shutil.copytree(found, hidden, symlinks=True)
    libraries = found.parent.parent / f"{found.parent.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    before = set(SHARED_STATE.iterdir()) if SHARED_STATE.exists() else set()
    copy = Binaries(hidden).runnable_by(account)
    try:
        assert copy.root.is_relative_to(SHARED_STATE)
        assert copy.version() == find_binaries().version()
        for program in ("initdb", "postgres", "pg_dump"):
            subprocess.run(
                [copy.program(program), "--version"],
                check=True, capture_output=True, **account.identity,
            )  # fmt: skip
        assert Binaries(hidden).runnable_by(account) == copy
    finally:
        for new in set(SHARED_STATE.iterdir()) - before:
            if new.name.startswith("postgresql-"):
                shutil.rmtree(new)


@as_root
def test_root_goes_on_as_the_user_whose_data_these_are(folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    assert visit(folder, user).stdout.split() == ["True", "0o700", "True", "False"]
    server = EmbeddedPostgres(folder, settings=SMALL)
    server.ensure()
    assert Path(f"/proc/{server.status().pid}").stat().st_uid == user.pw_uid
    server.stop()
    assert {p.owner() for p in Layout(folder).data_dir.iterdir()} == {"nobody"}


@pytest.mark.requirement("repo.two-commands")
def test_an_ordinary_user_serves_as_itself(folder: Path) -> None:
    user = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.geteuid())
    os.chown(folder, user.pw_uid, user.pw_gid)
    done = visit(folder / "state", user)
    assert done.stderr == ""
    assert done.stdout.split() == ["True", "0o700", "True", "False"]
    assert mode(folder / "state") == 0o700


@as_root
def test_an_ordinary_user_is_told_whose_data_these_are(folder: Path) -> None:
    EmbeddedPostgres(folder, settings=SMALL).ensure()
    done = visit(folder, pwd.getpwnam("nobody"), check=False)
    assert "hint: run as the owner of that folder" in done.stderr


@as_root
@pytest.mark.requirement("repo.two-commands")
def test_root_of_a_container_that_may_not_look_into_processes_manages_all_the_same(
    folder: Path,
) -> None:
    """The rights that most container engines leave to root; ptrace is not among them."""
    if shutil.which("setpriv") is None:
        pytest.skip("`setpriv`, which takes rights away, is not installed")
    kept = "chown,dac_override,fowner,fsetid,kill,setgid,setuid"
    rights = "-all," + ",".join(f"+{name}" for name in kept.split(","))
    command = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", sys.executable]
    code = VISIT.replace("uids == {os.geteuid()}", "0 not in uids")
    done = subprocess.run(
        [*command, "-W", "error", "-c", code, folder], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["True", "0o710", "True", "False"]


def test_a_user_without_a_name_is_told_what_postgresql_lacks(folder: Path) -> None:
    nameless = Account(name="4242", uid=4242, gid=4242, ours=True)
    with pytest.raises(Unavailable, match="the user id `4242` has no name"):
        Cluster(Layout(folder), find_binaries(), nameless).initialise(Credentials.new())


def visit(
    folder: Path, user: pwd.struct_passwd, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `VISIT` as `user`, with an interpreter of our version that this user can reach."""
    account = Account(user.pw_name, user.pw_uid, user.pw_gid, ours=not ROOT)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    others = shutil.which(name, path="/usr/local/bin:/usr/bin")
    candidates = [os.path.realpath(sys.executable), *filter(None, [others])]
    usable = [path for path in candidates if account.can_run(Path(path))]
    if not usable:
        pytest.skip(f"no {name} on this machine that the account `{user.pw_name}` can reach")
    return subprocess.run(
        [usable[0], "-W", "error", "-c", VISIT, folder], capture_output=True, text=True,
        check=check, cwd="/", env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        **account.identity,
    )  # fmt: skip
