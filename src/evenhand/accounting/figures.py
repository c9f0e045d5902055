"""Figures: what a period amounts to, as tables of numbers. Dashboards draw them, reports print them, alerts watch them.

Nobody is measured alone, and shares of fewer than LEAST are not given.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from evenhand.domain import Action
from evenhand.errors import InputError
from evenhand.fairness.intervals import wilson
from evenhand.fairness.mentions import mentioned
from evenhand.review.agreement import krippendorff_alpha
from evenhand.store import Store
from evenhand.store.reports import JudgedRow
from evenhand.store.tallies import BINS, DetectorTally, Of

FIRST, LAST = date(1971, 6, 1), date(9000, 1, 1)  # ids hold the time since 1970
LEAST = 20  # judged by people, before a share of them is given
ACTIONS = tuple(action.value for action in Action)
_GROUPED = 1_000  # judged texts that are looked at for groups, the newest
_DRIFT_LEAST = 100  # scores in each of two windows, before they are compared
_FLOOR = 1e-4  # share that an empty bin counts as, in the drift of scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days that are looked at, UTC, both included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        """Refuse days that no decision can have.

        Raises:
            InputError: they are too long ago, or too far ahead.
        """
        if not FIRST <= self.since <= LAST or not FIRST <= self.until <= LAST:
            raise InputError(f"Give days from {FIRST} to {LAST}.")

    @classmethod
    def last(cls, days: int, *, today: date | None = None) -> Period:
        """Give the last days, today among them.

        Raises:
            InputError: there are no such days, or decisions have no such dates.
        """
        until = today or datetime.now(UTC).date()
        if not FIRST <= until <= LAST or days < 1:
            raise InputError(f"Give days from {FIRST} to {LAST}.")
        return cls(since=max(FIRST, until - timedelta(days=days - 1)), until=until)

    @property
    def days(self) -> tuple[str, ...]:
        """Every day, written."""
        count = (self.until - self.since).days + 1
        return tuple((self.since + timedelta(days=place)).isoformat() for place in range(count))

    @property
    def before(self) -> Period:
        """As many days before it."""
        length = self.until - self.since + timedelta(days=1)
        return Period(since=max(FIRST, self.since - length), until=max(FIRST, self.until - length))

    def moments(self) -> tuple[datetime, datetime]:
        """Give its first moment, and the first after it."""
        first = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)
        after = self.until + timedelta(days=1)
        return first, datetime(after.year, after.month, after.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of what people judged."""

    name: str
    judged: int
    wrong: int
    rate: float | None  # of wrong ones; None: too few were judged
    interval: tuple[float, float] | None  # 95 %

    @property
    def precision(self) -> float | None:
        """The share of right ones."""
        return None if self.rate is None else 1 - self.rate


def by_day(store: Store, period: Period, of: Of | None = None) -> dict[str, Counter[str]]:
    """Give action -> counts by day."""
    found: dict[str, Counter[str]] = {action: Counter() for action in ACTIONS}
    counts = store.tallies.count("action", period.since, period.until, of=of, by=("name", "period"))
    for (action, day), count in counts.items():
        found.setdefault(action, Counter())[day] += count
    return found


def totals(store: Store, what: str, period: Period, of: Of | None = None, *, by: str = "name") -> Counter[str]:
    """Give what the tallies count by one column."""
    counts = store.tallies.count(what, period.since, period.until, of=of, by=(by,))
    return Counter({name: count for (name,), count in counts.items()})


def error_rates(rows: Iterable[JudgedRow], by: Callable[[JudgedRow], str], *, least: int = LEAST) -> list[Rate]:
    """Give how often people found decisions wrong, by label, line or language; what was judged most comes first."""
    judged: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for row in rows:
        judged[by(row)] += 1
        wrong[by(row)] += row.wrong
    return [_rate(name, count, wrong[name], least) for name, count in sorted(judged.items(), key=_most_first)]


def group_rates(store: Store, rows: Sequence[JudgedRow], *, least: int = LEAST) -> tuple[list[Rate], int]:
    """Give how often people found decisions about texts wrong that name a group, by kind of group, and the texts read.

    Only of texts that are kept; nothing about them is stored, and nothing about who wrote them is known.
    """
    texts_judged = [row for row in rows if row.kind == "text"][:_GROUPED]
    kept = store.reports.texts([row.content_hash for row in texts_judged])
    read = [row for row in texts_judged if row.content_hash in kept]
    named = mentioned(kept[row.content_hash] for row in read)
    judged: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for row, groups in zip(read, named, strict=True):
        for category in {group.partition("/")[0] for group in groups} or {""}:
            judged[category] += 1
            wrong[category] += row.wrong
    rates = [_rate(name, count, wrong[name], least) for name, count in sorted(judged.items(), key=_most_first)]
    return rates, len(read)


def drift(store: Store, period: Period, of: Of | None = None) -> list[tuple[str, float | None, int, int]]:
    """Compare the scores of each label with those of as many days before: (label, stability index, now, before).

    The population stability index: below 0.1 little changed, above 0.25 much did. None: too few scores.
    """
    now, before = _bins(store, period, of), _bins(store, period.before, of)
    found = []
    for label in sorted({*now, *before}, key=lambda name: -sum(now.get(name, ()))):
        one, other = now.get(label, [0] * BINS), before.get(label, [0] * BINS)
        enough = min(sum(one), sum(other)) >= _DRIFT_LEAST
        found.append((label, stability(one, other) if enough else None, sum(one), sum(other)))
    return found


def stability(now: Sequence[int], before: Sequence[int]) -> float:
    """Give the population stability index of two histograms with the same bins, neither of them empty."""
    total, earlier = sum(now), sum(before)
    index = 0.0
    for one, other in zip(now, before, strict=True):
        share, was = max(one / total, _FLOOR), max(other / earlier, _FLOOR)
        index += (share - was) * math.log(share / was)
    return index


def agreement(store: Store, period: Period) -> tuple[float | None, int]:
    """Give Krippendorff's alpha of people who judged the same decisions, and how many those are."""
    units: dict[str, list[str]] = defaultdict(list)
    for decision_id, said in store.reports.votes(*period.moments()):
        units[decision_id].append(said)
    shared = [unit for unit in units.values() if len(unit) > 1]
    return krippendorff_alpha(shared), len(shared)


def detectors(store: Store, period: Period) -> list[DetectorTally]:
    """Give what each detector cost in a period; the one that took most first."""
    calls: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    buckets: dict[str, Counter[float]] = defaultdict(Counter)
    for _, one in store.tallies.detectors(period.since, period.until):
        calls[one.detector] += one.calls
        seconds[one.detector] += one.seconds
        buckets[one.detector].update(one.buckets)
    made = [
        DetectorTally(detector=name, calls=count, seconds=seconds[name], buckets=buckets[name])
        for name, count in calls.items()
    ]
    return sorted(made, key=lambda one: -one.seconds)


def quantile(buckets: Mapping[float, int], share: float) -> float | None:
    """Give the value below which a share of a histogram lies, by interpolation; None: it is empty.

    What lies in the open last bucket is given as the bound before it.
    """
    total, below, low = sum(buckets.values()), 0, 0.0
    if not total:
        return None
    for edge, count in sorted(buckets.items()):
        if below + count >= share * total and count:
            return low if math.isinf(edge) else low + (edge - low) * (share * total - below) / count
        below, low = below + count, low if math.isinf(edge) else edge
    return low


def median(values: Sequence[float], *, least: int = 1) -> float | None:
    """Give the median; None: there are too few."""
    return statistics.median(values) if len(values) >= least else None


def _bins(store: Store, period: Period, of: Of | None) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, count in totals(store, "bin", period, of).items():
        label, _, place = name.rpartition("#")
        found.setdefault(label, [0] * BINS)[int(place)] += count
    return found


def _rate(name: str, judged: int, wrong: int, least: int) -> Rate:
    if judged < least:
        return Rate(name=name, judged=judged, wrong=wrong, rate=None, interval=None)
    found = wilson(wrong, judged)
    bounds = None if found is None else (found[0], found[1])
    return Rate(name=name, judged=judged, wrong=wrong, rate=wrong / judged, interval=bounds)


def _most_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]
