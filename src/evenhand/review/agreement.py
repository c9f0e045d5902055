"""How well people agree, beyond what chance would give. Pure: judgements in, a number out.

1: always; 0: as often as by chance; below 0: less often. None: chance alone would always agree, so nothing can be said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

_TOGETHER = 100  # draws computed together: memory is items times this, in eight bytes


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Give Cohen's kappa (1960) of two people who judged the same items.

    Args:
        first: judgements of one, in the order of the items.
        second: of the other, in the same order.

    Returns:
        At most 1; None where there are no items, or both said one and the same thing about all.

    Raises:
        ValueError: not as many of the one as of the other.
    """
    if len(first) != len(second):
        raise ValueError("two people must have judged the same items")
    count = len(first)
    if count == 0:
        return None
    one, other = Counter(first), Counter(second)
    # In whole numbers as far as it goes: chance that is exactly 1 must be seen as such.
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) * count
    chance = sum(one[value] * other[value] for value in one)
    return None if chance == count * count else (agreed - chance) / (count * count - chance)


def krippendorff_alpha(units: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Give Krippendorff's alpha for nominal data: any number of people, each of whom judged some of the items.

    Args:
        units: for each item the judgements about it; None where somebody judged it not.

    Returns:
        At most 1; None where no item was judged twice, or all judgements are the same.
    """
    paired = [[value for value in unit if value is not None] for unit in units]
    paired = [unit for unit in paired if len(unit) > 1]
    totals = Counter(value for unit in paired for value in unit)
    count = sum(totals.values())
    differ = sum((len(unit) ** 2 - sum(n * n for n in Counter(unit).values())) / (len(unit) - 1) for unit in paired)
    by_chance = count * count - sum(n * n for n in totals.values())
    return None if by_chance == 0 else 1 - (count - 1) * differ / by_chance


def alpha_interval(
    units: Sequence[Sequence[Hashable | None]], *, level: float = 0.95, rounds: int = 1_000, seed: int = 0
) -> tuple[float, float] | None:
    """Give a bootstrap interval of Krippendorff's alpha: items are drawn anew, with replacement (percentile method).

    Args:
        units: as for `krippendorff_alpha`.
        level: share of the draws that lie within, in (0, 1).
        rounds: how many draws.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        Lowest and highest; None where alpha says nothing, or fewer than two items were judged twice.
    """
    paired = [[value for value in unit if value is not None] for unit in units]
    paired = [unit for unit in paired if len(unit) > 1]
    if len(paired) < 2 or krippendorff_alpha(paired) is None:
        return None
    names = {value: place for place, value in enumerate(dict.fromkeys(value for unit in paired for value in unit))}
    counts = np.zeros((len(paired), len(names)))
    for row, unit in zip(counts, paired, strict=True):
        for value in unit:
            row[names[value]] += 1
    size = counts.sum(axis=1)
    differ = (size**2 - (counts**2).sum(axis=1)) / (size - 1)

    def alpha(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        totals = weights @ counts
        number = totals.sum(axis=1)
        by_chance = number**2 - (totals**2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: NDArray[np.float64] = 1 - (number - 1) * (weights @ differ) / by_chance
        return found

    return _interval(alpha, len(paired), level=level, rounds=rounds, seed=seed)


def kappa_interval(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    level: float = 0.95,
    rounds: int = 1_000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Give a bootstrap interval of Cohen's kappa; arguments as for `cohen_kappa` and `alpha_interval`.

    Returns:
        Lowest and highest; None where kappa says nothing, or there are fewer than two items.

    Raises:
        ValueError: not as many of the one as of the other.
    """
    if cohen_kappa(first, second) is None or len(first) < 2:
        return None
    names = {value: place for place, value in enumerate(dict.fromkeys([*first, *second]))}
    one, other = (np.eye(len(names))[[names[value] for value in given]] for given in (first, second))
    same = (one * other).sum(axis=1)

    def kappa(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        count = weights.sum(axis=1)
        agreed, chance = weights @ same / count, ((weights @ one) * (weights @ other)).sum(axis=1) / count**2
        with np.errstate(divide="ignore", invalid="ignore"):
            found: NDArray[np.float64] = (agreed - chance) / (1 - chance)
        return found

    return _interval(kappa, len(first), level=level, rounds=rounds, seed=seed)


def _interval(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    items: int,
    *,
    level: float,
    rounds: int,
    seed: int,
) -> tuple[float, float] | None:
    """Give percentiles of a statistic over draws; draws of which it says nothing are left out."""
    draw = np.random.default_rng(seed)
    found = []
    for start in range(0, rounds, _TOGETHER):
        number = min(_TOGETHER, rounds - start)
        drawn = draw.integers(items, size=(number, items)) + items * np.arange(number)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=number * items).reshape(number, items)
        found.append(statistic(weights.astype(np.float64)))
    values = np.concatenate(found)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
