"""Fights: only where frames bring their movement along; places; what does not move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evenhand.detectors.base import NOTHING, DetectorContext
from evenhand.detectors.fight import FIGHT, FightDetector, make
from evenhand.domain import ImagePart, Location, Source
from evenhand.inference.calibration import Platt
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part
from tests.unit.inference.test_movement import frames

DETECTOR = FightDetector(threads=1)
PLACE = Location(source=Source.FRAME, time=(4.0, 5.9))


def moving(step: int) -> ImagePart:
    """A frame of 640 x 480 with its movement, which was taken at half the size."""
    return ImagePart(image=image_part(640, 480).image, origin=PLACE, motion=frames(step=step))


class TestFights(DetectorContract):
    def make(self) -> FightDetector:
        return make(DetectorContext(settings=Settings(threads=1)))

    def awkward_parts(self, detector: Any) -> list[Any]:
        tiny = np.zeros((16, 1, 1, 3), np.uint8)
        noise = np.random.default_rng(1).integers(0, 255, (20, 9, 300, 3)).astype(np.uint8)
        made = [ImagePart(image=image_part(8, 8).image, origin=PLACE, motion=motion) for motion in (tiny, noise)]
        return [*super().awkward_parts(detector), *made]


def test_a_still_is_not_looked_at() -> None:
    assert DETECTOR.detect([image_part(640, 480)]) == [NOTHING]


def test_what_does_not_move_is_no_fight() -> None:
    (answer,) = DETECTOR.detect([moving(0)])
    assert answer.scores == {FIGHT: 0.0}
    assert answer.findings == ()


def test_movement_is_scored_and_the_same_each_time() -> None:
    first, again = DETECTOR.detect([moving(6), moving(6)])
    assert 0.0 < first.scores[FIGHT] < 1.0
    assert first.scores == again.scores


def test_a_finding_has_its_seconds_and_its_place_in_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = FightDetector(threads=1)
    monkeypatch.setattr(sure, "_platt", Platt(a=0.0, b=2.0))
    (answer,) = sure.detect([moving(8)])
    (finding,) = answer.findings
    assert finding.location.time == (4.0, 5.9)
    assert finding.location.box is not None
    x0, y0, x1, y1 = finding.location.box
    assert 40 < x1 <= 640  # its way is from 40 to 464, in pixels of the frame
    assert 0 <= x0 < 464
    assert 40 < y0 < 360 < y1 <= 480
    assert finding.score == answer.scores[FIGHT]
