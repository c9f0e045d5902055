"""The shapes of what a reviewer looks at."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class PieceOut(BaseModel):
    """A stretch of a text."""

    text: str
    labels: list[str] = Field(description="Of the findings whose evidence it is.")


class ReadOut(BaseModel):
    """A text."""

    pieces: list[PieceOut]
    normalised: list[PieceOut] | None = Field(description="Without its disguise, marked alike; null: there was none.")
    left_out: int = Field(description="Characters at its end that are too many to be given.")


class ContentOut(BaseModel):
    """What there is to look at."""

    kept: bool
    why_not: str | None
    media: str | None = Field(description="Media type, by its bytes.")
    family: Literal["text", "image", "audio", "video", "other"] | None
    size: int | None = Field(description="Bytes.")
    text: ReadOut | None
    incidents: list[dict[str, Any]]
    recording: dict[str, Any] | None
    context: dict[str, Any] = Field(description="What was kept of the context that came with it.")


class ScoreOut(BaseModel):
    """One label's score, and the strongest finding of it."""

    label: str
    score: float
    detector: str | None
    version: str | None
    why: str | None


class PolicyOut(BaseModel):
    """What the decision rests on."""

    policy: str
    version: str
    line: str
    rule: str | None
    text: str | None = Field(description="The rule as it stands in the document that decided; null: it is not known.")
    reason: str
    incomplete: dict[str, str]
    scores: list[ScoreOut]


class SimilarItemOut(BaseModel):
    """A past item, and what was decided."""

    decision_id: str
    how: Literal["same", "near", "alike"] = Field(
        description="The very same content, nearly the same by a perceptual hash, or of like meaning or look."
    )
    similarity: float
    state: str = Field(description="Of the item; automatic: nobody was asked.")
    label: str
    action: str = Field(description="As decided automatically.")
    verdict: dict[str, Any] | None
    excerpt: str | None
    created_at: str


class SimilarOut(BaseModel):
    """Similar past items, the most similar first."""

    items: list[SimilarItemOut]


class WaveformOut(BaseModel):
    """Peaks of a sound."""

    seconds: float
    until: float = Field(description="How far it was read, in seconds.")
    peaks: list[int] = Field(description="0 to 100, of stretches of equal length; empty: no sound.")


class TranscriptOut(BaseModel):
    """Lines with their times, in seconds."""

    lines: list[dict[str, Any]]
    until: float | None = Field(description="How far it was read; null: these are only words of findings.")
    heard: bool = Field(description="Speech was written down, too.")
