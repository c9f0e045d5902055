"""The score interval of a share, against published values."""

from __future__ import annotations

import pytest

from evenhand.fairness.intervals import wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)
    assert wilson(whole - part, whole) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_without_a_trial_there_is_none() -> None:
    assert wilson(0, 0) is None
