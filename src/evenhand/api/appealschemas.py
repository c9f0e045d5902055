"""The shapes of appeals that the OpenAPI document describes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evenhand.api.reviewschemas import ItemOut

_LONGEST = 4_000  # characters of a statement, an explanation or a reason


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AppealIn(_In):
    """An appeal."""

    decision_id: str = Field(max_length=100)
    statement: str = Field(max_length=_LONGEST + 100, description="What the appellant says: 1 to 4000 characters.")
    party: str = Field(
        "author",
        max_length=100,
        description="Who appeals: `author`, `reporter:17`. One appeal each. Letters, digits and . _ : @ -",
    )
    language: str = Field("en", max_length=50, description="In which they are answered, e.g. `zh`.")


class LinkIn(_In):
    """A link by which somebody without an account appeals."""

    decision_id: str = Field(max_length=100)
    party: str = Field("author", max_length=100)
    days: float | None = Field(
        None, gt=0, le=3_650, description="How long it is good. Left out: as long as appeals are taken."
    )


class OutcomeIn(_In):
    """What comes of an appeal."""

    outcome: Literal["upheld", "overturned", "partly"]
    explanation: str = Field(min_length=1, max_length=_LONGEST, description="For the appellant, in their language.")
    action: Literal["pass", "mark", "block"] | None = Field(
        None, description="What is done with the content now. Left out, `overturned` means pass. Not with `upheld`."
    )
    labels: list[str] | None = Field(
        None, max_length=50, description="The right ones. Left out, `overturned` means none, `partly` those found."
    )
    reason: str = Field("", max_length=_LONGEST, description="For colleagues. Left out: the explanation.")


class AppealOut(BaseModel):
    """An appeal. What is only for those who decide appeals is left out for others."""

    id: str
    decision_id: str
    party: str
    language: str
    statement: str
    state: Literal["open", "upheld", "overturned", "partly"]
    action: str | None = Field(description="What is done with the content now; null: open, or upheld.")
    labels: list[str] | None
    explanation: str
    due_at: str
    created_at: str
    decided_at: str | None
    item_id: str | None = Field(None, description="Renew, release, skip, escalate or hold it as any other item.")
    content_hash: str | None = None
    via: Literal["api", "link"] | None = None
    tenant: str | None = None
    label: str | None = None
    judged: bool | None = Field(None, description="A person had judged; else the decision was automatic.")
    before: dict[str, Any] | None = Field(None, description="Action and labels as they stood.")
    reason: str | None = None
    overdue: bool | None = None


class AppealsOut(BaseModel):
    """Appeals, oldest first."""

    appeals: list[AppealOut]
    after: str | None = Field(description="Give this as `after` for the next page; null: this is the last.")


class AppealClaimOut(BaseModel):
    """What was claimed."""

    id: str | None = Field(description="Of the appeal.")
    appeal: AppealOut | None = Field(description="null: no appeal that the caller may decide is free.")
    item: ItemOut | None


class LinkOut(BaseModel):
    """A link."""

    url: str = Field(description="Only its path where EVENHAND_PUBLIC_URL is not set.")
    token: str
    decision_id: str
    party: str
    until: str


class AppealTotalsOut(BaseModel):
    """What came of appeals about one label."""

    label: str
    judged: bool = Field(description="Against people's verdicts; else against automatic decisions.")
    open: int
    upheld: int
    overturned: int
    partly: int
    in_time: int = Field(description="Of those decided.")


class AppealTotalsListOut(BaseModel):
    """What came of appeals."""

    totals: list[AppealTotalsOut]
