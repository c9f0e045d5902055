"""Results as the pipeline makes them, for the store's tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from evenhand.domain import Action, Finding, Location, Result, Source, first_id, new_id
from evenhand.store import Record

HASH = "sha256:" + "ab" * 32


def finding(label: str = "ads.contact", score: float = 0.91234567, **fields: Any) -> Finding:
    """Make a finding in an OCR text, with a box."""
    place = Location(source=Source.OCR, span=(3, 14), box=(1.0, 2.04, 30.5, 40.0), text="call 555 0100")
    made = Finding(
        label=label, score=score, location=place, detector="text.contact", version="1", reason="a phone number"
    )
    return replace(made, **fields)


def result(**fields: Any) -> Result:
    """Make a result with one finding."""
    made = Result(
        id="item-1",
        decision_id=new_id(),
        action=Action.REVIEW,
        labels={"ads.contact": 0.91234567, "spam.flood": 0.05},
        findings=(finding(),),
        rule="contacts",
        reason="rule contacts: ads.contact 0.91 >= 0.80",
        incomplete={},
        policy="default@2025-01-01/default",
        models={"text.contact": "1", "text.harm": "0.3.1"},
        content_hash=HASH,
        kind="text",
        languages=("en", "zh"),
        timing_ms={"decode": 0.0123, "detect": 1.5},
    )
    return replace(made, **fields)


def record(**fields: Any) -> Record:
    """Make a record of a result with these fields."""
    return Record(result=result(**fields))


def id_at(moment: datetime, number: int = 0) -> str:
    """Make an id of a chosen moment."""
    return first_id(moment)[:-12] + f"{number:012x}"
