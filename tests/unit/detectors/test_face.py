"""image.face: faces found on drawings, their places, what is seen on them, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageDraw

from evenhand.detectors import drawings
from evenhand.detectors.base import AnyDetector, Detection, DetectorContext
from evenhand.detectors.face import MAX_FACES, FaceDetector, make
from evenhand.domain import Finding, ImagePart, Location, Source
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part

DETECTOR = FaceDetector(threads=1)
ODD = ((1, 1), (1, 5000), (8000, 20), (7, 9), (3000, 400), (400, 3000), (257, 256))


class TestFace(DetectorContract):
    def make(self) -> FaceDetector:
        return DETECTOR

    def awkward_parts(self, detector: AnyDetector) -> list[Any]:
        return [*super().awkward_parts(detector), *(image_part(*size) for size in ODD)]


def look(image: Image.Image) -> Detection:
    (answer,) = DETECTOR.detect([ImagePart(image=image)])
    return answer


def present(answer: Detection) -> list[Finding]:
    return [finding for finding in answer.findings if finding.label == "face.present"]


def on_canvas(size: tuple[int, int], *places: tuple[int, int], height: int = 480, turn: float = 0) -> Image.Image:
    """Give a wall with drawn faces; a drawing of height 480 has a face box of about 260 x 260."""
    canvas = Image.new("RGB", size, (120, 150, 170))
    face = drawings.face(smile=True).image.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=(120, 150, 170))
    face = face.resize((height * 400 // 480, height))
    for place in places:
        canvas.paste(face, place)
    return canvas


def test_make_takes_the_settings() -> None:
    assert make(DetectorContext(settings=Settings(threads=1))).info is FaceDetector.info


def test_nothing_else_about_a_person_is_ever_declared() -> None:
    assert DETECTOR.info.labels == ("face.present", "face.glasses", "face.sunglasses", "face.smile")


@pytest.mark.parametrize(
    ("smile", "eyewear", "labels"),
    [
        (False, "none", set()),
        (True, "none", {"face.smile"}),
        (True, "glasses", {"face.smile", "face.glasses"}),
        (False, "sunglasses", {"face.sunglasses"}),
    ],
)
def test_drawn_faces(smile: bool, eyewear: drawings.Eyewear, labels: set[str]) -> None:
    (answer,) = DETECTOR.detect([drawings.face(smile=smile, eyewear=eyewear)])
    assert {finding.label for finding in answer.findings} == labels | {"face.present"}
    assert len({finding.location.box for finding in answer.findings}) == 1
    assert set(answer.scores) == set(DETECTOR.info.labels)


def test_a_grey_face_and_a_frame() -> None:
    origin = Location(source=Source.FRAME, frame=4)
    grey = drawings.face(smile=True).image.convert("L").convert("RGB")
    (answer,) = DETECTOR.detect([ImagePart(image=grey, origin=origin)])
    assert {finding.location.frame for finding in answer.findings} == {4}
    assert "face.smile" in {finding.label for finding in answer.findings}


@pytest.mark.parametrize(("size", "height", "place"), [
    ((640, 480), 300, (200, 100)),
    ((4000, 3000), 2400, (900, 300)),
    ((4000, 3000), 1200, (2400, 1500)),
    ((3000, 500), 480, (2500, 10)),  # a banner, looked at in stretches
    ((500, 6000), 480, (50, 5000)),
])  # fmt: skip
def test_the_box_is_in_pixels_of_the_decoded_picture(
    size: tuple[int, int], height: int, place: tuple[int, int]
) -> None:
    (finding,) = present(look(on_canvas(size, place, height=height)))
    box = finding.location.box
    assert box is not None
    wanted = [place[i % 2] + height / 480 * side for i, side in enumerate((70, 140, 330, 405))]
    assert all(abs(there - where) < height / 10 for there, where in zip(box, wanted, strict=True))


@pytest.mark.parametrize("turn", [-20, 20])
def test_a_face_that_is_turned_a_little(turn: float) -> None:
    assert len(present(look(on_canvas((640, 560), (120, 40), turn=turn)))) == 1


def test_two_faces_are_two_findings() -> None:
    found = present(look(on_canvas((900, 480), (20, 0), (470, 0))))
    left = sorted(finding.location.box[0] for finding in found if finding.location.box)
    assert left == pytest.approx([90, 540], abs=30)


def test_the_number_of_faces_is_bounded() -> None:
    places = [(x, y) for x in range(0, 1300, 216) for y in range(0, 1300, 260)]
    assert len(places) > MAX_FACES
    assert 1 < len(present(look(on_canvas((1300, 1300), *places, height=260)))) <= MAX_FACES


def test_a_small_face_is_present_and_not_inspected() -> None:
    answer = look(on_canvas((140, 140), (40, 40), height=58))
    (finding,) = answer.findings
    assert finding.label == "face.present"
    assert finding.reason == "a face is visible; eyes not visible: too small; mouth not visible: too small"
    assert set(answer.scores) == {"face.present"}  # not seen is not "no"


def test_no_face_scores_under_the_floor() -> None:
    for part in (drawings.landscape(), drawings.emoji(), drawings.dog(), image_part(1, 1)):
        (answer,) = DETECTOR.detect([part])
        assert answer.findings == ()
        assert answer.scores["face.present"] < 0.5
        assert answer.scores["face.smile"] == 0.0


def test_a_face_without_features_is_none() -> None:
    blank = drawings.face().image.copy()
    ImageDraw.Draw(blank).ellipse((95, 160, 305, 400), fill=(200, 200, 200))
    assert present(look(blank)) == []
