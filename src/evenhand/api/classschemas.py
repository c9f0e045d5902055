"""The shapes of custom classes that the OpenAPI document describes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_Text = Annotated[str, Field(max_length=20_000)]
_Name = Annotated[str, Field(min_length=2, max_length=40)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HistoryIn(_In):
    """Examples out of what people judged: contents with a label, against those without it."""

    label: str | None = Field(None, max_length=200, description="None: what was blocked, against what passed.")
    queue: str | None = Field(None, max_length=200, description="Only verdicts of this queue.")
    days: float | None = Field(None, gt=0, le=18_250, description="Only of so many last days.")


class ClassIn(_In):
    """What a class is taught with: texts, or what people judged; files come in a form."""

    name: _Name = Field(description="2 to 40 lower-case letters, digits and '_'.")
    medium: Literal["text", "image"] = Field("text", description="image: with `history`, or as files in a form.")
    examples: list[_Text] = Field([], max_length=2_000, description="Texts of it; 20 to 500 do well, 8 at least.")
    against: list[_Text] = Field([], max_length=2_000, description="What it should not be taken for; these help most.")
    history: HistoryIn | None = None
    label: str | None = Field(None, max_length=200, description="Of its findings, `ads.stickers`; else known.NAME.")
    threshold: float | None = Field(None, ge=0.05, le=0.99, description="Score from which there is a finding.")
    deploy: bool = Field(False, description="Let it judge contents at once, if its fairness audit passes.")


class DeployIn(_In):
    """Which version judges from now on."""

    number: int = Field(ge=1, le=2**31 - 1)


class TryIn(_In):
    """A text to be scored with a class."""

    text: str = Field(min_length=1, max_length=100_000)
    number: int | None = Field(None, ge=1, le=2**31 - 1, description="Version; null: the one that judges, or newest.")


class TriedOut(BaseModel):
    """What a class says of a text. Nothing of it is kept."""

    number: int = Field(description="Of the version that was asked.")
    label: str
    score: float = Field(description="0 to 1; 0 where there is nothing to read.")
    threshold: float
    found: bool = Field(description="The score is at the threshold or above.")
    partial: str | None = Field(description="Why not all of the text was read; null: it was.")


class ClassVersionOut(BaseModel):
    """One version of a class."""

    name: str
    medium: str
    number: int
    label: str
    version: str = Field(description="Changes whenever the same content may get another answer.")
    space: str = Field(description="The model whose vectors it reads.")
    threshold: float
    quality: dict[str, Any] = Field(description="Cross-validated: found, false_alarms_*, auc, curve, each with counts.")
    audit: dict[str, Any] = Field(description="The fairness audit: passed, failures, flips, gap, with their limits.")
    mistakes: list[dict[str, Any]] = Field(description="The worst of each side, of examples it had not seen.")
    created_by: str
    created_at: datetime


class TaughtOut(ClassVersionOut):
    """What came of teaching."""

    deployed: bool
    left_out: list[dict[str, str]] = Field(description="Examples that could not be used, and why.")
    not_kept: int = Field(description="Contents of the history whose originals are not kept.")


class ClassOut(BaseModel):
    """A class with its versions."""

    name: str
    medium: str
    label: str
    deployed: int | None = Field(description="Number of the version that judges contents.")
    previous: int | None = Field(description="What a rollback goes back to.")
    versions: list[ClassVersionOut]


class ClassesOut(BaseModel):
    """All classes, by name."""

    classes: list[ClassOut]


class HistoryOut(BaseModel):
    """How many examples what people judged would give."""

    examples: int
    against: int
    not_kept: int
