"""Agreement: published examples, and the limits."""

from __future__ import annotations

import pytest

from evenhand.review.agreement import cohen_kappa, krippendorff_alpha


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
