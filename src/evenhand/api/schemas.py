"""The shapes that the OpenAPI document describes. Bodies are read by `bodies`, which is faster and says more."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evenhand.domain import MAX_MESSAGES

_SPAM = "Cheap watches, message me on WhatsApp +1 415 555 2671"


class MessageIn(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="forbid")

    text: str
    author: str | None = Field(None, max_length=64, description='A tag that tells the speakers apart: "a", "b".')


class AuthorIn(BaseModel):
    """What you know about the author from your own records; no other facts are taken."""

    model_config = ConfigDict(extra="forbid")

    age_days: float | None = Field(None, ge=0, description="Days since the account was opened.")
    posts: int | None = Field(None, ge=0, description="Contents published so far.")
    violations: int | None = Field(None, ge=0, description="Decisions against the author that a person confirmed.")
    reports: int | None = Field(None, ge=0, description="Times that others reported the author.")
    trusted: bool | None = Field(None, description="Your own mark.")


class ItemIn(BaseModel):
    """One content: exactly one of `text`, `url` and `data`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "42", "text": _SPAM}]})

    id: str | None = Field(None, description="Your own id, given back unchanged.")
    text: str | None = Field(None, description="The text itself.")
    url: str | None = Field(None, description="An http(s) address, fetched by the server.")
    data: str | None = Field(None, description="A file in base64.")
    kind: Literal["text", "image", "audio", "video", "stream"] | None = Field(None, description="Found if not given.")
    media_type: str | None = Field(None, description="A hint; what the bytes are is what counts.")
    lang: str | None = Field(None, description='BCP 47 language of the text ("en"); identified if not given.')
    context: dict[str, Any] | None = Field(None, description="Channel and whatever your policy reads.")
    conversation: list[MessageIn] | None = Field(
        None, max_length=MAX_MESSAGES, description="The messages before it, oldest first; 20,000 characters in all."
    )
    author: AuthorIn | None = Field(None, description="Facts that policies read; the model never sees them.")


class CheckIn(ItemIn):
    """One content, and how it is to be checked."""

    line: str = Field("default", description="Business line whose rules decide.")
    all_scores: bool = Field(False, description="Give every label's score, also below any threshold.")


class BatchIn(BaseModel):
    """Many contents, answered in their order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"id": "1", "text": "good morning"}, {"id": "2", "text": _SPAM}]}]}
    )

    items: list[ItemIn]
    line: str = "default"
    all_scores: bool = False


class RedactIn(ItemIn):
    """One content, and what of it is covered."""

    line: str = Field("default", description="Business line of the check.")
    all_scores: bool = Field(False, description="In the result: every label's score.")
    labels: list[str] = Field(
        ["harm"], description='Labels, each with those below it; "harm" and "all". Empty: nothing is looked for.'
    )
    min_score: float = Field(0.5, ge=0, le=1, description="Least score of a finding that is covered.")
    boxes: list[tuple[float, float, float, float]] = Field(
        [], max_length=1000, description="Further regions, in the pixels in which findings' boxes count."
    )
    style: Literal["pixelate", "blur", "box"] = Field("pixelate", description="Words and codes are always boxed.")


class LocationOut(BaseModel):
    """The place of the evidence; only what applies is there."""

    source: str = Field(description="text, image, frame, ocr, code, audio, speech or subtitle.")
    span: tuple[int, int] | None = Field(None, description="[start, end) in code points.")
    box: tuple[float, float, float, float] | None = Field(None, description="x0, y0, x1, y1 in pixels.")
    time: tuple[float, float] | None = Field(None, description="Seconds.")
    frame: int | None = None
    text: str | None = Field(None, description="The words, where you do not have them: OCR and codes.")


class FindingOut(BaseModel):
    """What a detector saw."""

    label: str
    score: float = Field(ge=0, le=1, description="Calibrated probability.")
    detector: str
    version: str
    location: LocationOut
    reason: str
    language: str | None = None
    library: str | None = None
    context: str | None = Field(None, description="What the conversation before it did to the score.")
    facts: dict[str, str | int | float] | None = Field(
        None, description="Facts about the evidence, such as the blur of a face; names and units in the reference."
    )


class IncidentOut(BaseModel):
    """A stretch of a video or a sound, and what was found there."""

    start: float = Field(description="Seconds.")
    end: float
    label: str = Field(description="Of the strongest finding.")
    score: float = Field(ge=0, le=1, description="All its evidence together.")
    labels: dict[str, float]
    modalities: list[Literal["seen", "read", "heard", "said", "captioned"]]
    count: int = Field(description="Moments at which something was found.")
    findings: list[FindingOut] = Field(description="The strongest.")


class ResultOut(BaseModel):
    """The result document."""

    id: str | None
    decision_id: str
    action: Literal["pass", "mark", "review", "block"]
    labels: dict[str, float]
    findings: list[FindingOut]
    rule: str | None
    reason: str
    incomplete: dict[str, str] = Field(description="Detector -> why it gave no answer. Empty: all answered.")
    policy: str
    models: dict[str, str]
    content_hash: str
    kind: str
    languages: list[str]
    notes: list[str]
    timing_ms: dict[str, float]
    incidents: list[IncidentOut] | None = Field(None, description="Only of a video or a sound: what happened when.")
    media: dict[str, Any] | None = Field(
        None, description="Only of a video or a sound: its length and tracks, and how much of it was looked at."
    )


class RedactOut(BaseModel):
    """The content with what was found covered."""

    media_type: str
    text: str | None = Field(description="Of a text.")
    data: str | None = Field(description="Of a picture: the file in base64, in the format in which it came.")
    covered: list[FindingOut]
    boxes: int = Field(description="Regions of your own that were covered.")
    notes: list[str]
    result: ResultOut | None = Field(description="What it rests on; null where nothing was looked for.")


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    message: str
    problems: list[dict[str, Any]] | None = None


class ErrorOut(BaseModel):
    """The shape of every error."""

    error: ErrorDetail


class ItemErrorOut(BaseModel):
    """Stands in a batch for an item that could not be read."""

    id: str | None
    error: ErrorDetail


class BatchOut(BaseModel):
    """Answers in the order of the items."""

    results: list[ResultOut | ItemErrorOut]


class DecisionOut(ResultOut):
    """A recorded decision."""

    created_at: str
