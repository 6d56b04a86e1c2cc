"""What was acknowledged survives kill -9 of every part, in a real system under real load."""

import pytest
from orchestra.cli.bench.durability import endure


@pytest.mark.requirement("trust.durability")
@pytest.mark.timeout(180)
# The HTTP client lets go of a connection whose server was killed without closing it (httpcore2, 2026-11).
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_ten_kills_lose_nothing_that_was_acknowledged() -> None:
    outcome = endure(kills=10)

    assert len(outcome.kills) == 10
    assert outcome.losses.acknowledged > 0
    assert (outcome.losses.lost, outcome.losses.doubled) == (0, 0)
    assert outcome.losses.broken_streams == []
    assert outcome.files_lost == 0
    assert outcome.orphans == []
