"""Agreement: published examples, and the limits."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.review.agreement import alpha_interval, cohen_kappa, kappa_interval, krippendorff_alpha


def _table(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # the usual worked example: two readers, 50 proposals
        ((45, 15, 25, 15), 0.1304),  # the same share of agreement as the next, other margins
        ((25, 35, 5, 35), 0.2593),
        ((10, 0, 0, 10), 1.0),
        ((0, 10, 10, 0), -1.0),
        ((25, 25, 25, 25), 0.0),
    ],
)
def test_kappa_of_published_tables(table: tuple[int, int, int, int], kappa: float) -> None:
    assert cohen_kappa(*_table(*table)) == pytest.approx(kappa, abs=5e-5)


def test_kappa_says_nothing_where_chance_is_certain() -> None:
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["spam"] * 3, ["spam"] * 3) is None
    with pytest.raises(ValueError, match="same items"):
        cohen_kappa(["spam"], [])


def _units(*observers: str) -> list[list[str | None]]:
    return [[None if value == "." else value for value in unit] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("observers", "alpha"),
    [
        # K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): A, B and C.
        (("0100000000", "1110010010"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_of_published_data(observers: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(_units(*observers)) == pytest.approx(alpha, abs=1e-3)


@pytest.mark.parametrize("observers", [(), ("aaa", "aaa"), ("ab..", "..ab")])
def test_alpha_says_nothing_where_there_is_nothing_to_compare(observers: tuple[str, ...]) -> None:
    assert krippendorff_alpha(_units(*observers)) is None


def test_intervals_hold_the_number_and_narrow_with_more_items() -> None:
    few = _table(20, 5, 10, 15)
    many = tuple([*given] * 20 for given in few)
    spans = []
    for first, second in (few, many):
        low, high = kappa_interval(first, second) or (0, 0)
        assert low < 0.4 < high
        units = [list(pair) for pair in zip(first, second, strict=True)]
        alpha = krippendorff_alpha(units)
        lowest, highest = alpha_interval(units) or (0, 0)
        assert alpha is not None
        assert lowest < alpha < highest
        spans.append((high - low, highest - lowest))
    assert spans[1][0] < spans[0][0] / 3
    assert spans[1][1] < spans[0][1] / 3


def test_the_interval_is_that_of_resampled_items() -> None:
    """The same draws, item by item with the plain functions, give the same percentiles."""
    first, second = _table(12, 3, 4, 9)
    units = [list(pair) for pair in zip(first, second, strict=True)]
    draw = np.random.default_rng(5)
    chosen = np.concatenate([draw.integers(len(units), size=(100, len(units))) for _ in range(2)])
    alphas = [krippendorff_alpha([units[place] for place in row]) for row in chosen]
    low, high = np.quantile([alpha for alpha in alphas if alpha is not None], [0.05, 0.95])
    assert alpha_interval(units, level=0.9, rounds=200, seed=5) == pytest.approx((low, high))


@pytest.mark.parametrize("pairs", [[], [("a", "a")] * 5, [("a", "b")]])
def test_no_interval_where_there_is_nothing_to_say(pairs: list[tuple[str, str]]) -> None:
    assert alpha_interval(pairs) is None
    assert kappa_interval([a for a, _ in pairs], [b for _, b in pairs]) is None
