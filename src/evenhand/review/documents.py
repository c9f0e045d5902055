"""The JSON form of items and marks. They name nobody: who did what is for the audit log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from evenhand.store.reviewrecords import Effect, Mark, Person, ReviewItem
from evenhand.store.wellnessrecords import Comfort, HeldBack, Today


def item_document(item: ReviewItem, person: Person) -> dict[str, Any]:
    """Give an item as a person may see it."""
    return {
        "decision_id": item.decision_id,
        "queue": item.queue,
        "priority": item.priority,
        "escalated": item.level > 0,
        "state": item.state,
        "mine": item.holder == person.id,
        "free_at": _moment(item.free_at),
        "due_at": _moment(item.due_at),
        "overdue": item.state != "done" and item.due_at < datetime.now(UTC),
        "line": item.line,
        "kind": item.kind,
        "language": item.language,
        "label": item.label,
        "tenant": item.tenant,
        "content_hash": item.shown_hash or item.content_hash,
        "note": item.note,
        "verdict": None if item.verdict is None else dict(item.verdict),
        "decided_at": None if item.decided_at is None else _moment(item.decided_at),
        "created_at": _moment(item.created_at),
    }


def held_back_document(held: HeldBack) -> dict[str, Any]:
    """Give why a person is given nothing."""
    return {"why": held.why, "until": None if held.until is None else _moment(held.until), "message": held.message}


def comfort_document(comfort: Comfort, today: Today) -> dict[str, Any]:
    """Give a person's own settings for wellness, and what they were shown in the last 24 hours."""
    return {
        "settings": comfort.as_dict(),
        "today": {
            "items": today.items,
            "hard": today.hard,
            "labels": dict(today.labels),
            "working_since": None if today.working_since is None else _moment(today.working_since),
            "rest_until": None if today.rest_until is None else _moment(today.rest_until),
        },
    }


def mark_document(mark: Mark) -> dict[str, Any]:
    """Give a mark."""
    return {
        "id": mark.id,
        "decision_id": mark.decision_id,
        "content_hash": mark.content_hash,
        "verdict": dict(mark.verdict),
        "near": None if mark.near is None else mark.near.kind,
        "ask": mark.asks,
        "tenant": mark.tenant,
        "state": mark.state,
        "applied_at": None if mark.applied_at is None else _moment(mark.applied_at),
        "created_at": _moment(mark.created_at),
    }


def effect_document(effect: Effect) -> dict[str, Any]:
    """Give what a mark changes."""
    return {name: list(value) if isinstance(value, (tuple, list)) else value for name, value in asdict(effect).items()}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
