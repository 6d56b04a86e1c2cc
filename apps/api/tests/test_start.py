"""What cannot be served is said at the start, in two lines, and nothing is left running."""

import subprocess
import sys
from pathlib import Path

import pytest
from orchestra.api.testing import running_api
from orchestra.shared.settings import Settings, child_environment
from orchestra.shared.testing.postgres import TemporaryPostgres

pytestmark = pytest.mark.requirement("trust.inputs")


def start(repository: Path, url: str) -> "subprocess.CompletedProcess[str]":
    """The API as a process of its own, which is to refuse."""
    environment = {
        "ORCHESTRA_REPO": str(repository),
        "ORCHESTRA_STATE_DIR": str(repository.parent / "state"),
        "ORCHESTRA_DATABASE_URL": url,
        "ORCHESTRA_PORT": "0",
    }
    return subprocess.run(
        [sys.executable, "-m", "orchestra.api"],
        capture_output=True,
        text=True,
        env=child_environment(environment),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:hunter2pw@127.0.0.1:1/x", "127.0.0.1:1/x"),
        ("postgresql://u:hunter2pw@nowhere.invalid/x", "nowhere.invalid:5432/x"),
        ("postgresql://u:hunter2pw@127.0.0.1:port/x", "DATABASE_URL"),
        ("host=127.0.0.1 password=hunter2pw", "DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_two_lines(
    repository: Path, url: str, said: str
) -> None:
    done = start(repository, url)

    *logged, error, hint = done.stderr.strip().splitlines()
    assert (done.returncode, said in error) == (1, True)
    assert (error.startswith("error: "), hint.startswith("hint: ")) == (True, True)
    assert "Traceback" not in "".join(logged)
    assert "hunter2pw" not in done.stderr + done.stdout


def test_a_database_that_is_not_there_is_said_in_two_lines(
    repository: Path, postgres: TemporaryPostgres
) -> None:
    dsn = postgres.create_database()
    postgres.drop_database(dsn)

    done = start(repository, dsn)

    *logged, error, hint = done.stderr.strip().splitlines()
    assert "Traceback" not in "".join(logged)
    assert (done.returncode, "cannot be reached" in error, bool(hint)) == (1, True, True)


@pytest.mark.requirement("vec.embedders")
async def test_an_embedding_service_that_is_away_does_not_keep_it_from_starting(
    settings: Settings,
) -> None:
    nowhere = {"embedder": "http", "embedder_model": "m", "embedder_url": "http://127.0.0.1:1"}

    async with running_api(settings.model_copy(update=nowhere)) as api:
        assert (await api.http.get("/api/v1/index")).status_code == 200
