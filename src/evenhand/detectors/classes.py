"""image.classes: an operator's own classes of pictures, taught with a few examples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import CustomClass, Finding, ImagePart, Medium, PartKind
from evenhand.errors import ModelError
from evenhand.inference.general import DIMENSIONS, GeneralEmbedder
from evenhand.inference.pictures import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ClassDetector:
    """Scores each whole picture with the head of every class; without classes nothing is computed.

    Scores are calibrated on the examples that were given, as if one picture in four were of the class.
    """

    def __init__(self, classes: Sequence[CustomClass] = (), *, threads: int = 0) -> None:
        """Read the heads.

        Raises:
            ModelError: a class is damaged.
        """
        self._classes = tuple(classes)
        self._embedder = GeneralEmbedder(threads=threads)
        self._heads = [_weights(one) for one in self._classes]
        versions = " ".join(f"{one.name} {one.version}" for one in self._classes)
        self.info = DetectorInfo(
            name="image.classes",
            version=hashlib.sha256(versions.encode()).hexdigest()[:12] if versions else "1",
            reads=PartKind.IMAGE,
            labels=tuple(sorted({one.label for one in self._classes})),
            cost=Cost.MODEL,
            description="Finds pictures of the operator's own classes, taught with a few examples.",
            examples=(Example(title="A drawn landscape, where no class is taught", part=drawings.landscape),),
        )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Score each picture.

        Raises:
            ModelError: the weights are missing, or a class was taught on another model.
        """
        from evenhand.inference.fewshot import score

        if not self._classes or not parts:
            return [NOTHING] * len(parts)
        for one in self._classes:
            if one.space != self._embedder.version:
                raise ModelError(f"Class {one.name} was taught on {one.space}; train it again for this release.")
        vectors = self._embedder.of_many(parts)
        scores = np.stack([score(head, vectors) for head in self._heads], axis=1)
        return [self._judge(part, row) for part, row in zip(parts, scores, strict=True)]

    def _judge(self, part: ImagePart, row: NDArray[np.float32]) -> Detection:
        highest: dict[str, float] = {}
        findings = []
        for one, value in zip(self._classes, map(float, row), strict=True):
            highest[one.label] = max(value, highest.get(one.label, 0.0))
            if value >= one.threshold:
                findings.append(
                    Finding(
                        label=one.label,
                        score=value,
                        location=part.locate(whole(part)),
                        detector=self.info.name,
                        version=self.info.version,
                        reason=f"looks like the examples of the class {one.name}",
                    )
                )
        return Detection(findings=tuple(findings), scores=highest)


def make(context: DetectorContext) -> ClassDetector:
    """Build the detector over the classes in the store.

    Raises:
        StoreError: the store refused or cannot be reached.
        ModelError: a class is damaged.
    """
    own = [one for one in context.classes() if one.medium is Medium.IMAGE]
    return ClassDetector(own, threads=context.settings.threads)


def _weights(one: CustomClass) -> NDArray[np.float32]:
    if len(one.weights) != 4 * (DIMENSIONS + 1):
        raise ModelError(f"Class {one.name} is damaged; train it again.")
    return np.frombuffer(one.weights, "<f4").astype(np.float32)
