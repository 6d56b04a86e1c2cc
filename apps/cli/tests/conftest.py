"""One running system for all tests that only look at it."""

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from orchestra.cli.testing import Running, make_repository


@contextmanager
def open_folder() -> Generator[Path]:
    """A folder that PostgreSQL's account can reach; those of pytest are private to their owner."""
    with tempfile.TemporaryDirectory(prefix="orchestra-cli-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def system() -> Iterator[Running]:
    with open_folder() as folder:
        system = Running(make_repository(folder / "shop"), folder / "state")
        yield system
        if system.up.poll() is None:
            system.stop()
