"""Custom classes of pictures: what an operator taught with a few examples, and how well it was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evenhand.domain.jsonvalue import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureClass:
    """One custom class: a linear head on the general picture model. Holds no picture and no picture's vector."""

    name: str  # lower-case letters, digits and '_'
    label: str  # what a finding is called: below a top-level label of the taxonomy
    version: str  # first 12 hexadecimal digits of the SHA-256 of all that an answer depends on
    space: str  # version of the model whose vectors it reads
    weights: bytes = field(repr=False)  # float32, little-endian: 1280 weights and the bias; gives log-odds
    quality: Mapping[str, JsonValue]  # counts and cross-validated figures, as `Trained` shows them
    created_at: datetime  # aware
