"""TEXT_DETECTION and FACE_DETECTION: the words and the faces of a picture, with their places in its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.api.compat.google.likelihoods import UNKNOWN, likelihood_of
from evenhand.api.compat.google.pages import page, polygon
from evenhand.api.compat.rekognition_text import lines_of
from evenhand.domain import Finding, Result, Source
from evenhand.domain.location import Box, union

FACE, OCR = "face.present", "image.ocr"
_HALF_SHARP = 6.0  # blur in hundredths of the eye span from which details are lost: POSSIBLE begins there
# What a person feels is never said, and these were not looked at: the vendor's word for both is UNKNOWN.
_UNANSWERED = ("joy", "sorrow", "anger", "surprise", "headwear", "underExposed")


def words(result: Result) -> dict[str, Any]:
    """Give `textAnnotations`, all text first and then its words, and `fullTextAnnotation`, its enumerations by number.

    {}: nothing is written.
    """
    seen = result.seen
    parts = [part for part in seen.words if part.origin.source is Source.OCR] if seen is not None else []
    blocks = [lines_of(part) for part in parts]
    found = [word for lines in blocks for line in lines for word in line]
    if seen is None or not found:
        return {}
    text = "\n".join(part.text for part in parts)
    whole = union([word.box for word in found]) or (0.0, 0.0, 0.0, 0.0)
    first: dict[str, Any] = {"description": text, "boundingPoly": polygon(whole)}
    if result.languages:
        first["locale"] = result.languages[0]
    rows = [{"description": word.text, "boundingPoly": polygon(word.box)} for word in found]
    return {"textAnnotations": [first, *rows], "fullTextAnnotation": {"text": text, "pages": [page(blocks, seen.size)]}}


def faces(result: Result, *, most: int) -> list[dict[str, Any]]:
    """Give `faceAnnotations`, the largest face first; likelihoods by number.

    Args:
        result: of a picture.
        most: how many faces are wanted; 0: all that were found.
    """
    found = [(one, one.location.box) for one in result.findings if one.label == FACE and one.location.box is not None]
    placed = [(finding, box) for finding, box in found if box is not None]
    placed.sort(key=lambda pair: -(pair[1][2] - pair[1][0]) * (pair[1][3] - pair[1][1]))
    return [_face(finding, box) for finding, box in placed[: most or None]]


def _face(finding: Finding, box: Box) -> dict[str, Any]:
    facts: Mapping[str, Any] = finding.facts or {}
    place = polygon(box)
    row: dict[str, Any] = {
        "boundingPoly": place,
        "fdBoundingPoly": place,
        "detectionConfidence": round(finding.score, 6),
        "blurredLikelihood": _blurred(float(facts["blur"])) if "blur" in facts else UNKNOWN,
    }
    row |= {f"{name}Likelihood": UNKNOWN for name in _UNANSWERED}
    for name, fact in (("rollAngle", "roll"), ("panAngle", "yaw"), ("tiltAngle", "pitch")):
        if fact in facts:
            row[name] = float(facts[fact])
    return row


def _blurred(blur: float) -> int:
    part = (blur / _HALF_SHARP) ** 2
    return likelihood_of(part / (1 + part))
