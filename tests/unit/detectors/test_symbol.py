"""image.symbol: its contract, what it is shown, how its answers are read, and that nothing is blocked for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors import symbol_drawings
from evenhand.detectors.base import DetectorContext
from evenhand.detectors.symbol import LABEL, SHAPES, SymbolDetector, calibrated, make
from evenhand.detectors.symbol_places import (
    LEVELS,
    MOST,
    READER_SIDE,
    Place,
    best,
    levels,
    overlap,
    places,
    square,
)
from evenhand.domain import Action, Finding, ImagePart, Location, Source
from evenhand.inference.calibration import Platt
from evenhand.policy import decide, default_policy
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part
from training.vision.symbols_data import render
from training.vision.symbols_scenes import Backgrounds

DETECTOR = SymbolDetector(threads=1)
GROUNDS = Backgrounds(Path("missing"), "test")  # without photos: made-up grounds


class TestSymbol(DetectorContract):
    def make(self) -> SymbolDetector:
        return DETECTOR


def plain(name: str, seed: int) -> ImagePart:
    """Render a drawing of 150 px or more on one colour."""
    row = render(seed, split="test", grounds=GROUNDS, name=name, style=0, size=(480, 360), drawn=(150, 300))
    return ImagePart(image=Image.fromarray(row.pixels))


def test_make_takes_the_settings() -> None:
    assert make(DetectorContext(settings=Settings(threads=1))).info is SymbolDetector.info


@pytest.mark.parametrize("name", SHAPES)
def test_plain_symbols_are_found_with_a_box_and_a_reason(name: str) -> None:
    answers = DETECTOR.detect([plain(name, seed) for seed in range(6)])
    findings = [finding for answer in answers for finding in answer.findings]
    assert sum(bool(answer.findings) for answer in answers) >= 4
    assert {finding.label for finding in findings} == {LABEL}
    assert all(finding.location.box is not None for finding in findings)
    assert any(finding.reason.startswith(SHAPES[name]) for finding in findings)


@pytest.mark.parametrize(
    "name", ["swastika", "dotted swastika", "lotus swastika", "struck", "long cross", "ringed-cross"]
)
def test_twins_are_not(name: str) -> None:
    answers = DETECTOR.detect([plain(name, seed) for seed in range(8)])
    assert sum(bool(answer.findings) for answer in answers) <= 1


@pytest.mark.parametrize("score", [0.5, 0.7, 0.95, 1.0])
def test_a_symbol_alone_never_blocks(score: float) -> None:
    """The shape does not say why it is shown: a person decides."""
    finding = Finding(
        label=LABEL, score=score, location=Location(source=Source.IMAGE), detector="image.symbol", version="1",
        reason="seen",
    )  # fmt: skip
    action = decide(default_policy(), "default", findings=[finding]).action
    assert action is (Action.REVIEW if score >= 0.7 else Action.MARK)


def test_a_long_picture_is_looked_at_in_stretches() -> None:
    long = Image.new("RGB", (3000, 400), (200, 190, 150))
    sign = plain("hooked-cross", 1).image.resize((400, 300))
    long.paste(sign, (2300, 50))
    (answer,) = DETECTOR.detect([ImagePart(image=long)])
    boxes = [finding.location.box for finding in answer.findings]
    assert boxes
    assert all(box is not None and box[0] > 2250 and box[2] < 2750 for box in boxes)


@pytest.mark.parametrize(("size", "count"), [((1920, 1080), 3), ((200, 100), 2), ((64, 64), 1), ((9, 9), 1)])
def test_levels_are_whole_cells_and_no_small_picture_is_blown_up(size: tuple[int, int], count: int) -> None:
    found = levels(image_part(*size))
    assert len(found) == count
    assert all(side % 8 == 0 for _, pixels in found for side in pixels.shape[:2])
    assert found[0][0] == pytest.approx(min(max(size), 1600) / LEVELS[3 - count])


def test_a_map_becomes_boxes_in_pixels_of_the_working_copy() -> None:
    maps = np.zeros((5, 10, 12), np.float32)
    maps[0] = -9
    maps[0, 4, 6], maps[0, 4, 7] = 3, 2  # one peak and its slope
    maps[1:, 4, 6] = (0.5, -0.5, 0, 1)
    (place,) = places(maps, scale=2.0)
    assert place.box == (2 * (56 - 16), 2 * (32 - 32), 2 * (56 + 16), 2 * (32 + 32))
    assert place.likelihood == pytest.approx(0.953, abs=0.001)


def test_broken_maps_give_finite_boxes() -> None:
    maps = np.full((5, 3, 3), 1e9, np.float32)
    assert all(np.isfinite(place.box).all() for place in places(maps, scale=1.0))


def test_the_likeliest_of_those_that_overlap_is_kept() -> None:
    many = [Place((x, 0, x + 10, 10), x / 1000) for x in range(0, 600, 2)]
    kept = best(many)
    assert len(kept) == MOST
    assert kept[0].likelihood == 0.598
    assert all(overlap(a.box, b.box) <= 0.45 for a in kept for b in kept if a is not b)


@pytest.mark.parametrize("side", [12.0, 20.0, 90.0, 800.0])
def test_the_readers_square_has_its_box_in_the_middle(side: float) -> None:
    pixels = np.zeros((900, 1000, 3), np.uint8)
    low, high = round(450 - side / 2), round(450 + side / 2)
    pixels[low:high, low:high] = 255
    crop = square(pixels, centre=(450.0, 450.0), side=side)[:, :, 0] > 127
    assert crop.shape == (READER_SIDE, READER_SIDE)
    assert crop.sum() ** 0.5 == pytest.approx(READER_SIDE / 1.6, rel=0.06)
    rows, columns = np.nonzero(crop)
    assert (rows.mean(), columns.mean()) == pytest.approx((READER_SIDE / 2,) * 2, abs=2.5)


def test_a_square_beyond_the_edge_repeats_it() -> None:
    pixels = np.full((20, 30, 3), 77, np.uint8)
    assert (square(pixels, centre=(-5.0, 40.0), side=50.0) == 77).all()


def test_a_shape_counts_against_all_that_is_harmless() -> None:
    logits = np.array([[2.0, 0, 0, -50, 0, 2.0, -50, -50], [2.0, 0, 0, -50, 0, -50, -50, -50]], np.float32)
    scores = calibrated(logits, [Platt(a=1, b=0)] * len(SHAPES))
    assert scores[0, 0] == pytest.approx(0.5)
    assert scores[1, 0] > 0.99


def test_the_examples_are_of_religious_and_other_signs() -> None:
    for make_part in (symbol_drawings.dotted_swastika, symbol_drawings.temple_mark, symbol_drawings.sight):
        (answer,) = DETECTOR.detect([make_part()])
        assert answer.findings == ()
        assert answer.scores[LABEL] < 0.5
