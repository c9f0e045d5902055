"""Contents that wait for a person, kept as a server keeps them, for tests of review and of the console."""

from __future__ import annotations

import hashlib
from typing import Any

from evenhand.domain import Action, Finding, Location, Result, Source, new_id
from evenhand.store import Original, Record, Store


def found(label: str, score: float = 0.9, **place: Any) -> Finding:
    """Make a finding in the caller's own text, unless `place` says another source."""
    where = Location(**{"source": Source.TEXT, **place})
    return Finding(label=label, score=score, location=where, detector="text.test", version="1", reason="for a test")


def ask(
    store: Store,
    body: bytes | str,
    *findings: Finding,
    media_type: str = "text/plain",
    kind: str = "text",
    keep: bool = True,
    **fields: Any,
) -> str:
    """Record a decision that asks for a person about a content; give its id."""
    data = body.encode() if isinstance(body, str) else body
    context = fields.pop("context", {})
    labels = {one.label: one.score for one in findings} or {"ads.contact": 0.9}
    values: dict[str, Any] = {
        "id": "item",
        "decision_id": new_id(),
        "action": Action.REVIEW,
        "labels": labels,
        "findings": findings,
        "rule": "contacts",
        "reason": "rule contacts: ads.contact 0.90 >= 0.80",
        "incomplete": {},
        "policy": "default@1/default",
        "models": {"text.test": "1"},
        "content_hash": "sha256:" + hashlib.sha256(data).hexdigest(),
        "kind": kind,
        "languages": ("en",),
        **fields,
    }
    original = Original(body=data, media_type=media_type) if keep else None
    result = Result(**values)
    store.record([Record(result=result, original=original, context=context)])
    return result.decision_id
