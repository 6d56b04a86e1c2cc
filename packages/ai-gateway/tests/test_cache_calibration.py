"""A threshold is given only where the checks show that it is safe."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestra.gateway.cache.semantic.calibration import (
    Calibration,
    Check,
    calibrate,
    fewest,
    upper_bound,
)

CHECKS = st.lists(
    st.builds(Check, st.sampled_from([1.5, 2.25, 3.9, 5.7, 5.9]), st.booleans()), max_size=300
)


@pytest.mark.requirement("gw.cache")
@settings(max_examples=50)
@given(CHECKS, st.sampled_from([0.01, 0.05, 0.2]))
def test_what_is_given_keeps_to_the_target_and_needs_enough_checks(
    checks: list[Check], target: float
) -> None:
    found = calibrate(checks, target, 0.95)

    if found.threshold is None:
        assert found.bound == 1.0
        return
    passed = [check for check in checks if check.score >= found.threshold]
    assert len(passed) == found.passed >= fewest(target, 0.95)
    assert sum(not check.right for check in passed) == found.false
    assert found.bound <= target


@pytest.mark.requirement("gw.cache")
@given(st.integers(0, 917))
@settings(max_examples=20)
def test_too_few_checks_open_nothing_however_right_they_are(number: int) -> None:
    assert calibrate([Check(5.9, True)] * number, 0.01, 0.95) == Calibration(
        "too few checks", number
    )


def test_enough_right_checks_open_and_wrong_ones_do_not() -> None:
    right = [Check(5.9, True)] * 918

    assert calibrate(right, 0.01, 0.95).is_open
    assert calibrate([*right, *[Check(5.9, False)] * 9], 0.01, 0.95).why == "too many false hits"
    assert calibrate([*right, *[Check(1.1, False)] * 99], 0.01, 0.95).threshold == 5.9


@pytest.mark.parametrize(
    ("false", "trials", "level", "bound"),
    [(0, 299, 0.05, 0.00997), (0, 10, 0.05, 0.2589), (2, 100, 0.05, 0.0616), (5, 5, 0.05, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(
    false: int, trials: int, level: float, bound: float
) -> None:
    assert upper_bound(false, trials, level) == pytest.approx(bound, abs=1e-4)


@pytest.mark.requirement("gw.cache")
def test_the_bound_holds_as_often_as_it_says() -> None:
    """Two hundred caches whose errors fall with the score, judged by what is true of each."""
    chance = random.Random(5)
    broken = opened = 0
    for _ in range(200):
        scores = [chance.random() for _ in range(700)]
        checks = [Check(s, chance.random() >= 0.12 * (1 - s)) for s in scores]
        found = calibrate(checks, 0.05, 0.95)
        if found.threshold is not None:
            opened += 1
            true_share = 0.12 * (1 - (1 + found.threshold) / 2)  # the mean above the threshold
            broken += true_share > 0.05

    assert opened > 100
    assert broken <= 0.05 * 200
