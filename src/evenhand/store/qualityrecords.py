"""What is stored and told of quality: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    """Why somebody is asked about a decision."""

    FIRST = "first"  # it asked for a person
    SECOND = "second"  # somebody else is asked as well, blind
    DISAGREEMENT = "disagreement"  # two people differ: somebody senior decides
    GOLDEN = "golden"  # the right verdict is known
    APPEAL = "appeal"  # somebody appealed against it


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an item is about, where that is not just its own decision."""

    item_id: str
    decision_id: str
    purpose: Purpose
    source: str | None  # id of the golden question or the appeal


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's verdict, without the person."""

    id: str
    item_id: str
    decision_id: str
    queue: str
    label: str
    purpose: Purpose
    verdict: Mapping[str, Any]  # as reviewrecords.Verdict gives it
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenQuestion:
    """A decision whose right verdict is known."""

    id: str
    decision_id: str
    queue: str
    verdict: Mapping[str, Any]
    note: str  # why, for who got it wrong
    origin: str  # "agreed" or "hand"
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenAnswer:
    """How one person answered a golden question. For that person's eyes."""

    item_id: str
    queue: str
    label: str
    verdict: Mapping[str, Any]
    right: Mapping[str, Any]
    correct: bool
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuality:
    """A person's own results."""

    golden_answered: int
    golden_correct: int
    golden: tuple[GoldenAnswer, ...]  # the latest, newest first
    verdicts: int
    compared: int  # of those, decisions that somebody else judged, too
    agreed: int  # of those, with the verdict that stands


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenTotals:
    """How golden questions of a queue were answered. Of people, only what they did together."""

    queue: str
    questions: int  # in use
    people: int
    answered: int
    correct: int | None  # None: too few people to say without telling of one of them
    spread: tuple[int, ...] | None  # people by their share of right answers: see SPREAD; None: too few people


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A decision about which people differ."""

    item_id: str
    decision_id: str
    queue: str
    label: str
    state: str  # "open" or "done"
    votes: tuple[Vote, ...]  # oldest first
    verdict: Mapping[str, Any] | None  # the one that stands
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A note to whoever gave a verdict."""

    id: str
    vote_id: str
    item_id: str
    note: str
    answer: str  # what they said to it
    verdict: Mapping[str, Any] | None  # that it is about; None: taken back since
    created_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A named set of decisions that many people judge."""

    id: str
    name: str
    decisions: tuple[str, ...]  # in order
    people: int  # who judged at least one
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationNote:
    """A word in the discussion."""

    author: str  # a letter
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationItem:
    """A decision of a calibration session, as one person may see it."""

    decision_id: str
    you: str | None  # the letter of who asks; None while it is open, or if they said nothing
    mine: Mapping[str, Any] | None
    verdicts: Mapping[str, Mapping[str, Any]]  # letter of a person -> verdict; empty while it is open
    notes: tuple[CalibrationNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal against a decision."""

    id: str
    decision_id: str
    party: str
    item_id: str
    content_hash: str
    via: str  # "api" or "link"
    tenant: str
    language: str
    statement: str
    label: str
    judged: bool  # a person had judged
    before: Mapping[str, Any]  # action and labels as they stood
    state: str  # "open", "upheld", "overturned" or "partly"
    verdict: Mapping[str, Any] | None  # the new one; None: open, or upheld
    explanation: str
    decided_at: datetime | None
    due_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealTotals:
    """What came of appeals about one label."""

    label: str  # "" for none
    judged: bool  # against people's verdicts; else against automatic decisions
    open: int
    upheld: int
    overturned: int
    partly: int
    in_time: int  # of those decided


def answer(verdict: Mapping[str, Any]) -> tuple[str, tuple[str, ...] | None]:
    """Give what a verdict comes to: two that are equal in this agree. Reasons differ freely.

    What is right and what is overridden keeps the labels that were found; so only the action tells them apart.
    """
    labels = verdict.get("labels")
    return str(verdict["action"]), None if labels is None else tuple(sorted(labels))
