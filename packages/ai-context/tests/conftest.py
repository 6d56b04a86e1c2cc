"""A git repository for each test that asks for one."""

from pathlib import Path

import pytest
from orchestra.context.git.testing import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A repository with one commit of `a.txt` and `src/b.py`."""
    made = GitRepository.create(tmp_path / "repository")
    made.write("a.txt")
    made.write("src/b.py", "b = 1\n")
    made.commit("first")
    return made
