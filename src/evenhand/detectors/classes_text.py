"""text.classes: an operator's own classes of texts, taught with a few examples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.classes_space import Depth, TextSpace, depth_of
from evenhand.detectors.harm_models import HarmModels
from evenhand.domain import CustomClass, Finding, Medium, PartKind, TextPart
from evenhand.domain.location import Span
from evenhand.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextClassDetector:
    """Scores each stretch of a text with the head of every class; without classes nothing is computed.

    It runs after the harm detector, whose model has read the text: a class costs a dot product.

    Args:
        classes: those that judge.
        models: shared with the harm detector.
        threads: that the model may use when it is opened here.

    Raises:
        ModelError: a class is damaged, or was taught on another model.
    """

    def __init__(
        self, classes: Sequence[CustomClass] = (), *, models: HarmModels | None = None, threads: int = 0
    ) -> None:
        self._classes = tuple(classes)
        self._depth = Depth.LOWER
        for one in self._classes:
            depth = depth_of(one.space)
            if depth is None:
                raise ModelError(f"Class {one.name} was taught on {one.space}; train it again for this release.")
            if len(one.weights) != 4 * (depth.dimensions + 1):
                raise ModelError(f"Class {one.name} is damaged; train it again.")
            if depth is Depth.WHOLE:
                self._depth = depth
        self._space = TextSpace(models, threads=threads) if self._classes else None
        self._heads = _heads(self._classes, self._depth)
        versions = " ".join(f"{one.name} {one.version}" for one in self._classes)
        self.info = DetectorInfo(
            name="text.classes",
            version=hashlib.sha256(versions.encode()).hexdigest()[:12] if versions else "1",
            reads=PartKind.TEXT,
            labels=tuple(sorted({one.label for one in self._classes})),
            cost=Cost.MODEL,
            description="Finds texts of the operator's own classes, taught with a few examples.",
            examples=(
                Example(
                    title="An everyday sentence, where no class is taught",
                    part=lambda: TextPart(text="The library opens at nine on weekdays."),
                ),
            ),
            last=True,
        )

    def detect(self, parts: Sequence[TextPart]) -> list[Detection]:
        """Score each text.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        import numpy as np

        from evenhand.inference.fewshot import odds

        if self._space is None or not parts:
            return [NOTHING] * len(parts)
        cut = [self._space.stretches(part.text) for part in parts]
        asked = [(part.text, own) for part, (stretches, _) in zip(parts, cut, strict=True) for own in stretches]
        vectors = self._space.vectors(asked, self._depth)
        scores = odds(vectors @ self._heads[:-1] + self._heads[-1])  # [stretches, classes]
        out, start = [], 0
        for part, (stretches, covered) in zip(parts, cut, strict=True):
            if not stretches:
                out.append(NOTHING)
                continue
            rows = scores[start : start + len(stretches)]
            start += len(stretches)
            out.append(self._judge(part, stretches, np.asarray(rows), covered=covered))
        return out

    def _judge(
        self, part: TextPart, stretches: list[list[Span]], rows: NDArray[np.float32], *, covered: bool
    ) -> Detection:
        highest: dict[str, float] = {}
        findings = []
        for column, one in enumerate(self._classes):
            best = int(rows[:, column].argmax())
            value = float(rows[best, column])
            highest[one.label] = max(value, highest.get(one.label, 0.0))
            if value >= one.threshold:
                findings.append(
                    Finding(
                        label=one.label,
                        score=value,
                        location=part.locate(stretches[best][0][0], stretches[best][-1][1]),
                        detector=self.info.name,
                        version=self.info.version,
                        reason=f"reads like the examples of the class {one.name}",
                    )
                )
        partial = None if covered else "only some stretches of the text were read; send it in pieces"
        return Detection(findings=tuple(findings), scores=highest, partial=partial)


def make(context: DetectorContext) -> TextClassDetector:
    """Build the detector over the classes in the store.

    Raises:
        StoreError: the store refused or cannot be reached.
        ModelError: a class is damaged, or was taught on another model.
    """
    own = [one for one in context.classes() if one.medium is Medium.TEXT]
    return TextClassDetector(own, models=context.models, threads=context.settings.threads)


def _heads(classes: Sequence[CustomClass], depth: Depth) -> NDArray[np.float32]:
    """Put the heads side by side, [dimensions + 1, classes]; a shallow one pays no heed to the upper part's states."""
    import numpy as np

    out = np.zeros((depth.dimensions + 1, len(classes)), np.float32)
    for column, one in enumerate(classes):
        weights = np.frombuffer(one.weights, "<f4")
        out[: len(weights) - 1, column] = weights[:-1]
        out[-1, column] = weights[-1]
    return out
