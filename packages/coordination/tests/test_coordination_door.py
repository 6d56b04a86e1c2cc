"""The package's door is what it says it is."""

import orchestra.coordination


def test_door_exports_only_names_that_exist() -> None:
    assert [
        n for n in orchestra.coordination.__all__ if not hasattr(orchestra.coordination, n)
    ] == []
