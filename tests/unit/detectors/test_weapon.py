"""image.weapon: the contract, boxes from the head's cells, odd pictures, and boxes in the picture's own pixels.

That guns are found is measured on photos in tests/quality; here the head's answers are set by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors import drawings
from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.weapon import FIRE, FLOOR, MOST, WEAPON, WHOLE, WINDOWS, WeaponDetector, boxes, evidence, make
from evenhand.domain import TAXONOMY, ImagePart, Location, Source
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part

DETECTOR = WeaponDetector(threads=1)
ODD = ((1, 1), (1, 5000), (8000, 20), (7, 9), (3000, 400), (257, 255))


class TestWeapon(DetectorContract):
    def make(self) -> WeaponDetector:
        return DETECTOR

    def awkward_parts(self, detector: AnyDetector) -> list[Any]:
        return [*super().awkward_parts(detector), *(image_part(*size) for size in ODD)]


def test_make_takes_the_settings() -> None:
    assert make(DetectorContext(settings=Settings(threads=1))).info is WeaponDetector.info


def test_a_score_is_given_also_when_nothing_is_found() -> None:
    for answer in DETECTOR.detect([drawings.landscape(), drawings.face(), image_part(1, 1), image_part(1600, 200)]):
        assert set(answer.scores) == {WEAPON, FIRE}
        assert max(answer.scores.values()) < FLOOR
        assert answer.findings == ()


def _cells(**at: float) -> tuple[Any, Any]:
    """Cells of 16 x 16, each at -6 but those named "rRcC", and a box of a quarter of the picture around each."""
    cells, reach = np.full((16, 16), -6.0, np.float32), np.full((4, 16, 16), 0.125, np.float32)
    for name, value in at.items():
        row, column = name[1:].split("c")
        cells[int(row), int(column)] = value
    return cells, reach


@pytest.mark.parametrize(("cells", "middles"), [
    ({"r4c4": 3.0}, [(0.28125, 0.28125)]),
    ({"r4c4": 3.0, "r4c5": 2.0}, [(0.28125, 0.28125)]),  # the same box, moved by a cell
    ({"r4c4": 1.0, "r12c12": 2.0}, [(0.78125, 0.78125), (0.28125, 0.28125)]),  # best first
    ({"r4c4": 3.0, "r12c12": -0.5}, [(0.28125, 0.28125)]),  # much weaker than the best
])  # fmt: skip
def test_boxes_of_cells(cells: dict[str, float], middles: list[tuple[float, float]]) -> None:
    found = boxes(*_cells(**cells))
    assert [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in found] == middles


def test_boxes_stay_in_the_picture_and_are_few() -> None:
    cells, reach = np.full((16, 16), 2.0, np.float32), np.full((4, 16, 16), 0.05, np.float32)
    found = boxes(cells, reach)
    assert len(found) == MOST
    assert all(0 <= value <= 1 for box in found for value in box)


def test_no_cell_that_stands_out_is_the_whole_picture() -> None:
    assert boxes(*_cells()) == [WHOLE]


def test_evidence_is_the_mean_of_place_and_picture() -> None:
    assert evidence(_cells(r1c1=3.0)[0], -1.0) == pytest.approx(1.0)


class Certain(WeaponDetector):
    """The detector with every stretch sure of one box, or of a blade."""

    gun, blade, fire = 0.9, 0.0, 0.1

    def _look(self, batch: Any) -> Any:
        from dataclasses import replace

        looks = super()._look(batch)
        boxes = [(0.25, 0.5, 0.5, 0.75)]
        return [replace(look, gun=self.gun, guns=boxes, blade=self.blade, fire=self.fire) for look in looks]


def test_findings_carry_boxes_in_pixels_of_the_decoded_picture() -> None:
    origin = Location(source=Source.FRAME, frame=3)
    (answer,) = Certain(threads=1).detect([ImagePart(image=Image.new("RGB", (4000, 2000)), origin=origin)])
    (finding,) = answer.findings
    assert (finding.label, finding.score) == (WEAPON, 0.9)
    assert finding.location == Location(source=Source.FRAME, frame=3, box=(1000.0, 1000.0, 2000.0, 1500.0))


def test_a_long_picture_is_looked_at_in_stretches() -> None:
    (answer,) = Certain(threads=1).detect([image_part(1600, 400)])
    places = [finding.location.box for finding in answer.findings]
    assert len(places) == 3
    assert all(box is not None and box[2] <= 1600 and box[3] <= 400 for box in places)


class Sharp(Certain):
    """The detector with every stretch sure of a blade."""

    gun, blade = 0.3, 0.8


def test_a_blade_is_a_weapon_and_says_what_it_is() -> None:
    (gun,) = Certain(threads=1).detect([image_part(640, 480)])
    (blade,) = Sharp(threads=1).detect([image_part(640, 480)])
    assert [finding.facts for finding in gun.findings] == [{"weapon": "gun"}]
    assert [(finding.label, finding.score, finding.facts) for finding in blade.findings] == [
        (WEAPON, 0.8, {"weapon": "blade"})
    ]
    assert blade.scores == {WEAPON: 0.8, FIRE: 0.1}


class Burning(Certain):
    """The detector with every stretch sure of flames."""

    gun, fire = 0.3, 0.7


def test_fire_is_a_mark_of_its_own_on_the_whole_picture_or_a_stretch_of_a_long_one() -> None:
    (whole,), (long,) = (Burning(threads=1).detect([part]) for part in (image_part(640, 480), image_part(1600, 400)))
    assert [(finding.label, finding.score, finding.location.box) for finding in whole.findings] == [(FIRE, 0.7, None)]
    assert not TAXONOMY[FIRE].harm
    assert len(long.findings) == 3
    assert all(finding.location.box is not None for finding in long.findings)


def test_windows_cover_the_picture() -> None:
    assert WINDOWS[0] == WHOLE
    assert len(set(WINDOWS)) == 10
    assert all(right - left == bottom - top == 0.5 for left, top, right, bottom in WINDOWS[1:])
    assert {WINDOWS[1][:2], WINDOWS[-1][2:]} == {(0.0, 0.0), (1.0, 1.0)}
