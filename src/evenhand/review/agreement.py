"""How well people agree, beyond what chance would give. Pure: judgements in, a number out.

1: always; 0: as often as by chance; below 0: less often. None: chance alone would always agree, so nothing can be said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


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
