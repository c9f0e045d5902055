"""What is said of faces: glasses, sunglasses and smile. All else that the vendor offers about people is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evenhand.api.compat.alibaba.answers import Answer, box
from evenhand.api.compat.alibaba.errors import DENIED, FAILED, CodeError
from evenhand.domain import Finding, Result
from evenhand.domain.facts import ABSENT, PRESENT
from evenhand.fairness import refuse_label

_DETECTOR = "image.face"
_MOST = 5  # faces that the vendor lists
# What clients ask for in `attributes` or `infoType` that is answered; the rest of what a face might tell is not
_ANSWERED = frozenset({"glasses", "smile", "quality", "location"})
_NO_MATTER = "evenhand tells glasses, sunglasses and smile of a face, and never who a person is or what they are like"


def check_attributes(asked: object) -> None:
    """Refuse attributes of a face that are not glasses or smile.

    Args:
        asked: as it was sent: None, a text with commas, or a list.

    Raises:
        RefusedLabelError: age, gender and the like.
        CodeError: others that are not answered.
    """
    names = asked.split(",") if isinstance(asked, str) else asked if isinstance(asked, list) else []
    for name in (str(one).strip() for one in names):
        if name and name.lower() not in _ANSWERED:
            refuse_label(name, where="face attribute")
            raise CodeError(f"The face attribute {name[:60]!r} is not answered: {_NO_MATTER}.", number=DENIED)


def refused(what: str) -> CodeError:
    """Give the refusal of everything that finds out who a person is."""
    return CodeError(
        f"{what} is refused: {_NO_MATTER}. No setting changes that (docs/explanation/refusals.md).", number=DENIED
    )


def check_seen(result: Result) -> None:
    """Refuse to say that there are no faces where nothing looked for them.

    Raises:
        CodeError: image.face gave no answer, or is switched off here.
    """
    if _DETECTOR in result.incomplete or _DETECTOR not in result.models:
        why = result.incomplete.get(_DETECTOR, "it is switched off here")
        raise CodeError(f"Nothing looked for faces ({_DETECTOR}: {why}).", number=FAILED)


def faces_2022(answer: Answer) -> list[dict[str, Any]]:
    """Give `Ext.FaceData`: what is not visible is left out, and so is everything that is not answered."""
    out = []
    for face in _faces(answer.findings):
        facts = face.facts or {}
        entry: dict[str, Any] = {}
        if (worn := _glasses(facts)) is not None:
            entry["Glasses"] = worn
        if "smile_score" in facts:
            entry["Smile"] = _percent(facts["smile_score"])
        if (place := box(face)) is not None:
            entry["Location"] = {name.upper(): value for name, value in place.items()}
        entry["Quality"] = {name.title(): float(facts[name]) for name in ("yaw", "pitch", "roll") if name in facts}
        out.append(entry)
    return out


def faces_2018(answer: Answer) -> list[dict[str, Any]]:
    """Give the `faces` of `/green/face/detect`; likewise."""
    out = []
    for face in _faces(answer.findings):
        facts = face.facts or {}
        entry: dict[str, Any] = {"location": box(face)}
        if (worn := _glasses(facts)) is not None:
            entry["glasses"] = {"value": worn, "rate": _percent(_sure(facts, worn))}
        if "smile_score" in facts:
            entry["smile"] = {"value": facts.get("smile") == PRESENT, "rate": _percent(facts["smile_score"])}
        entry["quality"] = {name: float(facts[name]) for name in ("yaw", "pitch", "roll") if name in facts}
        out.append(entry)
    return out


def _faces(findings: Iterable[Finding]) -> list[Finding]:
    found = [finding for finding in findings if finding.label == "face.present"]
    return sorted(found, key=lambda face: -face.score)[:_MOST]


def _glasses(facts: Mapping[str, Any]) -> str | None:
    """Give the vendor's word for what is worn; None: it cannot be seen."""
    if facts.get("sunglasses") == PRESENT:
        return "Sunglass"
    if facts.get("glasses") == PRESENT:
        return "Wear"
    return "None" if ABSENT in (facts.get("glasses"), facts.get("sunglasses")) else None


def _sure(facts: Mapping[str, Any], worn: str) -> float:
    score = float(facts.get("sunglasses_score" if worn == "Sunglass" else "glasses_score", 0.5))
    return 1.0 - score if worn == "None" else score


def _percent(score: Any) -> float:
    return round(100 * float(score), 2)
