"""The package's door is what it says it is."""

import orchestra.shared


def test_door_exports_only_names_that_exist() -> None:
    assert [n for n in orchestra.shared.__all__ if not hasattr(orchestra.shared, n)] == []
