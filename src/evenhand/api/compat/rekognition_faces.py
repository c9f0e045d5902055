"""DetectFaces from the facts of image.face: boxes, pose, sharpness, and the three inspections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from evenhand.api.compat.aws_errors import AwsError, invalid
from evenhand.domain import Finding, Result
from evenhand.domain.facts import NOT_VISIBLE, PRESENT
from evenhand.domain.location import Box

FACE = "face.present"
_ATTRIBUTES = {"EYEGLASSES": ("Eyeglasses", "glasses"), "SUNGLASSES": ("Sunglasses", "sunglasses")}
_ATTRIBUTES |= {"SMILE": ("Smile", "smile")}
_OCCLUDED = "FACE_OCCLUDED"
# What a person is or feels is refused by name; what evenhand merely does not look at is refused by name too, so that
# nobody takes a missing field for an answer. ALL and DEFAULT ask for no field by name and are answered without these.
_REFUSED = ("AGE_RANGE", "GENDER", "EMOTIONS", "BEARD", "MUSTACHE")
_MISSING = ("EYES_OPEN", "EYE_DIRECTION", "MOUTH_OPEN")
KNOWN = ("ALL", "DEFAULT", *_ATTRIBUTES, _OCCLUDED, *_REFUSED, *_MISSING)
_HALF_SHARP = 6.0  # blur in hundredths of the eye span at which sharpness is 50: details are lost from here


def wanted(attributes: Collection[Any]) -> frozenset[str]:
    """Read `Attributes`.

    Raises:
        AwsError: one is unknown or not answered here.
    """
    if strange := [name for name in attributes if name not in KNOWN]:
        raise invalid(
            f"1 validation error detected: Value '[{str(strange[0])[:60]}]' at 'attributes' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(KNOWN)}]"
        )
    if refused := [name for name in attributes if name in _REFUSED]:
        raise AwsError(
            "AccessDeniedException",
            f"{', '.join(refused)}: evenhand says of faces whether they wear glasses or sunglasses and smile, and "
            "never what a person is or feels (docs/explanation/refusals.md). Leave these attributes out.",
        )
    if missing := [name for name in attributes if name in _MISSING]:
        raise invalid(f"{', '.join(missing)}: not looked at here; leave these attributes out.")
    if "ALL" in attributes:
        return frozenset((*_ATTRIBUTES, _OCCLUDED))
    return frozenset(attributes) - {"DEFAULT"}


def faces(result: Result, attributes: frozenset[str]) -> list[dict[str, Any]]:
    """Give FaceDetails, the largest face first.

    Args:
        result: of a picture.
        attributes: from `wanted`.
    """
    if result.seen is None:
        return []
    size = result.seen.size
    found = [finding for finding in result.findings if finding.label == FACE and finding.location.box is not None]
    found.sort(key=lambda finding: -_area(finding.location.box))
    return [_detail(finding, size, attributes) for finding in found]


def box(pixels: Box, size: tuple[int, int]) -> dict[str, float]:
    """Give a BoundingBox, in shares of the picture's sides."""
    x0, y0, x1, y1 = pixels
    width, height = size
    return {
        "Width": round((x1 - x0) / width, 6),
        "Height": round((y1 - y0) / height, 6),
        "Left": round(x0 / width, 6),
        "Top": round(y0 / height, 6),
    }


def _detail(finding: Finding, size: tuple[int, int], attributes: frozenset[str]) -> dict[str, Any]:
    facts: Mapping[str, Any] = finding.facts or {}
    out: dict[str, Any] = {
        "BoundingBox": box(finding.location.box or (0, 0, 0, 0), size),
        "Confidence": round(100 * finding.score, 4),
    }
    if {"roll", "yaw", "pitch"} <= set(facts):
        out["Pose"] = {"Roll": float(facts["roll"]), "Yaw": float(facts["yaw"]), "Pitch": float(facts["pitch"])}
    if "blur" in facts:
        out["Quality"] = {"Sharpness": round(100 / (1 + (float(facts["blur"]) / _HALF_SHARP) ** 2), 2)}
    for asked, (name, fact) in _ATTRIBUTES.items():
        if asked in attributes and facts.get(fact, NOT_VISIBLE) != NOT_VISIBLE:
            out[name] = _answer(float(facts.get(f"{fact}_score", 0.0)), yes=facts[fact] == PRESENT)
    covered = [float(facts[name]) for name in ("eyes_covered", "mouth_covered") if name in facts]
    if _OCCLUDED in attributes and covered:
        most = max(covered)
        if most >= 0.5 or len(covered) == 2:  # half a face in sight says nothing about the other half
            out["FaceOccluded"] = _answer(most, yes=most >= 0.5)
    return out


def _answer(score: float, *, yes: bool) -> dict[str, Any]:
    return {"Value": yes, "Confidence": round(100 * (score if yes else 1 - score), 2)}


def _area(pixels: Box | None) -> float:
    x0, y0, x1, y1 = pixels or (0.0, 0.0, 0.0, 0.0)
    return (x1 - x0) * (y1 - y0)
