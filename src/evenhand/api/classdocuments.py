"""Custom classes as JSON: what the API, the command line and the console show."""

from __future__ import annotations

from typing import Any

from evenhand.detectors.base import Detection
from evenhand.domain import ClassEntry, CustomClass


def class_document(entry: ClassEntry) -> dict[str, Any]:
    """Give a class with its versions, newest first."""
    shown = entry.live or entry.versions[0]
    return {
        "name": entry.name,
        "medium": entry.medium.value,
        "label": shown.label,
        "deployed": entry.deployed,
        "previous": entry.previous,
        "versions": [version_document(one) for one in entry.versions],
    }


def version_document(one: CustomClass) -> dict[str, Any]:
    """Give one version; its weights stay."""
    return {
        "name": one.name,
        "medium": one.medium.value,
        "number": one.number,
        "label": one.label,
        "version": one.version,
        "space": one.space,
        "threshold": one.threshold,
        "quality": dict(one.quality),
        "audit": dict(one.audit),
        "mistakes": [dict(row) for row in one.mistakes],
        "created_by": one.created_by,
        "created_at": one.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def tried_document(version: CustomClass, said: Detection) -> dict[str, Any]:
    """Give what a version says of a text."""
    score = max(said.scores.values(), default=0.0)
    return {
        "number": version.number,
        "label": version.label,
        "score": round(score, 4),
        "threshold": version.threshold,
        "found": bool(said.findings),
        "partial": said.partial,
    }
