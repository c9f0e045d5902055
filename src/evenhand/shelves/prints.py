"""Fingerprints of what is checked: of texts and pictures, by which near-same content is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import Fingerprint, ImagePart, Part, Source, TextPart
from evenhand.errors import InputError
from evenhand.review.near import Query

if TYPE_CHECKING:
    from numpy.typing import NDArray


def query_of(parts: Sequence[Part], kind: str) -> Query | None:
    """Give what a content is looked up by; None: it is of another kind, or too short or too plain.

    Args:
        parts: as decoded.
        kind: content kind.
    """
    if kind == "text":
        from evenhand.matching.textsketch import sketch

        text = "\n".join(x.text for x in parts if isinstance(x, TextPart) and x.origin.source is Source.TEXT)
        numbers = sketch(text)
        return None if numbers is None else Query(kind="text", forms=numbers[None])
    if kind == "image":
        from evenhand.detectors.imagehash import hash_part
        from evenhand.matching.pdq import MIN_QUALITY

        picture = next((part for part in parts if isinstance(part, ImagePart)), None)
        hashed = None if picture is None else hash_part(picture)
        if hashed is not None and hashed.quality >= MIN_QUALITY:
            return Query(kind="image", forms=hashed.turns)
    return None


def from_sample(sample: str) -> Fingerprint:
    """Read a fingerprint as libraries hold it: the sketch of a text, or the PDQ hash of a picture.

    Raises:
        InputError: it is neither.
    """
    from evenhand.matching import pdq, textsketch

    try:
        if sample.startswith(textsketch.MARK):
            return Fingerprint(kind="text", data=_little(textsketch.from_text(sample)))
        pdq.from_hex(sample)
    except ValueError as error:
        raise InputError(f"No fingerprint: {error}.") from error
    return Fingerprint(kind="image", data=bytes.fromhex(sample.strip()))


def as_sample(fingerprint: Fingerprint) -> str:
    """Write a fingerprint as libraries hold it."""
    from evenhand.matching import textsketch

    if fingerprint.kind == "text":
        return textsketch.as_text(np.frombuffer(fingerprint.data, "<u4"))
    return fingerprint.data.hex()


def _little(numbers: NDArray[np.uint32]) -> bytes:
    return np.ascontiguousarray(numbers, "<u4").tobytes()
