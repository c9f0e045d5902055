"""The shapes of jobs and webhooks that the OpenAPI document describes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evenhand.api.schemas import ItemIn


class JobIn(BaseModel):
    """A job: many items, or a video or sound by its URL, checked in the background."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "bulk", "items": [{"id": "1", "text": "hello"}]}]}
    )

    kind: Literal["bulk", "media"] | None = Field(
        None, description="What kind of job; bulk for items, media for a URL."
    )
    items: list[ItemIn] | None = Field(None, description="The items, as for /v1/check:batch.")
    url: str | None = Field(None, description="Address of a video or sound, fetched by a worker.")
    lang: str | None = Field(None, description="BCP 47 language of what is said; identified if not given.")
    line: str = Field("default", description="Business line whose rules decide.")
    all_scores: bool = Field(False, description="Give every label's score, also below any threshold.")
    priority: Literal["live", "interactive", "bulk"] = Field("interactive", description="Which queue.")
    id: str | None = Field(None, max_length=1_024, description="Your own id, given back unchanged.")
    fresh: bool = Field(False, description="Do it even if the same was done already.")


class ProgressOut(BaseModel):
    """How far a job is."""

    segments: int | None = Field(description="How many it was cut into; null: not planned yet.")
    segments_done: int
    unit: str | None = Field(description='What `done` and `total` count: "items", "seconds".')
    total: float | None
    done: float
    eta_s: float | None = Field(description="Seconds it may still take; null: not known.")


class JobOut(BaseModel):
    """A job as it is now."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    priority: Literal["live", "interactive", "bulk"]
    caller_id: str | None
    content_hash: str | None
    options: dict[str, Any]
    progress: ProgressOut
    result: Any = Field(description="A summary once it is done.")
    error: dict[str, Any] | None = Field(description="Why it failed: code, message, and the task it came from.")
    replays: int = Field(description="How often it was set going again.")
    created_at: str
    started_at: str | None
    finished_at: str | None
    deadline_at: str


class SubmittedOut(JobOut):
    """A job that was submitted."""

    new: bool = Field(description="False: the same was submitted before, and this is that job.")


class JobsOut(BaseModel):
    """One page of jobs, newest first."""

    jobs: list[JobOut]
    after: str | None = Field(description="Give this as `after` for the next page; null: this is the last.")


class WebhookIn(BaseModel):
    """A webhook to be registered."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, description="Yours, unique.")
    url: str = Field(min_length=1, max_length=2_048, description="An http(s) address.")
    events: list[str] = Field(default=["*"], min_length=1, description='"job.done", a family such as "job.*", or "*".')


class WebhookOut(BaseModel):
    """A webhook."""

    id: str
    name: str
    url: str
    events: list[str]
    created_at: str
    enabled: bool


class NewWebhookOut(WebhookOut):
    """A webhook with its signing secrets, newest first: the only time they are shown."""

    secrets: list[str]


class WebhooksOut(BaseModel):
    """All webhooks."""

    webhooks: list[WebhookOut]


class DeliveryOut(BaseModel):
    """One event on its way to one webhook."""

    id: str
    webhook_id: str
    event: str
    state: Literal["queued", "delivered", "failed"]
    attempts: list[dict[str, Any]] = Field(description="at, status, error, ms of each try.")
    created_at: str
    delivered_at: str | None


class DeliveriesOut(BaseModel):
    """Deliveries, newest first."""

    deliveries: list[DeliveryOut]


class TestedOut(BaseModel):
    """A test event was queued."""

    delivery: str
