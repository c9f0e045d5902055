"""What the review service stores and gives: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from evenhand.domain import Embedding, Fingerprint

LOCAL = "local"  # who acts where there is no API key: the command line, and a server on loopback


class Judged(StrEnum):
    """What a person says about an automatic decision."""

    RIGHT = "right"  # what was found is there
    WRONG = "wrong"  # it is not; the right labels, perhaps none, are given
    OVERRIDDEN = "overridden"  # it is, but something else should be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts: a user, or the holder of an API key."""

    id: str  # id of the user or of the key, or LOCAL
    name: str
    senior: bool = False  # sees what was escalated, and applies marks
    tenant: str | None = None  # id of the tenant that they belong to, and see nothing beyond
    queues: tuple[str, ...] = ()  # the only ones they work in; none: all
    labels: tuple[str, ...] = ()  # the only ones they review, with those below; none: all

    @property
    def limited(self) -> bool:
        """Whether they see less than all items."""
        return bool(self.queues or self.labels or self.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's word on one decision."""

    judged: Judged
    action: str  # what is done with the content: "pass", "mark" or "block"
    labels: tuple[str, ...] | None = None  # the right ones, of a decision that is wrong; None: those found
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        labels = None if self.labels is None else list(self.labels)
        return {"verdict": self.judged.value, "action": self.action, "labels": labels, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One decision that waits for a person, or has had one."""

    decision_id: str
    queue: str
    priority: int  # higher comes first
    level: int  # 0; 1 once it was escalated
    state: str  # "waiting", "claimed", "held" or "done"
    tenant: str  # id of the API key that asked; "" for none
    line: str
    kind: str
    language: str  # "" where none was identified
    label: str  # the one with the highest score; "" for none
    content_hash: str
    holder: str | None  # id of who has claimed it
    free_at: datetime  # from when anybody may claim it: the end of the lease, or of the hold
    due_at: datetime  # by when the queue's service level wants it done
    note: str  # what was said when it was handed over, escalated or held
    verdict: Mapping[str, Any] | None  # as Verdict gives it
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
    shown_hash: str | None = None  # what people see as its content's hash; None: the hash itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items are wanted; None or "" does not filter."""

    queue: str | None = None
    line: str | None = None
    label: str | None = None  # this one or any below it
    language: str | None = None
    tenant: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTotals:
    """How a queue is. Of people, only what they did together."""

    queue: str
    waiting: int  # nobody has it
    claimed: int
    held: int
    escalated: int  # of those not done
    overdue: int  # of those not done
    oldest_s: float | None  # age of the oldest not done, in seconds
    done: int  # since the moment asked for
    in_time: int  # of those done, by their service level


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTotals:
    """How often people found a label right, since the moment asked for."""

    label: str
    right: int  # right, or right with another action
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStats:
    """Totals of the review service."""

    queues: tuple[QueueTotals, ...]
    labels: tuple[LabelTotals, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One link of the audit log."""

    seq: int  # from 1, without gaps
    at: str  # RFC 3339, UTC, microseconds
    actor: str
    action: str  # "review.decide"
    subject: str  # what it was done to: "decision:...", "mark:..."
    payload: Mapping[str, Any] | None  # "before", "after" and a random "salt"; None: erased
    payload_sha256: str
    previous: str  # hash of the link before; 64 zeros for the first
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verifying the audit log found."""

    entries: int
    head: str  # hash of the last link; 64 zeros when there is none
    erased: int  # links whose payload was erased, as the log itself says
    problems: tuple[str, ...] = field(default=())  # empty: the chain holds
    first: int = 1  # number of the first link that was looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a person said about an automatic result outside of a queue, and whether the content is answered so now."""

    id: str
    decision_id: str | None  # the result that was marked; None: the content itself was
    content_hash: str
    verdict: Mapping[str, Any]  # as Verdict gives it
    person: str
    state: str  # "proposed", "applied" or "undone"
    applied_by: str | None
    applied_at: datetime | None
    created_at: datetime
    near: Fingerprint | None = None  # it speaks of what is nearly the same, too
    carried: Mapping[str, float] = field(default_factory=dict)  # what was found in it; kept of marks with `near` alone
    tenant: str | None = None  # id of the one whose contents alone it answers; None: everybody's
    asks: bool = False  # while it is applied, a person is asked about contents that are alike by their embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMark:
    """A mark to be stored. One of `decision_id` and `content_hash` is given."""

    decision_id: str | None = None
    content_hash: str | None = None
    verdict: Verdict
    near: Fingerprint | None = None  # it speaks of what is nearly the same, too; None: of the very same alone
    embedding: Embedding | None = None  # by which alike contents are found
    asks: bool = False  # a person is asked about those that come; needs the embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A stored decision that a mark speaks of."""

    mark: str  # its id
    decision_id: str
    alike: int  # in per cent; 100: the very same content, or the same fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A stored decision that a person chose among those alike: its content is answered as the mark says."""

    mark: str  # its id
    decision_id: str
    content_hash: str
    alike: int  # in per cent, by the embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What applying a mark would change."""

    mark: str  # its id
    content_hash: str
    decisions: int  # stored ones about this very content
    action_now: str | None  # of the newest of them; None: none is stored
    action_then: str
    labels_now: tuple[str, ...]  # found in the newest
    labels_then: tuple[str, ...] | None  # None: as found
    replaces: str | None  # id of the mark that is applied to this content now
    clashes: tuple[str, ...]  # other marks of the same choice that say something else about the same content
