"""What is said where the real agents are not installed."""

from pathlib import Path

import pytest
from orchestra.agents.testing.real import PACKAGES, find_agents

pytestmark = pytest.mark.requirement("mcp.clients")


def test_what_is_not_installed_is_named(tmp_path: Path) -> None:
    agents, missing = find_agents(tmp_path)

    assert agents == []
    assert missing == ["node@24", *PACKAGES.values()]
