"""image.nudity: the contract, what the models are shown, odd pictures, and regions in the picture's own pixels.

No sexual or gory picture is used: that a high score becomes findings is tested on scores, not on pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors import drawings
from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.nudity import NudityDetector, make, middle, on_blur, window
from evenhand.domain import ImagePart, Location, Source
from evenhand.inference.pictures import fitted
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part

DETECTOR = NudityDetector(threads=1)
ODD = ((1, 1), (1, 5000), (8000, 20), (7, 9), (3000, 400), (400, 3000), (225, 224))


class TestNudity(DetectorContract):
    def make(self) -> NudityDetector:
        return DETECTOR

    def awkward_parts(self, detector: AnyDetector) -> list[Any]:
        return [*super().awkward_parts(detector), *(image_part(*size) for size in ODD)]


def test_make_takes_the_settings() -> None:
    assert make(DetectorContext(settings=Settings(threads=1))).info is NudityDetector.info


def test_every_label_is_scored_also_when_nothing_is_found() -> None:
    for answer in DETECTOR.detect([drawings.landscape(), image_part(1, 1), image_part(1600, 200)]):
        assert set(answer.scores) == set(DETECTOR.info.labels)
        assert max(answer.scores.values()) < 0.1
        assert answer.findings == ()


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_grey_content(mode: str) -> None:
    grey = drawings.landscape().image.convert(mode).convert("RGB")
    (answer,) = DETECTOR.detect([ImagePart(image=grey)])
    assert answer.findings == ()


def test_the_picture_is_fitted_on_its_own_blurred_self() -> None:
    part = ImagePart(image=Image.linear_gradient("L").resize((500, 250)).convert("RGB"))
    shown = on_blur(part)
    assert shown.shape == (224, 224, 3)
    np.testing.assert_array_equal(shown[56:168], fitted(part, 224))
    assert shown[:56].std() > 0  # no bars of one colour
    assert window(part) == (0.0, -0.5, 1.0, 1.5)


def test_the_middle_is_what_the_second_model_sees() -> None:
    edged = Image.new("RGB", (512, 512), "white")
    edged.paste("black", (32, 32, 480, 480))
    assert middle(ImagePart(image=edged)).mean() < 3


class Certain(NudityDetector):
    """The detector with every picture over every cut: a positive picture cannot be had."""

    def _look(self, batch: Any) -> Any:
        looks = super()._look(batch)
        for look in looks:
            look.scores.update(dict.fromkeys(self.info.labels, 0.9))
            look.sexual[:], look.gore[:] = -9.0, -9.0
            look.sexual[7:14, 14:21] = 9.0
        return looks


def test_findings_carry_regions_in_pixels_of_the_decoded_picture() -> None:
    origin = Location(source=Source.FRAME, frame=3)
    (answer,) = Certain(threads=1).detect([ImagePart(image=Image.new("RGB", (4000, 2000)), origin=origin)])
    found = {finding.label: finding for finding in answer.findings}
    assert set(found) == set(DETECTOR.info.labels)
    assert found["sexual.explicit"].location == Location(
        source=Source.FRAME, frame=3, box=(2000.0, 500.0, 3000.0, 1000.0)
    )
    assert found["violence.graphic"].location.box == (0.0, 0.0, 4000.0, 2000.0)  # no peak: all of it


def test_a_long_picture_gives_regions_of_its_stretches() -> None:
    (answer,) = Certain(threads=1).detect([image_part(1600, 400)])
    boxes = [f.location.box for f in answer.findings if f.label == "sexual.explicit"]
    assert [box is not None and round(box[0]) for box in boxes] == [320, 800, 1280]
    assert all(box is not None and box[2] <= 1600 and box[3] <= 400 for box in boxes)
