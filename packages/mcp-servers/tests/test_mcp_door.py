"""The package's door is what it says it is."""

import orchestra.mcp


def test_door_exports_only_names_that_exist() -> None:
    assert [n for n in orchestra.mcp.__all__ if not hasattr(orchestra.mcp, n)] == []
