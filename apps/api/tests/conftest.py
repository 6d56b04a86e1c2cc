"""A running API over a real repository and a real database."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from orchestra.api.testing import RunningApi, Served, running_api
from orchestra.api.testing_hooks import HookedApi
from orchestra.shared.settings import Settings, child_environment
from orchestra.shared.testing.postgres import TemporaryPostgres
from pydantic import SecretStr


@pytest.fixture(scope="session")
def postgres() -> Iterator[TemporaryPostgres]:
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture
def dsn(postgres: TemporaryPostgres) -> Iterator[str]:
    dsn = postgres.create_database()
    yield dsn
    postgres.drop_database(dsn)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path)


@pytest.fixture(scope="session")
def new_repository() -> Callable[[Path], Path]:
    """Makes a repository in a folder."""
    return make_repository


def make_repository(parent: Path) -> Path:
    folder = parent / "repository"
    folder.mkdir()
    (folder / "a.py").write_text("print(1)\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "First"]):
        git(folder, *arguments)
    return folder


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, env=child_environment())


@pytest.fixture
def settings(repository: Path, dsn: str, tmp_path: Path) -> Settings:
    return Settings(
        repo=repository, state_dir=tmp_path / "state", database_url=SecretStr(dsn), port=0
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_api(
    postgres: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningApi]:
    """One API for all tests that leave nothing behind that another would notice."""
    folder = tmp_path_factory.mktemp("shared")
    dsn = postgres.create_database()
    settings = Settings(
        repo=make_repository(folder),
        state_dir=folder / "state",
        database_url=SecretStr(dsn),
        port=0,
    )
    async with running_api(settings) as api:
        yield api


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningApi]:
    async with running_api(settings) as api:
        yield api


@pytest.fixture(scope="session")
def served(
    postgres: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """An API in a thread of its own, for tests that are not asynchronous."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(
        repo=make_repository(folder),
        state_dir=folder / "state",
        database_url=SecretStr(postgres.create_database()),
        port=0,
    )
    ready: Future[Served] = Future()
    over: Future[None] = Future()

    async def serve() -> None:
        async with running_api(settings) as api:
            ready.set_result(Served(api.url, api.key))
            await asyncio.wrap_future(over)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = Thread(target=run)
    thread.start()
    yield ready.result(timeout=300)
    over.set_result(None)
    thread.join()


SPEC = """name: Vercel Deploy Agent
permissions:
  - pulumi:write
  - vercel:deploy
auto_approve_patterns:
  - "*.tsx"
  - "pulumi/*.py"
context_sources:
  - codebase_state
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hooked(
    postgres: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[HookedApi]:
    """One API over a repository that has the spec of an agent, for tests of hooks."""
    folder = tmp_path_factory.mktemp("hooked", numbered=False)
    repository = make_repository(folder)
    (repository / ".cursor/agents").mkdir(parents=True)
    (repository / ".cursor/agents/vercel_deploy.yaml").write_text(SPEC)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "The spec of an agent")
    settings = Settings(
        repo=repository,
        state_dir=folder / "state",
        database_url=SecretStr(postgres.create_database()),
        port=0,
    )
    async with running_api(settings) as api:
        yield HookedApi(api, repository)
