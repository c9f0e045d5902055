"""image.weapon: whether a picture shows a gun or a blade, and where; and whether it shows fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.stretches import Stretch, by_picture
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.domain.facts import BLADE, GUN
from evenhand.domain.location import Box
from evenhand.inference.calibration import Platt, read_platt
from evenhand.inference.pictures import resized
from evenhand.inference.sessions import LazySession, beside_others

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WEAPON, FIRE = "violence.weapon", "violence.fire"
FLOOR = 0.5  # calibrated score from which there is a finding
MOST = 5  # boxes of one stretch
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_STARTS = (0.0, 0.25, 0.5)
# what the head for blades answers for, row by row: the whole picture, then nine squares of half its side
WINDOWS: tuple[Box, ...] = (WHOLE, *((x, y, x + 0.5, y + 0.5) for y in _STARTS for x in _STARTS))
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
    gun: float
    guns: list[Box]
    blade: float
    window: Box  # the part of the stretch that looks most like a blade
    fire: float

    @property
    def score(self) -> float:
        return max(self.gun, self.blade)


class WeaponDetector:
    """Scores a picture for guns, blades and flames with three small heads on one look of the general picture model.

    Guns have boxes; a blade has the part of the picture, the whole or a square of half its side, where it is seen best;
    fire has the whole picture, and is a neutral mark: a campfire and a burning house are the same to it.

    A picture over three times as long as wide is looked at in up to 16 stretches, of which the highest score counts.
    Where no single place stands out, the whole picture is given. Toys, models and drawings count as what they
    show. The head for blades learnt from drawings alone. What was measured is in the models' cards.
    """

    info = DetectorInfo(
        name="image.weapon",
        version="3",
        reads=PartKind.IMAGE,
        labels=(WEAPON, FIRE),
        cost=Cost.MODEL,
        description="Says whether a picture shows a gun or a blade (toys and drawings count), and where; and fire.",
        examples=(
            Example(title="A drawn landscape", part=drawings.landscape),
            Example(title="A drawn dog", part=drawings.dog),
            Example(title="A notice", part=drawings.notice),
        ),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._general = LazySession(_PACKAGE, "lite0", threads=threads)
        self._head = LazySession(_PACKAGE, "weapon", threads=threads)
        self._blades = LazySession(_PACKAGE, "blade", threads=threads)
        self._flames = LazySession(_PACKAGE, "flames", threads=threads)
        self._platts: tuple[Platt, Platt, Platt] | None = None

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Score each picture.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        seen = by_picture(parts, self._look, batch=_BATCH)
        return [self._judge(part, looks) for part, looks in zip(parts, seen, strict=True)]

    def _look(self, batch: Sequence[Stretch]) -> list[_Seen]:
        if self._platts is None:
            cards = ((self._head.card, WEAPON), (self._blades.card, WEAPON), (self._flames.card, FIRE))
            gun, blade, fire = (read_platt(card.calibration, (label,))[0] for card, label in cards)
            self._platts = gun, blade, fire
        gun, blade, fire = self._platts
        pixels = np.stack([resized(stretch.part, _SIDE, _SIDE) for stretch in batch])
        fine, coarse = self._general.run(["fine", "coarse"], {"pixels": pixels})
        cells, reach, picture = self._head.run(["cells", "reach", "picture"], {"fine": fine, "coarse": coarse})
        windows = self._blades.run(["windows"], {"coarse": coarse})[0]
        flames = self._flames.run(["flames"], {"coarse": coarse})[0]
        return [
            _Seen(
                stretch=stretch,
                gun=gun.score(evidence(cells[i], float(picture[i]))),
                guns=boxes(cells[i], reach[i]),
                blade=blade.score(float(windows[i].max())),
                window=WINDOWS[int(windows[i].argmax())],
                fire=fire.score(float(flames[i])),
            )
            for i, stretch in enumerate(batch)
        ]

    def _judge(self, part: ImagePart, looks: Sequence[_Seen]) -> Detection:
        findings = [
            Finding(
                label=WEAPON,
                score=score,
                location=part.locate(look.stretch.to_picture(box)),
                detector=self.info.name,
                version=self.info.version,
                reason=f"a model sees a {kind} here; a toy or a drawing of one looks the same to it",
                facts={"weapon": kind},
            )
            for look in looks
            for kind, score, places in ((GUN, look.gun, look.guns), (BLADE, look.blade, [look.window]))
            if score >= FLOOR
            for box in places
        ]
        findings += [
            Finding(
                label=FIRE,
                score=look.fire,
                location=part.locate(look.stretch.box),
                detector=self.info.name,
                version=self.info.version,
                reason="a model sees flames; a campfire, a candle and a burning house are the same to it",
            )
            for look in looks
            if look.fire >= FLOOR
        ]
        scores = {WEAPON: (look.score for look in looks), FIRE: (look.fire for look in looks)}
        highest = {label: max(found, default=0.0) for label, found in scores.items()}
        return Detection(findings=tuple(findings), scores=highest)


def make(context: DetectorContext) -> WeaponDetector:
    """Build the detector."""
    return WeaponDetector(threads=beside_others(context.settings.threads))


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
