"""image.nudity: how sexual a picture is, and whether it shows gore, with the regions that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings, regions
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.fire import FireDoubt
from evenhand.detectors.sexual_scale import EXPLICIT, GRAPHIC, NUDITY, SUGGESTIVE, Scale, read_scale
from evenhand.detectors.stretches import Stretch, by_picture
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.domain.location import Box
from evenhand.inference.pictures import fitted, resized
from evenhand.inference.sessions import LazySession, beside_others

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FLOOR = 0.5  # calibrated score from which there is a finding; all scores are given all the same
_PACKAGE = "evenhand_models_vision"
_SIDE, _WIDE = 224, 256  # px; opennsfw sees the middle 224 of 256
_BATCH = 16  # pictures in one run: more is no faster and holds more memory
_SAFETY_GORE, _SAFETY_NSFW, _OPEN_NSFW = 0, 1, 1  # outputs, as the cards name them
_DOUBTED = 0.1  # gore score from which it is asked whether the picture only shows fire; most pictures never are
_REASONS = {
    EXPLICIT: "two models take the picture for explicit",
    NUDITY: "two models take the picture for nudity or more",
    SUGGESTIVE: "two models take the picture for suggestive",
    GRAPHIC: "a model takes the picture for gore; fire and smoke may still mislead it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the models made of one stretch."""

    stretch: Stretch
    scores: dict[str, float]
    sexual: Floats  # [GRID, GRID] fused log-odds over the stretch
    gore: Floats


class NudityDetector:
    """Scores a picture with two small classifiers on one sexual scale, and with one of them for gore.

    A picture over three times as long as wide is looked at in up to 16 stretches, of which the highest score counts.
    Regions come from the class activation maps; where they show no peak, the whole picture is given.

    The examples only show what must find nothing: no sexual or gory picture is made, stored or shipped in this
    project, and so recall was not measured here. See the models' cards for what their authors state.
    """

    info = DetectorInfo(
        name="image.nudity",
        version="2",
        reads=PartKind.IMAGE,
        labels=(EXPLICIT, NUDITY, SUGGESTIVE, GRAPHIC),
        cost=Cost.MODEL,
        description="Scores how sexual a picture is and whether it shows gore, and says where.",
        examples=(
            Example(title="A drawn landscape", part=drawings.landscape),
            Example(title="Warm browns and beiges: a colour alone says nothing", part=drawings.warm_gradient),
            Example(title="A drawn face", part=drawings.emoji),
        ),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._safety = LazySession(_PACKAGE, "image-safety", threads=threads)
        self._open = LazySession(_PACKAGE, "opennsfw", threads=threads)
        self._fire = FireDoubt(threads=threads)
        self._scale: Scale | None = None

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Score each picture.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        seen = by_picture(parts, self._look, batch=_BATCH)
        return [self._judge(part, looks) for part, looks in zip(parts, seen, strict=True)]

    def _look(self, batch: Sequence[Stretch]) -> list[_Seen]:
        scale = self._scale = self._scale or read_scale(self._safety.card)
        names = ["probabilities", "maps"]
        safety, safety_maps = self._safety.run(names, {"pixels": np.stack([on_blur(s.part) for s in batch])})
        open_, open_maps = self._open.run(names, {"pixels": np.stack([middle(s.part) for s in batch])})
        out = []
        for i, stretch in enumerate(batch):
            mean = scale.mean(float(safety[i, _SAFETY_NSFW]), float(open_[i, _OPEN_NSFW]))
            first = (regions.margin(safety_maps[i], index) for index in (_SAFETY_NSFW, _SAFETY_GORE))
            sexual, gore = (regions.spread(cells, window(stretch.part)) for cells in first)
            second = regions.spread(regions.margin(open_maps[i], _OPEN_NSFW), _MIDDLE)
            scores = scale.scores(sexual=mean, gore=float(safety[i, _SAFETY_GORE]))
            if scores[GRAPHIC] >= _DOUBTED:
                less = self._fire.of(stretch.part)
                scores = scale.scores(sexual=mean, gore=float(safety[i, _SAFETY_GORE]), less=less)
            out.append(
                _Seen(
                    stretch=stretch,
                    scores=scores,
                    sexual=scale.weights[0] * sexual + scale.weights[1] * second,
                    gore=gore,
                )
            )
        return out

    def _judge(self, part: ImagePart, looks: Sequence[_Seen]) -> Detection:
        labels = self.info.labels
        scores = {label: max((look.scores[label] for look in looks), default=0.0) for label in labels}
        floors = self._scale.floors() if self._scale else {}
        findings = [
            Finding(
                label=label,
                score=look.scores[label],
                location=part.locate(look.stretch.to_picture(box)),
                detector=self.info.name,
                version=self.info.version,
                reason=_REASONS[label],
            )
            for label in labels
            for look in looks
            if look.scores[label] >= FLOOR
            for box in regions.boxes(look.gore if label == GRAPHIC else look.sexual, floor=floors[label])
        ]
        return Detection(findings=tuple(findings), scores=scores)


def make(context: DetectorContext) -> NudityDetector:
    """Build the detector."""
    return NudityDetector(threads=beside_others(context.settings.threads))


_MIDDLE: Box = (1 / 16, 1 / 16, 15 / 16, 15 / 16)  # what opennsfw is shown


def on_blur(part: ImagePart) -> NDArray[np.uint8]:
    """Give what image-safety was trained to see: the picture fitted into a square, on its own blurred self.

    Returns:
        uint8 [224, 224, 3], RGB.
    """
    import cv2

    small = fitted(part, _SIDE)
    high, wide = small.shape[:2]
    if high == wide:
        return small
    # A blur of 10 px, made at a quarter of the size in a fifteenth of the time.
    quarter = cv2.GaussianBlur(resized(part, _SIDE // 4, _SIDE // 4), (0, 0), 2.5)
    canvas = np.asarray(cv2.resize(quarter, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
    x, y = (_SIDE - wide) // 2, (_SIDE - high) // 2
    canvas[y : y + high, x : x + wide] = small
    return canvas


def middle(part: ImagePart) -> NDArray[np.uint8]:
    """Give what opennsfw was trained to see: the picture squeezed to 256 x 256, less an edge of a sixteenth.

    Returns:
        uint8 [224, 224, 3], RGB.
    """
    edge = (_WIDE - _SIDE) // 2
    return resized(part, _WIDE, _WIDE)[edge:-edge, edge:-edge]


def window(part: ImagePart) -> Box:
    """Give the square of `on_blur` in fractions of the picture: it reaches beyond the picture's longer edges."""
    width, height = part.size
    across, down = max(width, height) / width, max(width, height) / height
    return ((1 - across) / 2, (1 - down) / 2, (1 + across) / 2, (1 + down) / 2)
