"""A job's results, line by line: the checkpoints say which decisions, the log of decisions says what they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evenhand.store import Store
from evenhand.store.jobrecords import Job

_TOGETHER = 500  # decisions read at a time


def lines(store: Store, job: Job) -> Iterator[dict[str, Any]]:
    """Give the results of a job, in the order of its items.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    if job.kind != "bulk":
        detail = store.jobs.detail(job.id)
        if detail is not None:
            yield detail
        return
    for segment in store.jobs.results(job.id):
        items: list[dict[str, Any]] = segment["items"]
        for start in range(0, len(items), _TOGETHER):
            some = items[start : start + _TOGETHER]
            found = store.log.many([item["decision_id"] for item in some if "decision_id" in item])
            for item in some:
                if "error" in item:
                    yield item
                else:
                    yield found.get(item["decision_id"]) or _gone(item)


def _gone(item: dict[str, Any]) -> dict[str, Any]:
    message = "The decision is no longer recorded; see EVENHAND_KEEP_DECISIONS_DAYS."
    return {**item, "error": {"code": "not_found", "message": message}}
