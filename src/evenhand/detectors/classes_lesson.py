"""What a custom class is taught with, the door that its name and label pass, and how well it was learnt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import TAXONOMY, CustomClass, JsonValue, Medium, is_label, is_under
from evenhand.errors import LibraryError
from evenhand.fairness import refuse_label
from evenhand.fairness.intervals import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.inference.fewshot import Head

LEAST, MOST = 8, 2_000  # examples on one side; under eight nothing can be said about how well it works
SHOWN = 5  # worst of each side that are shown
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_RARE = 0.25  # share of a class that figures and calibration assume
_STEPS = tuple(round(0.05 * step, 2) for step in range(2, 20))  # thresholds that are weighed: 0.1 to 0.95
_QUOTED = 300  # characters of an example that are kept with a mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One example, or one text or picture that the class should not be taken for."""

    content: str | bytes | Path  # a text; a picture's bytes or file
    name: str = ""  # of the file, for people
    decision: str | None = None  # id of the decision that it was taken from; its words are then not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """All that a class is taught with."""

    name: str
    medium: Medium
    positives: Sequence[Sample]
    against: Sequence[Sample] = ()
    label: str | None = None  # None: "known.<name>"
    threshold: float | None = None  # score from which there is a finding; None: the one that is suggested
    by: str = "local"  # id of who teaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A class and what came of its examples."""

    made: CustomClass
    left_out: tuple[tuple[str, str], ...]  # name of the example, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well a class was learnt, by the scores of examples that it had not seen."""

    threshold: float
    quality: dict[str, JsonValue]
    mistakes: tuple[dict[str, JsonValue], ...]


def checked_label(name: str, label: str | None) -> str:
    """Check the name of a class, and give the label of its findings.

    Raises:
        RefusedLabelError: one of them asks for a protected attribute or an identity.
        LibraryError: one of them cannot be used.
    """
    refuse_label(name, where="class name")
    if not _NAME.fullmatch(name):
        raise LibraryError("the name of a class is 2 to 40 lower-case letters, digits and '_', a letter first")
    label = label or f"known.{name}"
    refuse_label(label)
    top, _, below = label.partition(".")
    if top not in TAXONOMY or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+){0,3}", below):
        raise LibraryError(
            f"label {label[:60]!r} is not below a top-level label (docs/reference/labels.md): ads.{name}"
        )
    if top == "face" or (top == "known" and is_label(label)) or is_under(label, "known.white"):
        # A class is a likelihood. It may not allow anything, nor pass for a match with a library.
        raise LibraryError(
            f"label {label!r} is not for classes: choose one below another top-level label, or known.{name}"
        )
    return label


def checked(lesson: Lesson) -> str:
    """Check a lesson before anything is read, and give the label of its findings.

    Raises:
        RefusedLabelError, LibraryError: as `checked_label`; LibraryError too for a threshold or numbers out of range.
    """
    label = checked_label(lesson.name, lesson.label)
    if lesson.threshold is not None and not 0.05 <= lesson.threshold <= 0.99:
        raise LibraryError(f"class {lesson.name}: a threshold is a score from 0.05 to 0.99")
    for side in (lesson.positives, lesson.against):
        if len(side) > MOST:
            raise LibraryError(f"class {lesson.name}: {len(side)} examples, at most {MOST} are read; choose some")
    return label


def enough(name: str, usable: int, left_out: Sequence[tuple[str, str]]) -> None:
    """Refuse too few examples.

    Raises:
        LibraryError: with why some were left out.
    """
    if usable < LEAST:
        whys = "; ".join(sorted({why for _, why in left_out})[:2])
        raise LibraryError(
            f"class {name}: {usable} usable examples, at least {LEAST} are needed" + (f" ({whys})" if whys else "")
        )


def figures(
    head: Head,
    *,
    threshold: float | None,
    own: Sequence[Sample],
    against: Sequence[Sample],
    ordinary: Sequence[str] | int,
    distinct: int,
    weights: NDArray[np.float64],
) -> Figures:
    """Work out how well a class was learnt.

    Args:
        head: trained; its negatives are first the ordinary ones, then those of `against`.
        threshold: None: one is suggested and taken.
        own: the examples.
        against: what was given besides.
        ordinary: the ordinary texts, or how many ordinary pictures.
        distinct: examples that are no copies of each other.
        weights: of the negatives.
    """
    suggested = _suggested(head, weights)
    taken = suggested if threshold is None else threshold
    plain = ordinary if isinstance(ordinary, int) else len(ordinary)
    low, high = _auc_interval(auc := _auc(head.positives, head.negatives), len(head.positives), len(head.negatives))
    quality: dict[str, JsonValue] = {
        "examples": len(own),
        "distinct": distinct,
        "against": len(against),
        "ordinary": plain,
        "found": _share(head.positives >= taken),
        "false_alarms_ordinary": _share(head.negatives[:plain] >= taken),
        "false_alarms_against": _share(head.negatives[plain:] >= taken) if against else None,
        "auc": round(auc, 4),
        "auc_low": round(low, 4),
        "auc_high": round(high, 4),
        "auc_against": round(_auc(head.positives, head.negatives[plain:]), 4) if against else None,
        "suggested": suggested,
        "curve": [_point(head, weights, step) for step in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)],
    }
    texts = [] if isinstance(ordinary, int) else [Sample(content=text) for text in ordinary]
    mistakes = [
        *_worst("examples", own, head.positives, lambda score: score < taken, lowest=True),
        *_worst("against", against, head.negatives[plain:], lambda score: score >= taken, lowest=False),
        *_worst("ordinary", texts, head.negatives[: len(texts)], lambda score: score >= taken, lowest=False),
    ]
    return Figures(threshold=taken, quality=quality, mistakes=tuple(mistakes))


def digest(name: str, label: str, space: str, threshold: float, weights: bytes) -> str:
    """Give the version of a class: of all that an answer depends on."""
    told = json.dumps([name, label, space, threshold]).encode()
    return hashlib.sha256(told + weights).hexdigest()[:12]


def _suggested(head: Head, weights: NDArray[np.float64]) -> float:
    """The threshold of the best F0.5, where one in four is of the class: a false alarm weighs more than a miss."""
    best, chosen = -1.0, 0.5
    for step in sorted(_STEPS, key=lambda step: abs(step - 0.5)):  # of equally good ones, that nearest to a half
        found, precision = _rates(head, weights, step)
        value = 1.25 * precision * found / max(0.25 * precision + found, 1e-9)
        if value > best + 1e-9:
            best, chosen = value, step
    return chosen


def _rates(head: Head, weights: NDArray[np.float64], step: float) -> tuple[float, float]:
    """Share of examples found, and precision where one in four is of the class."""
    found = float((head.positives >= step).mean())
    alarms = float(weights @ (head.negatives >= step) / weights.sum())
    return found, _RARE * found / max(_RARE * found + (1 - _RARE) * alarms, 1e-9)


def _point(head: Head, weights: NDArray[np.float64], step: float) -> dict[str, JsonValue]:
    found, precision = _rates(head, weights, step)
    return {"threshold": step, "found": round(found, 4), "precision": round(precision, 4)}


def _worst(
    side: str, samples: Sequence[Sample], scores: NDArray[np.float32], wrong: _Wrong, *, lowest: bool
) -> list[dict[str, JsonValue]]:
    order = np.argsort(scores if lowest else -scores, kind="stable")[:SHOWN].tolist()
    out = []
    for place in order if samples else ():
        sample, score = samples[place], float(scores[place])
        if side == "ordinary" and not wrong(score):
            continue
        row: dict[str, JsonValue] = {"side": side, "score": round(score, 4), "wrong": bool(wrong(score))}
        if sample.decision is not None:
            row["decision"] = sample.decision
        elif isinstance(sample.content, str):
            row["text"] = sample.content[:_QUOTED]
        else:
            row["file"] = sample.name[:200]
        out.append(row)
    return out


def _share(hits: NDArray[np.bool_]) -> dict[str, JsonValue]:
    low, high = wilson(int(hits.sum()), len(hits)) or (0.0, 1.0)
    return {"count": int(hits.sum()), "of": len(hits), "low": round(low, 4), "high": round(high, 4)}


def _auc(positives: NDArray[np.float32], negatives: NDArray[np.float32]) -> float:
    order = np.sort(negatives)
    below = np.searchsorted(order, positives, "left") + np.searchsorted(order, positives, "right")
    return float(below.mean() / (2 * len(order)))


def _auc_interval(auc: float, n: int, m: int) -> tuple[float, float]:
    """95%, by Hanley and McNeil (Radiology 1982)."""
    near = min(auc, 1 - 0.5 / min(n, m))  # few examples without a mistake do not prove that there is none
    first, second = near / (2 - near), 2 * near**2 / (1 + near)
    spread = near * (1 - near) + (n - 1) * (first - near**2) + (m - 1) * (second - near**2)
    error = 1.96 * float(np.sqrt(max(spread, 0.0) / (n * m)))
    return max(0.0, auc - error), min(1.0, auc + error)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Wrong = Callable[[float], bool]
