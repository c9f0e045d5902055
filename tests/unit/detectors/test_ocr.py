"""image.ocr: words with their places, whatever the angle, size or shape of the picture."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.detectors.ocr import OcrDetector, pieces
from evenhand.detectors.ocr_lines import as_text
from evenhand.domain import ImagePart, Location, Source, TextPart
from evenhand.domain.location import Box
from evenhand.inference.pictures import WORKING_SIDE
from evenhand.inference.textlines import Line, Word
from evenhand.testing import DetectorContract, image_part

Placed = tuple[int, int, int, str]  # x, y, height of the letters, text


@pytest.fixture(scope="module")
def detector() -> OcrDetector:
    return OcrDetector()


def drawn(size: tuple[int, int], *texts: Placed, ground: str = "white", ink: str = "black") -> Image.Image:
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    for x, y, height, text in texts:
        draw.text((x, y), text, fill=ink, font=ImageFont.load_default(height))
    return image


def read(detector: OcrDetector, image: Image.Image) -> TextPart:
    (detection,) = detector.detect([ImagePart(image=image)])
    (part,) = detection.parts
    assert isinstance(part, TextPart)
    return part


def box_of(part: TextPart, words: str) -> Box:
    start = part.text.index(words)
    box = part.locate(start, start + len(words)).box
    assert box is not None
    return box


class TestOcr(DetectorContract):
    made: OcrDetector | None = None  # the weights take a second to load; the contract asks for a detector six times

    def make(self) -> OcrDetector:
        type(self).made = type(self).made or OcrDetector()
        made = type(self).made
        if made is None:
            raise AssertionError
        return made


ADVERT = ((40, 30, 36, "Cheap watches here"), (40, 130, 28, "WeChat: seller_8821"), (40, 220, 24, "Call 202 555 0147"))


@pytest.mark.parametrize("angle", [0, 10, 90, 180, 270])
def test_reads_an_advert_at_any_angle(detector: OcrDetector, angle: int) -> None:
    part = read(detector, drawn((640, 300), *ADVERT).rotate(angle, expand=True, fillcolor="white"))
    for _, _, _, words in ADVERT:
        assert words in part.text
    assert part.origin.source is Source.OCR
    assert part.language is None


def test_light_on_dark_and_low_contrast(detector: OcrDetector) -> None:
    assert (
        "hidden words"
        in read(detector, drawn((400, 100), (20, 30, 30, "hidden words"), ground="#203040", ink="#fff")).text
    )
    assert (
        "hidden words"
        in read(detector, drawn((400, 100), (20, 30, 30, "hidden words"), ground="#eee", ink="#bbb")).text
    )


@pytest.mark.parametrize("scale", [1, 5])
def test_boxes_are_in_pixels_of_the_decoded_picture(detector: OcrDetector, scale: int) -> None:
    image = drawn((640 * scale, 300 * scale), (100 * scale, 100 * scale, 30 * scale, "mail to bob@example.com"))
    ink = image.convert("L").point(lambda value: 255 - value).getbbox()
    assert ink is not None
    part = read(detector, image)
    whole = box_of(part, "mail to bob@example.com")
    assert all(abs(found - drawn_at) <= 12 * scale for found, drawn_at in zip(whole, ink, strict=True))
    # The address alone is the right part of the line.
    font = ImageFont.load_default(30 * scale)
    left = 100 * scale + ImageDraw.Draw(image).textlength("mail to ", font=font)
    assert abs(box_of(part, "bob@example.com")[0] - left) <= 15 * scale


def test_order_of_lines_and_of_words_in_a_row(detector: OcrDetector) -> None:
    image = drawn((900, 200), (40, 120, 30, "third"), (40, 30, 30, "first"), (600, 30, 30, "second"))
    assert read(detector, image).text == "first\nsecond\nthird"


def test_a_long_screenshot_is_read_to_its_end(detector: OcrDetector) -> None:
    tops = range(60, 5900, 580)
    part = read(detector, drawn((600, 6000), *((50, top, 28, f"message {top}") for top in tops)))
    assert part.text.split("\n") == [f"message {top}" for top in tops]
    assert abs(box_of(part, "5860")[1] - 5860) < 20


def test_a_thin_banner(detector: OcrDetector) -> None:
    assert "one line of text" in read(detector, drawn((1500, 36), (5, 4, 22, "one line of text"))).text


def test_frame_and_time_are_kept(detector: OcrDetector) -> None:
    origin = Location(source=Source.FRAME, frame=3, time=(0.3, 0.4))
    (detection,) = detector.detect([ImagePart(image=drawn((300, 80), (20, 20, 30, "frame words")), origin=origin)])
    (part,) = detection.parts
    assert isinstance(part, TextPart)
    place = part.locate(0, 5)
    assert (place.source, place.frame, place.time, place.text) == (Source.OCR, 3, (0.3, 0.4), "frame")


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (900, 7), (8, 8), (4000, 9)])
def test_nothing_to_read(detector: OcrDetector, size: tuple[int, int]) -> None:
    (detection,) = detector.detect([image_part(*size, colour=(200, 200, 200))])
    assert detection.parts == ()


def test_says_nothing_and_writes_nothing(
    detector: OcrDetector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG):
        OcrDetector().detect([image_part(300, 200)])
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if "rapid" in record.name.lower()] == []
    assert os.listdir(tmp_path) == []


def _line(text: str, box: Box) -> Line:
    return Line(text=text, words=(Word(start=0, end=len(text), box=box),), box=box, confidence=1.0)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([("b", (0, 40, 50, 60)), ("a", (0, 10, 50, 30))], "a\nb"),
        ([("b", (60, 12, 100, 32)), ("a", (0, 10, 50, 30))], "a b"),  # side by side and close
        ([("b", (300, 12, 340, 32)), ("a", (0, 10, 50, 30))], "a\nb"),  # side by side, far apart
        ([("a", (0, 0, 20, 300)), ("b", (30, 0, 50, 300))], "a\nb"),  # lines turned by 90 degrees
    ],
)
def test_joining_lines(lines: list[tuple[str, Box]], wanted: str) -> None:
    part = as_text([_line(text, box) for text, box in lines], Location(source=Source.IMAGE))
    assert part.text == wanted
    for text, box in lines:
        assert box_of(part, text) == box


@pytest.mark.parametrize("size", [(1000, 20_000), (20_000, 300), (9, 64_000), (1601, 500)])
def test_pieces_cover_a_long_picture_once(size: tuple[int, int]) -> None:
    cut = pieces(*size)
    assert 1 <= len(cut) <= 20
    for middle in range(0, max(size), 7):
        (owner,) = [piece for piece in cut if piece.owns[0] <= middle < piece.owns[1]]
        begin, end = (owner.area[1], owner.area[3]) if owner.tall else (owner.area[0], owner.area[2])
        assert begin <= middle < end


def test_pieces_of_a_long_page_are_read_nearly_at_their_own_size() -> None:
    areas = [piece.area for piece in pieces(1280, 30_000)]
    assert max(bottom - top for _, top, _, bottom in areas) <= 1.1 * WORKING_SIDE


def test_lines_that_were_not_read_make_the_answer_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenhand.inference.textlines.MAX_LINES", 1)
    image = Image.new("RGB", (640, 240), "white")
    draw = ImageDraw.Draw(image)
    for n in range(3):
        draw.text((40, 20 + 70 * n), f"line number {n}", fill="black", font=ImageFont.load_default(32))
    (answer,) = OcrDetector(threads=1).detect([ImagePart(image=image)])
    assert "not read" in (answer.partial or "")
    assert len(answer.parts) == 1
