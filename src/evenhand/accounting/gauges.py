"""What stands in the store about jobs, review and alerts, for Prometheus: the same from every process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from evenhand.store import Store

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_DAY = timedelta(days=1)


def gauges(store: Store) -> CollectorRegistry:
    """Read the numbers of this moment.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    jobs = Gauge("evenhand_jobs", "Jobs that are kept, by kind and state", ["kind", "state"], registry=registry)
    for (kind, state), count in store.jobs.counts().items():
        jobs.labels(kind, state).set(count)
    stats = store.review_totals.stats(datetime.now(UTC) - _DAY)
    items = Gauge("evenhand_review_items", "Review items that are not done", ["queue", "state"], registry=registry)
    oldest = Gauge("evenhand_review_oldest_seconds", "Age of the oldest item not done", ["queue"], registry=registry)
    overdue = Gauge("evenhand_review_overdue", "Items past their service level", ["queue"], registry=registry)
    done = Gauge("evenhand_review_done_day", "Items done in the last 24 hours", ["queue"], registry=registry)
    for one in stats.queues:
        for state in ("waiting", "claimed", "held"):
            items.labels(one.queue, state).set(getattr(one, state))
        oldest.labels(one.queue).set(one.oldest_s or 0.0)
        overdue.labels(one.queue).set(one.overdue)
        done.labels(one.queue).set(one.done)
    verdicts = Gauge(
        "evenhand_review_verdicts_day", "Verdicts of the last 24 hours", ["label", "verdict"], registry=registry
    )
    for label in stats.labels:
        verdicts.labels(label.label, "right").set(label.right)
        verdicts.labels(label.label, "wrong").set(label.wrong)
    raised = Gauge("evenhand_alert_raised", "1: the alert is raised", ["alert"], registry=registry)
    for alert in store.alerts.list():
        raised.labels(alert.name).set(alert.state == "raised")
    return registry
