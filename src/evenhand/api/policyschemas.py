"""The shapes of policies, lines and work on them that the OpenAPI document describes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_DOCUMENT = 524_288  # characters, as policies have them at most
Name = Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$")]
Share = Annotated[float, Field(gt=0, le=1, description="Share of contents that the version decides.")]
By = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="What the share is taken by: `content`, or the path of the context that tells authors apart.",
    ),
]
Band = Annotated[list[float], Field(min_length=2, max_length=2)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentIn(_In):
    """A document."""

    document: str = Field(max_length=MAX_DOCUMENT, description="YAML.")


class ChangeIn(_In):
    """One change of a document."""

    path: list[str | int] = Field(max_length=24, description='Such as ["lines", "default", "rules", 0, "action"].')
    what: Literal["set", "remove", "insert"] = "set"
    value: Any = None


class EditIn(DocumentIn):
    """Changes of single values."""

    changes: list[ChangeIn] = Field(min_length=1, max_length=500)


class DraftIn(DocumentIn):
    """A new draft."""

    note: str = Field("", max_length=4_000, description="What it is for.")


class SaveIn(DocumentIn):
    """A draft as it is to be."""

    note: str | None = Field(None, max_length=4_000)
    expects: str | None = Field(None, max_length=64, description="SHA-256 of the document that was changed.")


class CommentIn(_In):
    """A comment."""

    text: str = Field(min_length=1, max_length=4_000)
    line: int | None = Field(None, ge=1, le=100_000, description="Line of the document.")


class BrakeIn(_In):
    """What stops a version by itself: rates outside of a band, of at least `minimum` decisions within `window_s`."""

    block: Band | None = None
    review: Band | None = None
    window_s: float = Field(600, ge=10, le=86_400)
    minimum: int = Field(100, ge=1, le=1_000_000)


class BrakeSetIn(_In):
    """A brake, or none."""

    brake: BrakeIn | Literal["auto"] | None = Field(description="`auto`: by what was usual in the last seven days.")


class PublishIn(_In):
    """How a version is published."""

    at: datetime | None = Field(None, description="When; left out: now.")
    share: Share = 1.0
    by: By = "content"
    brake: BrakeIn | Literal["auto"] | None = Field(None, description="Left out: as it is set.")


class RolloutIn(_In):
    """How far a version is rolled out."""

    share: Share
    by: By | None = None


class ReasonIn(_In):
    """Why."""

    reason: str = Field("", max_length=4_000)


class ShadowIn(_In):
    """Whether a version runs in shadow mode."""

    on: bool = True


class AuditIn(_In):
    """What is audited."""

    languages: list[str] | None = Field(
        None, max_length=50, description="Of the sentences; left out: all, as publishing needs it."
    )


class BlastIn(_In):
    """Which decisions a blast radius looks at."""

    days: float = Field(7, gt=0, le=365)
    lines: list[Name] | None = Field(None, max_length=500)


class UndoIn(_In):
    """What is to be undone: decisions that a version made between two moments."""

    version: str = Field(max_length=200, description="As its document says.")
    since: datetime
    until: datetime
    mode: Literal["redecide", "review"] = Field(
        "redecide", description="`redecide`: as what is in force says; `review`: people look at what would differ."
    )
    action: Literal["pass", "mark", "review", "block"] | None = Field(None, description="Only decisions for this.")


class LineIn(_In):
    """What decides for a business line."""

    policy: Name
    description: str = Field("", max_length=2_000)


class TroubleOut(BaseModel):
    """One problem of a document."""

    line: int
    column: int
    message: str


class CheckedOut(BaseModel):
    """What a document amounts to."""

    valid: bool
    name: str | None
    version: str | None
    lines: list[str]
    problems: list[TroubleOut]
    warnings: list[str]
    value: Any = Field(description="The document as plain values; null: it is no YAML.")
    document: str


class VersionOut(BaseModel):
    """A version of a policy."""

    id: str
    policy: str
    version: str
    sha256: str
    state: Literal["draft", "proposed", "approved", "published", "stopped", "withdrawn"]
    role: Literal["live", "previous", "candidate", "shadow"] | None = Field(description="What it does now.")
    note: str
    author: str
    created_at: str
    changed_at: str
    proposed_at: str | None
    approved_by: str | None
    approved_at: str | None
    audit: dict[str, Any] | None = Field(description="What the fairness audit said of this document.")
    plan: dict[str, Any] | None = Field(description="How it is to be published.")
    due_at: str | None
    live_at: str | None
    document: str | None = Field(description="null in listings.")
    tenant: str | None = Field(description="Id of the tenant whose it is; null: nobody's, for all.")


class VersionsOut(BaseModel):
    """A page of versions, newest first."""

    versions: list[VersionOut]
    after: str | None


class LiveOut(BaseModel):
    """What decides for one policy."""

    policy: str
    live: str | None = Field(description="Id of a version; `shipped`: the policy that ships.")
    previous: str | None
    candidate: str | None
    share: float
    by: str
    shadow: str | None
    brake: dict[str, Any] | None
    since: str
    tenant: str | None = Field(description="Id of the tenant whose it is; null: nobody's, for all.")


class StateOut(BaseModel):
    """Everything that decides."""

    source: Literal["file", "given", "store", "shipped"]
    note: str = Field(description="What that means, in words.")
    second_person: bool = Field(description="Whether somebody other than the author must approve.")
    policies: list[LiveOut]
    lines: list[dict[str, Any]]


class PublishedOut(BaseModel):
    """What publishing led to."""

    state: Literal["published", "auditing", "scheduled"]
    version: VersionOut
    run: str | None = Field(description="Of the audit, which publishes the version once it has passed.")


class CommentOut(BaseModel):
    """A comment."""

    id: str
    version_id: str
    author: str
    line: int | None
    text: str
    created_at: str


class CommentsOut(BaseModel):
    """Comments, oldest first."""

    comments: list[CommentOut]


class DiffOut(BaseModel):
    """Two documents side by side."""

    text: list[dict[str, Any]]
    changes: list[dict[str, Any]]


class RunOut(BaseModel):
    """Work that takes a while."""

    id: str
    kind: Literal["audit", "blast", "preview", "undo", "revert"]
    policy: str
    version_id: str
    asked: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    result: Any
    error: str | None
    actor: str
    job: str | None
    created_at: str
    finished_at: str | None


class RunsOut(BaseModel):
    """Runs, newest first."""

    runs: list[RunOut]


class ShadowOut(BaseModel):
    """What a version in shadow mode would have done."""

    version_id: str
    decisions: int
    changed: int
    moves: list[dict[str, Any]]
    by: dict[str, dict[str, dict[str, int]]]
    left_out: dict[str, int] = Field(description="Decisions that were not compared: why -> how many.")
    examples: list[dict[str, Any]]


class TemplatesOut(BaseModel):
    """Policies to start from."""

    templates: list[dict[str, str]]


class LinesOut(BaseModel):
    """Business lines."""

    lines: list[dict[str, Any]]


class BrakeOut(BaseModel):
    """A brake."""

    brake: dict[str, Any] | None


class RatesOut(BaseModel):
    """How often a version led to what, over time."""

    version_id: str | None
    counts: dict[str, int]
    timeline: list[dict[str, Any]]
