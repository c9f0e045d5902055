"""Custom classes: what an operator taught with a few examples, and how well it was learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from evenhand.domain.jsonvalue import JsonValue


class Medium(StrEnum):
    """What a class tells apart."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomClass:
    """One version of a class: a linear head on a shipped model. Holds no picture, and no vector of an example."""

    name: str  # lower-case letters, digits and '_'
    medium: Medium
    number: int = 1  # of the version, from 1
    label: str  # what a finding is called: below a top-level label of the taxonomy
    version: str  # first 12 hexadecimal digits of the SHA-256 of all that an answer depends on
    space: str  # version of the model whose vectors it reads
    weights: bytes = field(repr=False)  # float32, little-endian: one for each dimension and the bias; gives log-odds
    threshold: float = 0.5  # score from which there is a finding
    quality: Mapping[str, JsonValue]  # counts and cross-validated figures; see docs/how-to/custom-classes.md
    audit: Mapping[str, JsonValue] = field(default_factory=dict)  # the fairness audit: "passed", "failures", figures
    mistakes: Sequence[Mapping[str, JsonValue]] = ()  # the worst: "side", "score", and "text", "file" or "decision"
    created_by: str = ""  # id of who taught it
    created_at: datetime  # aware


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassEntry:
    """A class with all its versions."""

    name: str
    medium: Medium
    deployed: int | None  # number of the version that judges contents; None: none does
    previous: int | None  # the one that did before: what a rollback goes back to
    versions: tuple[CustomClass, ...]  # newest first

    @property
    def live(self) -> CustomClass | None:
        """The version that judges contents."""
        return next((one for one in self.versions if one.number == self.deployed), None)
