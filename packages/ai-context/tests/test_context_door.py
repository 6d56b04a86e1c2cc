"""The package's door is what it says it is."""

import orchestra.context


def test_door_exports_only_names_that_exist() -> None:
    assert [n for n in orchestra.context.__all__ if not hasattr(orchestra.context, n)] == []
