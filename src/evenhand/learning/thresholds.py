"""The score from which a label's findings would be right more often, or miss less, by what people said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.domain import JsonValue
from evenhand.fairness.intervals import wilson

LEAST_RIGHT, LEAST_WRONG = 20, 20  # judged findings of a label: fewer prove nothing
_STEP = 0.01
_BETTER = 0.05  # by so much the balance must rise


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share, with its 95% interval (Wilson, 1927)."""

    value: float
    low: float
    high: float
    of: int

    def as_dict(self) -> dict[str, JsonValue]:
        """Give the JSON form."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4), "of": self.of}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A threshold that is moved, and what is expected of it, among what people judged."""

    start: float
    end: float
    precision: tuple[Rate, Rate]  # before and after
    recall: tuple[Rate, Rate]
    right: int
    wrong: int


def move(judged: Sequence[tuple[float, bool]], now: float) -> Move | None:
    """Look for a better threshold; None: too little was judged, or none is clearly better.

    The balance of precision and recall (F1) must rise by five points, and the interval of one of the two must lie above
    what it is now, without the other's falling below it.

    Args:
        judged: score of a finding, and whether people called it right. Recall is among these: what nothing found is
            not seen.
        now: score from which the policy acts.
    """
    right, wrong = sum(good for _, good in judged), sum(not good for _, good in judged)
    if right < LEAST_RIGHT or wrong < LEAST_WRONG:
        return None
    before = _rates(judged, now)
    steps = [round(step * _STEP, 2) for step in range(5, 100)]
    balances = [_balance(_rates(judged, step)) for step in steps]
    best = max(balances)
    first = balances.index(best)
    last = first
    while last + 1 < len(steps) and balances[last + 1] == best:
        last += 1
    end = steps[(first + last) // 2]  # amid those equally good: as far as can be from what was judged
    if best < _balance(before) + _BETTER or end == round(now, 2):
        return None
    after = _rates(judged, end)
    clearer = after[0].low > before[0].value or after[1].low > before[1].value
    worse = after[0].high < before[0].value or after[1].high < before[1].value
    if not clearer or worse:
        return None
    return Move(
        start=now,
        end=end,
        precision=(before[0], after[0]),
        recall=(before[1], after[1]),
        right=right,
        wrong=wrong,
    )


def _rates(judged: Sequence[tuple[float, bool]], threshold: float) -> tuple[Rate, Rate]:
    hits = sum(good for score, good in judged if score >= threshold)
    over = sum(score >= threshold for score, _ in judged)
    return _rate(hits, over), _rate(hits, sum(good for _, good in judged))


def _rate(hits: int, of: int) -> Rate:
    low, high = wilson(hits, of) or (0.0, 1.0)
    return Rate(value=hits / of if of else 0.0, low=low, high=high, of=of)


def _balance(rates: tuple[Rate, Rate]) -> float:
    precision, recall = rates[0].value, rates[1].value
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
