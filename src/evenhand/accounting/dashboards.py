"""Dashboards: each a table of figures, and the plot that was drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from evenhand.accounting import figures
from evenhand.accounting.figures import ACTIONS, Period, Rate
from evenhand.errors import NotFoundError, UserError
from evenhand.plots import Series, bars, lines
from evenhand.store import Store
from evenhand.store.reports import JudgedRow
from evenhand.store.tallies import Of

MOST_DAYS = 400
_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One plot with its table."""

    name: str
    title: str
    about: str  # what it is, and what to make of it, in a sentence or two
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    svg: str

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "svg": self.svg,
        }


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    about: str
    columns: tuple[str, ...]
    make: Callable[[Store, Period, Of], tuple[list[tuple[Any, ...]], str]]


def _volume(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    by_day = figures.by_day(store, period, of)
    rows = [(day, sum(by_day[action][day] for action in by_day)) for day in period.days]
    drawn = lines("Decisions by day", period.days, [Series(name="decisions", values=[count for _, count in rows])])
    return rows, drawn


def _actions(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    by_day = figures.by_day(store, period, of)
    counts = [[by_day[action][day] for action in ACTIONS] for day in period.days]
    rows = [(day, *count) for day, count in zip(period.days, counts, strict=True)]
    shares = [
        Series(name=action, values=[row[place] / sum(row) if sum(row) else None for row in counts])
        for place, action in enumerate(ACTIONS)
    ]
    return rows, lines("Share of each action by day", period.days, shares, least=1.0)


def _labels(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    counts = figures.totals(store, "label", period, of)
    total = sum(figures.totals(store, "action", period, of).values()) or 1
    rows = [(name, count, count / total) for name, count in counts.most_common(_ROWS)]
    return rows, bars("Contents by label", [(name, count) for name, count, _ in rows])


def _precision(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    rows = [row for row in _judged(store, period, of) if row.label]
    return _rates(figures.error_rates(rows, lambda row: row.label), "Precision by label", right=True)


def _drift(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    found = figures.drift(store, period, of)[:_ROWS]
    known = [(label, index) for label, index, _, _ in found if index is not None]
    return [(label, index, now, before) for label, index, now, before in found], bars(
        "Drift of scores by label", known, least=0.25
    )


def _queues(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    totals = store.review_totals.stats(period.moments()[0])
    rows = [
        (
            one.queue,
            one.waiting,
            one.claimed,
            one.held,
            one.escalated,
            one.overdue,
            None if one.oldest_s is None else one.oldest_s / 3_600,
            one.done,
            one.in_time / one.done if one.done else None,
        )
        for one in totals.queues
    ]
    return rows, bars("Age of the oldest item by queue", [(row[0], row[6] or 0.0) for row in rows], unit=" h")


def _agreement(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    alpha, count = figures.agreement(store, period)
    judged = _judged(store, period, of)
    right = [row for row in judged if not row.wrong]
    machine = len(right) / len(judged) if len(judged) >= figures.LEAST else None
    rows = [
        ("people among themselves (Krippendorff's alpha)", alpha, count),
        ("people with the machine (share found right)", machine, len(judged)),
    ]
    known = [(row[0].partition(" (")[0], max(0.0, row[1])) for row in rows if row[1] is not None]
    return rows, bars("Agreement", known, least=1.0)


def _detectors(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    spent = figures.detectors(store, period)
    total = sum(one.seconds for one in spent) or 1.0
    rows = [
        (
            one.detector,
            one.calls,
            one.seconds,
            one.seconds / total,
            _ms(figures.quantile(one.buckets, 0.5)),
            _ms(figures.quantile(one.buckets, 0.95)),
        )
        for one in spent[:_ROWS]
    ]
    return rows, bars("Seconds spent by detector", [(row[0], row[2]) for row in rows], unit=" s")


def _groups(store: Store, period: Period, of: Of) -> tuple[list[tuple[Any, ...]], str]:
    rates, _ = figures.group_rates(store, _judged(store, period, of))
    named = [
        Rate(
            name=rate.name or "none is named",
            judged=rate.judged,
            wrong=rate.wrong,
            rate=rate.rate,
            interval=rate.interval,
        )
        for rate in rates
    ]
    return _rates(named, "Error rate by kind of group named", right=False)


_KINDS: Mapping[str, _Kind] = {
    "volume": _Kind("Volume", "Decisions made each day.", ("day", "decisions"), _volume),
    "actions": _Kind("Actions", "What was decided each day.", ("day", *ACTIONS), _actions),
    "labels": _Kind(
        "Label mix",
        "How many contents each label was found in, strongest or not; one content may have several.",
        ("label", "contents", "share of all"),
        _labels,
    ),
    "precision": _Kind(
        "Precision by label",
        "How often people who reviewed a decision found its strongest label right. Only what came to people counts, "
        "which is mostly what was doubtful.",
        ("label", "judged", "right", "low", "high"),
        _precision,
    ),
    "drift": _Kind(
        "Drift of scores",
        "How far the scores of each label have moved against as many days before (population stability index): below "
        "0.1 little, above 0.25 much. Content, callers or a model changed.",
        ("label", "index", "scores", "scores before"),
        _drift,
    ),
    "queues": _Kind(
        "Queues",
        "How the review queues are now, and what was done in these days.",
        ("queue", "waiting", "claimed", "on hold", "escalated", "overdue", "oldest in hours", "done", "in time"),
        _queues,
    ),
    "agreement": _Kind(
        "Agreement",
        "How well people who judged the same agree beyond chance, and how often people find the machine right.",
        ("who", "agreement", "decisions"),
        _agreement,
    ),
    "detectors": _Kind(
        "Cost and latency by detector",
        "Seconds that detectors were busy or waited for, over all their calls; a call takes a batch.",
        ("detector", "calls", "seconds", "share", "median in ms", "95 % below, in ms"),
        _detectors,
    ),
    "groups": _Kind(
        "Error rates by group named",
        "How often people found decisions about texts wrong, by the kind of group that the text names. Only of texts "
        "that are kept; who wrote them is not known. Intervals that do not overlap deserve a look.",
        ("kind of group", "judged", "wrong", "low", "high"),
        _groups,
    ),
}  # fmt: skip
NAMES = tuple(_KINDS)


def titles() -> dict[str, str]:
    """Give name -> title of every dashboard, in order."""
    return {name: kind.title for name, kind in _KINDS.items()}


def dashboard(
    store: Store, name: str, *, period: Period, of: Of | None = None, hour_price: float | None = None
) -> Dashboard:
    """Make one dashboard.

    Args:
        store: counted up to now, see `refresh`.
        name: one of NAMES.
        period: at most 400 days.
        of: which decisions; queues, agreement and detectors are not parted by it.
        hour_price: what an hour of a detector costs, in money of the operator's; adds a column to "detectors". None:
            nothing is said about money.

    Raises:
        NotFoundError: there is none of this name.
        UserError: the period is too long, or ends before it begins.
        StoreError: the database refused or cannot be reached.
    """
    kind = _KINDS.get(name)
    if kind is None:
        raise NotFoundError(f"there is no dashboard {name[:60]!r}; there are {', '.join(NAMES)}")
    length = (period.until - period.since).days + 1
    if not 1 <= length <= MOST_DAYS:
        raise UserError(f"a dashboard takes 1 to {MOST_DAYS} days")
    rows, svg = kind.make(store, period, of or Of())
    columns = kind.columns
    if name == "detectors" and hour_price is not None:
        columns = (*columns, "money")
        rows = [(*row, row[2] / 3_600 * hour_price) for row in rows]
    return Dashboard(
        name=name,
        title=kind.title,
        about=kind.about,
        columns=columns,
        rows=tuple(tuple(_rounded(value) for value in row) for row in rows),
        svg=svg,
    )


def refresh(store: Store, *, most: int = 20_000) -> datetime | None:
    """Count what was decided since it was last counted; give up to when all is counted, None: to the present.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    if store.tallies.catch_up(most) < most:
        return None
    return store.tallies.behind() or datetime.now(UTC)


def _judged(store: Store, period: Period, of: Of) -> list[JudgedRow]:
    rows = store.reports.judged(*period.moments())
    return [
        row
        for row in rows
        if all(getattr(of, name) in (None, getattr(row, name)) for name in ("line", "kind", "language"))
    ]


def _rates(rates: Sequence[Rate], title: str, *, right: bool) -> tuple[list[tuple[Any, ...]], str]:
    rows: list[tuple[Any, ...]] = []
    for one in rates[:_ROWS]:
        if one.rate is None or one.interval is None:
            rows.append((one.name, one.judged, None, None, None))
        elif right:
            rows.append((one.name, one.judged, 1 - one.rate, 1 - one.interval[1], 1 - one.interval[0]))
        else:
            rows.append((one.name, one.judged, one.rate, *one.interval))
    return rows, bars(title, [(row[0], row[2]) for row in rows if row[2] is not None], least=1.0)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
