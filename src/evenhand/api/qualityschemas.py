"""The shapes of quality that the OpenAPI document describes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evenhand.api.reviewschemas import VerdictIn

_LONGEST = 4_000  # characters of a note


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GoldenIn(VerdictIn):
    """A golden question by hand: a stored decision and its right verdict."""

    decision_id: str = Field(max_length=100)
    queue: str | None = Field(None, max_length=100, description="Left out: the one where the decision waited.")
    note: str = Field("", max_length=_LONGEST, description="Why, for who gets it wrong.")


class FromAgreedIn(_In):
    """Golden questions of what people agreed about."""

    queue: str = Field("default", max_length=100)
    count: int = Field(20, ge=1, le=500, description="Most questions to make.")


class FeedbackIn(_In):
    """A note to whoever gave a verdict."""

    verdict: str = Field(max_length=100, description="Id of the verdict, as `/v1/quality/verdicts` gives it.")
    note: str = Field(min_length=1, max_length=_LONGEST)


class AcknowledgeIn(_In):
    """That feedback was read."""

    answer: str = Field("", max_length=_LONGEST)


class CalibrationIn(_In):
    """A session."""

    name: str = Field(min_length=1, max_length=200)
    decisions: list[str] = Field(min_length=1, max_length=200, description="Ids, in the order in which they are shown.")


class CalibrationVerdictIn(VerdictIn):
    """What one of the decisions of a session comes to."""

    decision_id: str = Field(max_length=100)


class CalibrationNoteIn(_In):
    """A word in the discussion of a closed session."""

    decision_id: str = Field(max_length=100)
    note: str = Field(min_length=1, max_length=_LONGEST)


class GoldenOut(BaseModel):
    """A golden question."""

    id: str
    decision_id: str
    queue: str
    verdict: dict[str, Any]
    note: str
    origin: Literal["agreed", "hand"]
    created_at: str
    retired_at: str | None


class GoldensOut(BaseModel):
    """Golden questions, oldest first."""

    golden: list[GoldenOut]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class GoldenAnswerOut(BaseModel):
    """How the caller answered a golden question."""

    item_id: str
    queue: str
    label: str
    verdict: dict[str, Any]
    right: dict[str, Any]
    correct: bool
    note: str
    at: str


class OwnOut(BaseModel):
    """The caller's own results. Nobody else can see them."""

    golden_answered: int = Field(description="Of those answered more than an hour ago.")
    golden_correct: int
    golden: list[GoldenAnswerOut]
    verdicts: int
    compared: int = Field(description="Of those, decisions that somebody else judged, too.")
    agreed: int = Field(description="Of those, with the verdict that stands.")


class GoldenTotalsOut(BaseModel):
    """How golden questions of a queue were answered, by all together."""

    queue: str
    questions: int
    people: int
    answered: int
    correct: int | None = Field(description="null: fewer than three people answered.")
    spread: list[int] | None = Field(
        description="People by their share of right answers: below 50 %, from 50, from 70, from 80, from 90 %. null: "
        "fewer than five people answered."
    )


class GoldenTotalsListOut(BaseModel):
    """Totals by queue."""

    queues: list[GoldenTotalsOut]


class AgreementOut(BaseModel):
    """How well people agree."""

    name: str
    decisions: int
    agreed: int
    alpha: float | None = Field(description="Krippendorff's, nominal. null: nothing can be said.")
    alpha_interval: list[float] | None = Field(description="95 %, bootstrap over decisions.")
    kappa: float | None = Field(description="Cohen's, of the first verdict and the second.")
    kappa_interval: list[float] | None
    few: bool = Field(description="Fewer than ten decisions: read with care.")


class AgreementsOut(BaseModel):
    """Agreement in all, by queue and by label."""

    all: AgreementOut
    queues: list[AgreementOut]
    labels: list[AgreementOut]


class VoteOut(BaseModel):
    """One verdict, without whose it is."""

    id: str
    item_id: str
    decision_id: str
    queue: str
    label: str
    purpose: str
    verdict: dict[str, Any]
    at: str


class VotesOut(BaseModel):
    """All verdicts on a decision, oldest first."""

    verdicts: list[VoteOut]


class DisagreementOut(BaseModel):
    """A decision about which people differ."""

    item_id: str = Field(description="Decide it as any other item.")
    decision_id: str
    queue: str
    label: str
    state: Literal["open", "done"]
    votes: list[VoteOut]
    verdict: dict[str, Any] | None = Field(description="The one that stands.")
    since: str


class DisagreementsOut(BaseModel):
    """Disagreements, oldest first."""

    disagreements: list[DisagreementOut]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class FeedbackOut(BaseModel):
    """A note on one verdict. It does not say whose."""

    id: str
    vote_id: str
    item_id: str
    note: str
    answer: str
    verdict: dict[str, Any] | None
    created_at: str
    acknowledged_at: str | None


class FeedbacksOut(BaseModel):
    """Feedback, oldest first."""

    feedback: list[FeedbackOut]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class CalibrationOut(BaseModel):
    """A session."""

    id: str
    name: str
    decisions: list[str]
    people: int
    created_at: str
    closed_at: str | None


class CalibrationsOut(BaseModel):
    """Sessions, oldest first."""

    calibrations: list[CalibrationOut]
    after: str | None = Field(None, description="Give this as `after` for the next page; null: this is the last.")


class CalibrationNoteOut(BaseModel):
    """A word in the discussion."""

    author: str
    note: str
    at: str


class CalibrationItemOut(BaseModel):
    """A decision of a session."""

    decision_id: str
    you: str | None = Field(description="The caller's letter; null while the session is open.")
    mine: dict[str, Any] | None
    verdicts: dict[str, dict[str, Any]] = Field(description="By letters that stand for people; empty while it is open.")
    notes: list[CalibrationNoteOut]


class CalibrationWholeOut(CalibrationOut):
    """A session with its decisions as the caller may see them."""

    items: list[CalibrationItemOut]
    agreement: AgreementOut | None = Field(description="null while it is open.")
