"""Alerts: which figures there are to watch, what each is now, and a look at all alerts, which housekeeping asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from evenhand.accounting import figures
from evenhand.accounting.figures import Period
from evenhand.domain import is_under
from evenhand.errors import StoreError, UserError
from evenhand.store import Store
from evenhand.store.alerts import Alert, NewAlert
from evenhand.store.reports import RecentRow
from evenhand.store.tallies import Of

Value = tuple[float | None, int]  # the figure, and of how many it is made
_SHORTEST, _LONGEST = 60, 90 * 86_400  # seconds of a window


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something that can be watched."""

    name: str
    description: str
    filters: tuple[str, ...]  # which may be given
    needs: str | None  # one of them that must be
    value: Callable[[Store, Alert, datetime], Value]


def _recent(store: Store, alert: Alert, now: datetime) -> list[RecentRow]:
    since = now - timedelta(seconds=alert.window_s)
    language, label = alert.filters.get("language"), alert.filters.get("label")
    return [
        row
        for row in store.reports.recent(since, line=alert.filters.get("line"))
        if (language is None or row.language == language)
        and (label is None or any(is_under(name, label) and score > 0 for name, score in row.labels.items()))
    ]


def _volume(store: Store, alert: Alert, now: datetime) -> Value:
    count = len(_recent(store, alert, now))
    return float(count), max(count, alert.least)  # that there are none is something to say


def _share(test: Callable[[RecentRow], bool]) -> Callable[[Store, Alert, datetime], Value]:
    def value(store: Store, alert: Alert, now: datetime) -> Value:
        rows = _recent(store, alert, now)
        return (sum(map(test, rows)) / len(rows), len(rows)) if rows else (None, 0)

    return value


def _wrong(store: Store, alert: Alert, now: datetime) -> Value:
    rows = store.reports.judged(now - timedelta(seconds=alert.window_s), now)
    wanted = [
        row
        for row in rows
        if all(getattr(row, name) == alert.filters[name] for name in ("line", "language") if name in alert.filters)
        and ("label" not in alert.filters or is_under(row.label, alert.filters["label"]))
    ]
    return (sum(row.wrong for row in wanted) / len(wanted), len(wanted)) if wanted else (None, 0)


def _drift(store: Store, alert: Alert, now: datetime) -> Value:
    period = Period.last(max(1, round(alert.window_s / 86_400)), today=now.date())
    for label, index, count, before in figures.drift(store, period, Of(line=alert.filters.get("line"))):
        if label == alert.filters["label"]:
            return index, min(count, before)
    return None, 0


def _queue(part: str) -> Callable[[Store, Alert, datetime], Value]:
    def value(store: Store, alert: Alert, now: datetime) -> Value:
        queues = store.review_totals.stats(now).queues
        wanted = [one for one in queues if alert.filters.get("queue") in (None, one.queue)]
        found = [getattr(one, part) or 0.0 for one in wanted]
        number = max(found, default=0.0) if part == "oldest_s" else sum(found)
        return float(number), alert.least  # an empty queue is something to say

    return value


def _agreement(store: Store, alert: Alert, now: datetime) -> Value:
    period = Period.last(max(1, round(alert.window_s / 86_400)), today=now.date())
    return figures.agreement(store, period)


def _latency(store: Store, alert: Alert, now: datetime) -> Value:
    period = Period.last(max(1, round(alert.window_s / 86_400)), today=now.date())
    for one in figures.detectors(store, period):
        if one.detector == alert.filters["detector"]:
            return figures.quantile(one.buckets, 0.95), one.calls
    return None, 0


_OF_DECISIONS = ("line", "language", "label")
FIGURES: Mapping[str, Figure] = {
    one.name: one
    for one in (
        Figure(name="volume", description="Decisions in the window.", filters=_OF_DECISIONS, needs=None, value=_volume),
        Figure(
            name="block_share",
            description="Share of decisions that block, 0 to 1.",
            filters=_OF_DECISIONS,
            needs=None,
            value=_share(lambda row: row.action == "block"),
        ),
        Figure(
            name="review_share",
            description="Share of decisions that ask for a person.",
            filters=_OF_DECISIONS,
            needs=None,
            value=_share(lambda row: row.action == "review"),
        ),
        Figure(
            name="incomplete_share",
            description="Share of decisions for which a detector gave no answer.",
            filters=_OF_DECISIONS,
            needs=None,
            value=_share(lambda row: row.incomplete),
        ),
        Figure(
            name="error_rate",
            description="Share of reviewed decisions that people found wrong.",
            filters=_OF_DECISIONS,
            needs=None,
            value=_wrong,
        ),
        Figure(
            name="drift",
            description="Stability index of a label's scores against as many days before; whole days.",
            filters=("label", "line"),
            needs="label",
            value=_drift,
        ),
        Figure(
            name="queue_oldest_s",
            description="Age of the oldest item that waits, in seconds.",
            filters=("queue",),
            needs=None,
            value=_queue("oldest_s"),
        ),
        Figure(
            name="queue_waiting",
            description="Items that wait for a person.",
            filters=("queue",),
            needs=None,
            value=_queue("waiting"),
        ),
        Figure(
            name="queue_overdue",
            description="Items past their service level.",
            filters=("queue",),
            needs=None,
            value=_queue("overdue"),
        ),
        Figure(
            name="agreement",
            description="Krippendorff's alpha of people who judged the same; whole days.",
            filters=(),
            needs=None,
            value=_agreement,
        ),
        Figure(
            name="latency_p95_s",
            description="Seconds that 95 % of a detector's calls stay below; whole days.",
            filters=("detector",),
            needs="detector",
            value=_latency,
        ),
    )
}


def checked(new: NewAlert) -> NewAlert:
    """Give an alert back if it can be watched.

    Raises:
        UserError: there is no such figure, a filter does not fit it, or the window or a number is out of range.
    """
    figure = FIGURES.get(new.figure)
    if figure is None:
        raise UserError(f"there is no figure {new.figure[:60]!r}; there are {', '.join(FIGURES)}")
    if unknown := sorted(set(new.filters) - set(figure.filters)):
        allowed = ", ".join(figure.filters) or "none"
        raise UserError(f"{new.figure} takes no filter {', '.join(unknown)}; it takes {allowed}")
    if figure.needs is not None and not new.filters.get(figure.needs):
        raise UserError(f"{new.figure} needs the filter {figure.needs}")
    if not _SHORTEST <= new.window_s <= _LONGEST:
        raise UserError(f"the window must be {_SHORTEST} seconds to {_LONGEST // 86_400} days")
    if new.least < 1 or new.threshold != new.threshold or abs(new.threshold) == float("inf"):
        raise UserError("least must be at least 1, and the threshold a number")
    return new


def look(store: Store, *, now: datetime | None = None, unless_s: float = 0.0) -> list[tuple[Alert, str]]:
    """Look at all alerts; give those that changed, with the event that was told of each.

    One that cannot be looked at is passed over and named in the log.

    Args:
        store: where they are.
        now: aware; None: the present.
        unless_s: those that somebody looked at so many seconds ago are left alone.

    Raises:
        StoreError: the alerts cannot be listed.
    """
    moment, changed = now or datetime.now(UTC), []
    for alert in store.alerts.list():
        figure = FIGURES.get(alert.figure)
        if alert.disabled_at is not None or figure is None:
            continue
        if alert.checked_at is not None and (moment - alert.checked_at).total_seconds() < unless_s:
            continue
        try:
            value, of = figure.value(store, alert, moment)
            event = store.alerts.looked(alert, None if of < alert.least else value, of)
        except StoreError as error:
            structlog.get_logger().warning("an alert could not be looked at", alert=alert.name, why=error.message)
            continue
        if event is not None:
            changed.append((alert, event))
    return changed
