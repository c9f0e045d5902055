"""image.ocr on frames of a video: a caption is read once, and whatever changes is read anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.detectors.ocr import OcrDetector
from evenhand.domain import ImagePart, Location, Source, TextPart
from evenhand.inference.textlines import LineReader, Reading
from evenhand.inference.textseen import MOST, Seen

SIZE = (960, 544)


@pytest.fixture(scope="module")
def reader() -> LineReader:
    return LineReader(threads=1)


def frame(
    *words: tuple[int, int, str], ground: int = 90, grain: int = 0, ink: str = "white"
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = Image.new("RGB", SIZE, (ground, ground, ground))
    for x, y, text in words:
        ImageDraw.Draw(image).text((x, y), text, fill=ink, font=ImageFont.load_default(28))
    pixels = np.asarray(image).astype(np.int16)
    noise = np.random.default_rng(grain).integers(-6, 7, pixels.shape) if grain else 0
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


def texts(reading: Reading) -> list[str]:
    return sorted(line.text for line in reading.lines)


def read(reader: LineReader, *frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Iterator[Reading]:
    before: tuple[Seen, ...] = ()
    for one in frames:
        reading, before = reader.read_frame(one, before)
        assert len(before) <= MOST
        yield reading


def test_a_caption_that_stands_is_read_once(reader: LineReader) -> None:
    caption = (200, 440, "Call 202 555 0147")
    first, second = read(reader, frame(caption, grain=1), frame(caption, grain=2))
    assert first.reused == 0
    assert second.reused == 1
    assert texts(first) == texts(second) == ["Call 202 555 0147"]
    assert first.lines[0].box == second.lines[0].box


@pytest.mark.parametrize("ink", ["white", "#747474"])
def test_one_digit_that_changes_is_read_anew(reader: LineReader, ink: str) -> None:
    first, second = read(
        reader, frame((200, 440, "Call 202 555 0147"), ink=ink), frame((200, 440, "Call 202 555 0141"), ink=ink)
    )
    assert texts(first) == ["Call 202 555 0147"]
    assert texts(second) == ["Call 202 555 0141"]
    assert second.reused == 0


def test_what_comes_beside_a_caption_is_read_and_the_caption_is_not(reader: LineReader) -> None:
    caption, more = (60, 440, "Evening news"), (500, 60, "WeChat seller8821")
    _, second, third = read(reader, frame(caption), frame(caption, more), frame(more))
    assert texts(second) == ["Evening news", "WeChat seller8821"]
    assert second.reused == 1
    assert texts(third) == ["WeChat seller8821"]
    assert third.reused == 1


def moving(words: str, step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A caption over a ground that is another in each frame."""
    blots = np.random.default_rng(step).integers(10, 150, (17, 30, 3), dtype=np.uint8)
    image = Image.fromarray(blots).resize(SIZE, Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).text((200, 440), words, fill="white", font=ImageFont.load_default(32))
    return np.asarray(image)


def test_a_caption_over_a_ground_that_moves_is_read_once(reader: LineReader) -> None:
    """Until one digit of it changes."""
    words = ["Call 202 555 0147"] * 6 + ["Call 202 555 0141"] * 2
    found = list(read(reader, *(moving(text, step) for step, text in enumerate(words))))
    assert [texts(one) for one in found] == [[text] for text in words]
    assert [one.reused for one in found[:7]] == [0, 1, 1, 1, 1, 1, 0]


def scrolled(by: int, *, digit: str = "7", grain: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A page of lines of which some have left at the top and some have come at the bottom."""
    lines = [
        "Orders of the second office",
        f"Call 202 555 014{digit}",
        "Prices went down in May",
        "Nobody had asked why",
    ]
    words = [(60, 60 + 90 * row - by, lines[row % 4] + f" {row}") for row in range(9)]
    return frame(*(one for one in words if -20 < one[1] < SIZE[1]), ground=20, grain=grain)


@pytest.mark.parametrize("grain", [0, 1])
def test_lines_of_a_page_that_scrolls_are_read_once_but_for_new_ones(reader: LineReader, grain: int) -> None:
    first, second = read(reader, scrolled(0, grain=grain), scrolled(97, grain=2 * grain))
    (plain,) = read(reader, scrolled(97, grain=2 * grain))
    assert len(first.lines) == 6
    assert second.reused >= 3
    assert texts(second) == texts(plain)
    boxes, expected = (
        sorted((line.box for line in reading.lines), key=lambda box: box[1]) for reading in (second, plain)
    )
    assert np.abs(np.subtract(boxes, expected)).max() <= 8  # half a letter: noise moves the search's marks


@pytest.mark.parametrize("digit", "0123456890")
def test_a_line_that_scrolls_and_changes_by_a_digit_is_read_anew(reader: LineReader, digit: str) -> None:
    _, second = read(reader, scrolled(0), scrolled(97, digit=digit))
    (plain,) = read(reader, scrolled(97, digit=digit))
    assert any(f"014{digit}" in text for text in texts(plain))
    assert texts(second) == texts(plain)


def test_a_caption_that_fades_in_by_little_steps_is_read_in_the_end(reader: LineReader) -> None:
    shades = [f"#{level:02x}{level:02x}{level:02x}" for level in range(90, 190, 3)]
    *_, last = read(reader, *(frame((200, 440, "Call 202 555 0147"), ink=ink) for ink in shades))
    assert texts(last) == ["Call 202 555 0147"]


def test_a_scene_that_comes_back_is_known_and_another_size_is_not(reader: LineReader) -> None:
    one, other = frame((200, 440, "Evening news")), frame((300, 100, "Weather"), ground=200, ink="black")
    *_, back = read(reader, one, other, one)
    assert back.reused == 1
    _, half = read(reader, one, np.ascontiguousarray(one[:, : SIZE[0] // 2]))
    assert half.reused == 0


def test_frames_read_as_pictures_do() -> None:
    detector = OcrDetector(threads=1)
    image = Image.fromarray(frame((200, 440, "Call 202 555 0147")))
    place = Location(source=Source.FRAME, time=(1.0, 1.0))
    parts = [ImagePart(image=image), *(ImagePart(image=image, origin=replace(place, time=(t, t))) for t in (1.0, 3.0))]
    found = [part for answer in detector.detect(parts) for part in answer.parts if isinstance(part, TextPart)]
    assert [part.text for part in found] == ["Call 202 555 0147"] * 3
    assert [part.origin.time for part in found] == [None, (1.0, 1.0), (3.0, 3.0)]
    assert found[1].origin.box == found[0].origin.box
