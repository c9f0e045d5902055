"""What a picture holds beside findings, for callers in the same process: it is not in the result document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evenhand.domain.part import TextPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in a picture."""

    size: tuple[int, int]  # width and height in the pixels that boxes are given in
    scores: Mapping[str, float]  # label -> highest score that a detector of pictures gave; words do not count
    words: tuple[TextPart, ...]  # read in it: OCR, codes
