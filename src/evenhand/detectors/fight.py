"""video.fight: whether the way people move in a video looks like a fight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.detectors import drawings
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.inference import movement
from evenhand.inference.calibration import Platt, read_platt
from evenhand.inference.sessions import LazySession, beside_others

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIGHT = "violence.fight"
FLOOR = 0.5  # calibrated score from which there is a finding
_PACKAGE = "evenhand_models_vision"
_SLOW = 0.3  # px of 160 between two frames: nothing moves, so nobody fights


class FightDetector:
    """Scores two seconds of a video by a linear head on what moves in it, and how that changes its looks.

    Frames without `motion` are not looked at: a still cannot tell a fight from an embrace (measured). Learnt from
    cameras in streets and shops; sport, dance and other quick work look alike, so a finding is one for people to judge.
    Nothing is said about who they are.
    """

    info = DetectorInfo(
        name="video.fight",
        version="1",
        reads=PartKind.IMAGE,
        labels=(FIGHT,),
        cost=Cost.MODEL,
        description="Says whether two seconds of movement in a video look like a fight; sport and dance may, too.",
        examples=(Example(title="A drawn landscape, which does not move", part=drawings.landscape),),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._general = LazySession(_PACKAGE, "lite0", threads=threads)
        self._head = LazySession(_PACKAGE, "fights", threads=threads)
        self._platt: Platt | None = None

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Score each frame that brings its movement along.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        return [NOTHING if part.motion is None else self._one(part, part.motion) for part in parts]

    def _one(self, part: ImagePart, frames: NDArray[np.uint8]) -> Detection:
        if self._platt is None:
            (self._platt,) = read_platt(self._head.card.calibration, (FIGHT,))
        found = movement.measure(frames)
        if found.speed < _SLOW:
            return Detection(scores={FIGHT: 0.0})
        change = movement.changes(self._general, frames, found)
        logit = self._head.run(["fight"], {"measures": found.measures[None], "change": change[None]})[0]
        score = self._platt.score(float(logit[0]))
        if score < FLOOR:
            return Detection(scores={FIGHT: score})
        across, down = part.size[0] / frames.shape[2], part.size[1] / frames.shape[1]
        x0, y0, x1, y1 = found.box
        finding = Finding(
            label=FIGHT,
            score=score,
            location=part.locate((x0 * across, y0 * down, x1 * across, y1 * down)),
            detector=self.info.name,
            version=self.info.version,
            reason="a model takes this movement for a fight; sport, dance and work may look the same to it",
        )
        return Detection(findings=(finding,), scores={FIGHT: score})


def make(context: DetectorContext) -> FightDetector:
    """Build it; the weights are loaded when the first movement comes."""
    return FightDetector(threads=beside_others(context.settings.threads))
