"""The shapes of review, marks and the audit log that the OpenAPI document describes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_LONGEST = 4_000  # characters of a reason or a note


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WantedIn(_In):
    """Which items are wanted; what is left out does not filter."""

    queue: str | None = Field(None, max_length=200)
    line: str | None = Field(None, max_length=200, description="Business line.")
    label: str | None = Field(None, max_length=200, description="This label or any below it.")
    language: str | None = Field(None, max_length=50)
    tenant: str | None = Field(None, max_length=100, description="Id of the API key that asked.")
    kind: str | None = Field(None, max_length=50, description="Content kind.")


class SkipIn(_In):
    """Why an item is skipped."""

    reason: str = Field(min_length=1, max_length=_LONGEST)


class NoteIn(_In):
    """A note for who comes next."""

    note: str = Field("", max_length=_LONGEST)


class HandOverIn(NoteIn):
    """Who gets an item."""

    to: str = Field(min_length=1, max_length=200, description="Id or name of an API key that may review.")


class HoldIn(NoteIn):
    """How long nobody gets an item."""

    until: datetime = Field(description="With its time zone, within a year.")


class VerdictIn(_In):
    """A verdict in one call."""

    verdict: Literal["right", "wrong", "overridden"]
    action: Literal["pass", "mark", "block"] | None = Field(
        None,
        description="What is done with the content. Left out: as decided (block, where it asked for a person) when it "
        "is right; pass when it is wrong and has no right label.",
    )
    labels: list[str] | None = Field(
        None, max_length=50, description="The right labels of what is wrong; an empty list: it is harmless."
    )
    reason: str = Field("", max_length=_LONGEST, description="Needed for what is wrong or overridden.")


class DecideIn(VerdictIn):
    """A verdict in one call, and what comes after it."""

    next: bool | WantedIn = Field(
        False,
        description="Claim the next item in the same call: true, or which ones are wanted. It is `next` of the answer.",
    )


class ItemOut(BaseModel):
    """A review item. It names nobody but the caller."""

    decision_id: str
    queue: str
    priority: int
    escalated: bool
    state: Literal["waiting", "claimed", "held", "done"]
    mine: bool = Field(description="The caller has claimed it.")
    free_at: str = Field(description="From when anybody may claim it: the end of the lease, or of the hold.")
    due_at: str = Field(description="By when the queue's service level wants it done.")
    overdue: bool
    line: str
    kind: str
    language: str
    label: str = Field(description="The one with the highest score.")
    tenant: str
    content_hash: str
    note: str
    verdict: dict[str, Any] | None
    decided_at: str | None
    created_at: str
    decision: dict[str, Any] | None = Field(None, description="The result document, for one item.")


class ItemsOut(BaseModel):
    """One page of items, oldest first."""

    items: list[ItemOut]
    after: str | None = Field(description="Give this as `after` for the next page; null: this is the last.")


class HeldBackOut(BaseModel):
    """Why nothing is given although something waits: the caller's own wellness."""

    why: Literal["break", "limits"]
    until: str | None = Field(description="End of the break.")
    message: str


class ClaimOut(BaseModel):
    """What was claimed."""

    item: ItemOut | None = Field(description="null: nothing that fits is free.")
    held_back: HeldBackOut | None = Field(None, description="Why nothing is given although something waits.")


class DecidedOut(ItemOut):
    """The item that was judged."""

    next: ClaimOut | None = Field(None, description="What was claimed with it, where that was asked for.")


class QueueOut(BaseModel):
    """How a queue is."""

    queue: str
    waiting: int
    claimed: int
    held: int
    escalated: int
    overdue: int
    oldest_s: float | None
    done: int
    in_time: int


class LabelOut(BaseModel):
    """How often people found a label right."""

    label: str
    right: int
    wrong: int


class StatsOut(BaseModel):
    """Totals; nobody is measured alone."""

    queues: list[QueueOut]
    labels: list[LabelOut]


class MarkIn(VerdictIn):
    """One automatic result, right or wrong."""

    decision_id: str | None = Field(None, max_length=100, description="The result. Or give content_hash.")
    content_hash: str | None = Field(None, max_length=100, description="`sha256:...` of a result.")
    near: bool = Field(False, description="It speaks of what is nearly the same, too: of texts and pictures.")
    ask: bool = Field(
        False,
        description="While it is applied, a person is asked about contents that are alike by their embedding and would "
        "pass; nothing else is done to them. For marks that say mark or block.",
    )
    text: str | None = Field(
        None, max_length=1_000_000, description="With near or ask: the text, where nothing is kept of it."
    )
    sample: str | None = Field(None, max_length=1_000, description="With near: PDQ hash, or sketch of the text.")


class MarksIn(_In):
    """Marks, all stored or none."""

    marks: list[MarkIn] = Field(min_length=1, max_length=1_000)


class MarksCsvIn(_In):
    """Marks as CSV, all stored or none."""

    csv: str = Field(max_length=8 * 2**20, description="decision_id or content_hash, verdict, action, labels, reason.")


class MarkIdsIn(_In):
    """Marks by their ids."""

    ids: list[str] = Field(min_length=1, max_length=1_000)


class PreviewIn(MarkIdsIn):
    """Marks by their ids, and whether alike decisions are looked for."""

    alike: bool = Field(True, description="Look for past decisions that are alike by embedding, to choose among.")


class ApplyIn(MarkIdsIn):
    """Marks by their ids, and what is corrected with them."""

    also: dict[str, list[str]] = Field(
        {},
        max_length=1_000,
        description="By the id of a mark: ids of decisions that a preview showed as alike, and that a person chose. "
        "Their contents are answered as the mark says; undoing it ends that.",
    )


class MarkOut(BaseModel):
    """A mark. It does not say whose."""

    id: str
    decision_id: str | None
    content_hash: str
    verdict: dict[str, Any]
    near: Literal["text", "image"] | None = Field(description="It speaks of what is nearly the same, too.")
    ask: bool = Field(description="While it is applied, a person is asked about alike contents.")
    tenant: str | None = Field(description="Id of the tenant whose contents it answers; null: everybody's.")
    state: Literal["proposed", "applied", "undone"]
    applied_at: str | None
    created_at: str


class MarksOut(BaseModel):
    """Marks, oldest first."""

    marks: list[MarkOut]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class AlikeOut(BaseModel):
    """A content of the past that is alike by its embedding. A person chooses; nothing is done to it by itself."""

    decision_id: str = Field(description="The newest about this content.")
    content_hash: str
    similarity: float = Field(description="Cosine of the embeddings, to 1.")
    landmarks: int | None = Field(description="Of pictures: points of both that agree on one map.")
    action_now: str
    labels_now: list[str]
    excerpt: str | None = Field(description="The beginning of a kept text.")


class EffectOut(BaseModel):
    """What applying a mark changes."""

    mark: str
    content_hash: str
    decisions: int = Field(description="Stored ones about this very content.")
    action_now: str | None
    action_then: str
    labels_now: list[str]
    labels_then: list[str] | None = Field(description="null: as found.")
    replaces: str | None = Field(description="The mark that is applied to this content now.")
    clashes: list[str] = Field(description="Other marks given here that say something else about the same content.")
    touched: list[dict[str, Any]] = Field(description="Stored decisions it speaks of: id, and how alike in per cent.")
    touched_total: int
    unlike_total: int = Field(
        0, description="Stored decisions about nearly the same that carry or lack something, and stay as they are."
    )
    alike: list[AlikeOut] = Field([], description="Past decisions to choose among; none is chosen beforehand.")
    alike_why: str | None = Field(None, description="Why none could be looked for.")


class EffectsOut(BaseModel):
    """What applying marks changes."""

    effects: list[EffectOut]
    compared: int = Field(description="Fingerprints of stored decisions that were looked through.")
    compared_all: bool = Field(description="Those were all there are.")
    alike_compared: int = Field(0, description="Embeddings of stored decisions that were looked through.")
    alike_all: bool = Field(True, description="Those were all that are kept or could be made.")


class SuggestionsOut(BaseModel):
    """What callers of other vendors' APIs said scores should be, oldest first."""

    suggestions: list[dict[str, Any]]


class AuditOut(BaseModel):
    """Links of the audit log, oldest first."""

    entries: list[dict[str, Any]]


class VerifiedOut(BaseModel):
    """What verifying found."""

    entries: int
    head: str = Field(description="Note it elsewhere: a log that was cut off is found with it.")
    erased: int
    problems: list[str]
