"""image.weapon: whether a picture shows a gun, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.stretches import Stretch, by_picture
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.domain.location import Box
from evenhand.inference.calibration import Platt, read_platt
from evenhand.inference.pictures import resized
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WEAPON = "violence.weapon"
FLOOR = 0.5  # calibrated score from which there is a finding
MOST = 5  # boxes of one stretch
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_PACKAGE = "evenhand_models_vision"
_SIDE = 256  # px; what the network is shown, the picture squeezed: a multiple of 32
_BATCH = 8
_LEAST = 0.2  # raw score of a cell from which its box is shown
_BESIDE = 0.5  # of the best cell's raw score that a further box must have
_SAME = 0.5  # overlap (IoU) from which two boxes are one


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the network made of one stretch."""

    stretch: Stretch
    score: float
    boxes: list[Box]


class WeaponDetector:
    """Scores a picture for guns with a small head on the general picture model, and gives their boxes.

    A picture over three times as long as wide is looked at in up to 16 stretches, of which the highest score counts.
    Where no single place stands out, the whole picture is given. Toys, models and drawings of guns count as guns;
    knives and other weapons were not learnt. What was measured is in the model's card.
    """

    info = DetectorInfo(
        name="image.weapon",
        version="1",
        reads=PartKind.IMAGE,
        labels=(WEAPON,),
        cost=Cost.MODEL,
        description="Says whether a picture shows a gun (toys and drawings count), and where.",
        examples=(
            Example(title="A drawn landscape", part=drawings.landscape),
            Example(title="A drawn dog", part=drawings.dog),
            Example(title="A notice", part=drawings.notice),
        ),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._general = LazySession(_PACKAGE, "lite0", threads=threads)
        self._head = LazySession(_PACKAGE, "weapon", threads=threads)
        self._platt: Platt | None = None

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Score each picture.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        seen = by_picture(parts, self._look, batch=_BATCH)
        return [self._judge(part, looks) for part, looks in zip(parts, seen, strict=True)]

    def _look(self, batch: Sequence[Stretch]) -> list[_Seen]:
        platt = self._platt = self._platt or read_platt(self._head.card.calibration, (WEAPON,))[0]
        pixels = np.stack([resized(stretch.part, _SIDE, _SIDE) for stretch in batch])
        fine, coarse = self._general.run(["fine", "coarse"], {"pixels": pixels})
        cells, reach, picture = self._head.run(["cells", "reach", "picture"], {"fine": fine, "coarse": coarse})
        return [
            _Seen(
                stretch=stretch,
                score=platt.score(evidence(cells[i], float(picture[i]))),
                boxes=boxes(cells[i], reach[i]),
            )
            for i, stretch in enumerate(batch)
        ]

    def _judge(self, part: ImagePart, looks: Sequence[_Seen]) -> Detection:
        findings = [
            Finding(
                label=WEAPON,
                score=look.score,
                location=part.locate(look.stretch.to_picture(box)),
                detector=self.info.name,
                version=self.info.version,
                reason="a model sees a gun here; a toy or a drawing of one looks the same to it",
            )
            for look in looks
            if look.score >= FLOOR
            for box in look.boxes
        ]
        return Detection(findings=tuple(findings), scores={WEAPON: max((look.score for look in looks), default=0.0)})


def make(context: DetectorContext) -> WeaponDetector:
    """Build the detector."""
    return WeaponDetector(threads=context.settings.threads)


def evidence(cells: Floats, picture: float) -> float:
    """Give the log-odds that calibration reads: the mean of the best cell's and the whole picture's.

    Args:
        cells: float32 [h, w], the head's cell logits.
        picture: the head's picture logit.
    """
    return (float(cells.max()) + picture) / 2


def boxes(cells: Floats, reach: Floats) -> list[Box]:
    """Give the boxes that stand out, best first; of boxes that overlap by half, the better one.

    Args:
        cells: float32 [h, w], logits of how well a cell's box fits a gun.
        reach: float32 [4, h, w], from the cell's middle to the box's left, top, right and bottom, in fractions.

    Returns:
        At most MOST boxes in fractions of the picture; the whole picture when no cell stands out.
    """
    high, wide = cells.shape
    raw = 1 / (1 + np.exp(-np.clip(cells, -60, 60)))
    rows, columns = np.nonzero(raw >= max(_LEAST, _BESIDE * float(raw.max())))
    x, y = (columns + 0.5) / wide, (rows + 0.5) / high
    left, up, right, down = reach[:, rows, columns]
    corners = np.clip(np.stack([x - left, y - up, x + right, y + down], 1), 0, 1)
    order = np.argsort(-raw[rows, columns], kind="stable")
    kept: list[Box] = []
    while len(order) and len(kept) < MOST:
        best = corners[order[0]]
        kept.append((float(best[0]), float(best[1]), float(best[2]), float(best[3])))
        order = order[1:][_overlap(best, corners[order[1:]]) < _SAME]
    return kept or [WHOLE]


def _overlap(one: NDArray[np.float64], many: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box [4] with boxes [n, 4]."""
    low, far = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    both = np.clip(far - low, 0, None).prod(axis=1)
    areas = (many[:, 2:] - many[:, :2]).prod(axis=1) + (one[2:] - one[:2]).prod() - both
    out: NDArray[np.float64] = both / np.maximum(areas, 1e-9)
    return out
