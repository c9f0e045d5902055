"""Teaches a custom class of texts from examples. What is kept: one head, some figures, and the worst mistakes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from evenhand.detectors.classes_audit import TextAudit
from evenhand.detectors.classes_lesson import Figures, Lesson, Sample, Trained, checked, digest, enough, figures
from evenhand.detectors.classes_space import Depth, TextSpace
from evenhand.detectors.harm_models import HarmModels
from evenhand.domain import CustomClass, JsonValue, Medium
from evenhand.inference.fewshot import Head, fit, groups

RIDGE = 0.03  # of all that were tried the best at 20, 100 and 500 examples (quality/classes.md)
LONGEST = 20_000  # characters of an example; of more the first are read
_SAME = 0.8  # cosine of runs of four letters from which two texts are copies of one
_RUNS = 4_096
_AGAINST = 0.5  # share of the weight of all that is no example, of what was given to be told apart
_GAIN, _CUT = 0.02, 0.75  # by which reading the whole must beat the lower part to be worth its cost


class TextTeacher:
    """Teaches classes; what ships (ordinary texts, audit sentences) is read once.

    Args:
        models: shared with the detectors of the process.
        threads: that the model may use when it is opened here.
    """

    def __init__(self, models: HarmModels | None = None, *, threads: int = 0) -> None:
        self._space = TextSpace(models, threads=threads)
        self._audit = TextAudit(self._space)
        self._ordinary = _ordinary()
        self._lock = threading.Lock()  # one at a time: a lesson keeps the cores busy

    def train(self, lesson: Lesson) -> Trained:
        """Teach a class of texts, and audit it.

        Args:
            lesson: 8 to 2,000 texts of it; those that it should not be taken for come besides some 500 ordinary ones
                that ship.

        Raises:
            RefusedLabelError: name or label ask for a protected attribute or an identity.
            LibraryError: name or label cannot be used, or there are too few or too many texts that can.
            ModelError: weights are missing or not what their cards describe.
        """
        label = checked(lesson)
        left_out = list[tuple[str, str]]()
        own, against = _usable(lesson.positives, left_out), _usable(lesson.against, left_out)
        own, against = _apart(own, against, left_out)
        enough(lesson.name, len(own), left_out)
        with self._lock:
            depth, head, learnt = self._learn(lesson, own, against)
            audit = self._audit.audit(head.weights, learnt.threshold, depth)
        weights = head.weights.astype("<f4").tobytes()
        told: dict[str, JsonValue] = {"depth": depth.value}
        made = CustomClass(
            name=lesson.name,
            medium=Medium.TEXT,
            label=label,
            version=digest(lesson.name, label, depth.space, learnt.threshold, weights),
            space=depth.space,
            weights=weights,
            threshold=learnt.threshold,
            quality={**learnt.quality, **told},
            audit=audit,
            mistakes=learnt.mistakes,
            created_by=lesson.by,
            created_at=datetime.now(UTC),
        )
        return Trained(made=made, left_out=tuple(left_out))

    def _learn(self, lesson: Lesson, own: Sequence[Sample], against: Sequence[Sample]) -> tuple[Depth, Head, Figures]:
        """Learn from what the lower part reads, and from the whole where that is clearly better."""
        same = groups(_runs([str(one.content) for one in own]), same=_SAME)
        given = [str(one.content) for one in against]
        others = np.arange(len(self._ordinary))
        if given:
            others = np.concatenate([others, len(others) + groups(_runs(given), same=_SAME)])
        weights = np.ones(len(others))
        if given:  # half the weight, so that some twenty are not lost among five hundred
            weights[len(self._ordinary) :] = max(1.0, _AGAINST * len(self._ordinary) / (1 - _AGAINST) / len(given))
        made: dict[Depth, tuple[Head, Figures]] = {}
        for depth in Depth:
            negatives = self._space.of(self._ordinary, depth)
            if given:
                negatives = np.concatenate([negatives, self._space.of(given, depth)])
            positives = [row[None] for row in self._space.of([str(one.content) for one in own], depth)]
            head = fit(positives, negatives, ridge=RIDGE, same=same, same_negatives=others, weights=weights)
            learnt = figures(
                head,
                threshold=lesson.threshold,
                own=own,
                against=against,
                ordinary=self._ordinary,
                distinct=int(same.max()) + 1,
                weights=weights,
            )
            made[depth] = head, learnt
        low, whole = (_rank(made[depth][1], given) for depth in (Depth.LOWER, Depth.WHOLE))
        better = whole - low >= _GAIN and 1 - whole <= _CUT * (1 - low)
        depth = Depth.WHOLE if better else Depth.LOWER
        return depth, *made[depth]


def _rank(learnt: Figures, given: Sequence[str]) -> float:
    auc = learnt.quality["auc_against" if len(given) >= 8 else "auc"]
    return float(auc) if isinstance(auc, float) else 0.0


def _usable(samples: Sequence[Sample], left_out: list[tuple[str, str]]) -> list[Sample]:
    usable = []
    for number, sample in enumerate(samples, 1):
        text = sample.content if isinstance(sample.content, str) else ""
        text = text.encode("utf-8", "replace").decode()[:LONGEST].strip()
        if any(letter.isalnum() or ord(letter) > 0x2000 for letter in text):  # emoji say something, too
            usable.append(Sample(content=text, name=sample.name, decision=sample.decision))
        else:
            left_out.append((sample.name or f"text {number}", "it says nothing"))
    return usable


def _apart(
    own: list[Sample], against: list[Sample], left_out: list[tuple[str, str]]
) -> tuple[list[Sample], list[Sample]]:
    """Leave out what stands on both sides: nothing can be learnt from it."""
    both = {str(one.content) for one in own} & {str(one.content) for one in against}
    left_out += [(text[:60], "it is given as an example and as what is none") for text in sorted(both)]
    return (
        [one for one in own if one.content not in both],
        [one for one in against if one.content not in both],
    )


def _runs(texts: Sequence[str]) -> NDArray[np.float32]:
    """Which runs of four letters a text has, hashed, of length 1: copies with small changes lie close together."""
    out = np.zeros((len(texts), _RUNS), np.float32)
    for row, text in zip(out, texts, strict=True):
        plain = f" {' '.join(text.casefold().split())[:4_000]}  "
        codes = np.frombuffer(plain.encode("utf-32-le"), "<u4").astype(np.uint64)
        mixed = codes[:-3] * 1_000_003 + codes[1:-2] * 8_191 + codes[2:-1] * 131 + codes[3:]
        row[(mixed * 2_654_435_761 % 4_294_967_296) % _RUNS] = 1
    unit: NDArray[np.float32] = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return unit


def _ordinary() -> list[str]:
    """Read the ordinary texts that ship, in sixteen languages."""
    text = files("evenhand.detectors").joinpath("data", "ordinary.txt").read_text("utf-8")
    return [line.replace("\\n", "\n") for line in text.splitlines() if line]
