"""Joining the lines of a picture: pages at an angle, rows, watermarks."""

from __future__ import annotations

import math

import pytest

from evenhand.detectors.ocr_lines import as_text, direction, once
from evenhand.domain import Location, Source
from evenhand.inference.textlines import Line, Word

PAGE = ((100, 40, "first"), (100, 90, "second"), (260, 90, "in its row"), (100, 140, "third"))  # x, y, text; 20 px high


def line(text: str, x: float, y: float, *, angle: float = 0.0, high: float = 20.0) -> Line:
    """A line on a page turned by `angle` degrees about (500, 500), where it would begin at (x, y) on the page."""
    long, turn = 14.0 * len(text), math.radians(angle)
    corners = ((x, y), (x + long, y), (x + long, y + high), (x, y + high))
    turned = [
        (
            500 + (a - 500) * math.cos(turn) - (b - 500) * math.sin(turn),
            500 + (a - 500) * math.sin(turn) + (b - 500) * math.cos(turn),
        )
        for a, b in corners
    ]
    xs, ys = [a for a, _ in turned], [b for _, b in turned]
    box = (min(xs), min(ys), max(xs), max(ys))
    return Line(
        text=text,
        words=(Word(start=0, end=len(text), box=box),),
        box=box,
        confidence=1.0,
        angle=angle % 360,
        slim=high / long,
    )


def text_of(lines: list[Line]) -> str:
    return as_text(lines, Location(source=Source.IMAGE)).text


@pytest.mark.parametrize("angle", [0, 1, 5, 17, 30, 45, 60, 90, 135, 180, 200, 270, 300, 355])
def test_a_turned_page_reads_from_its_own_top(angle: float) -> None:
    lines = [line(text, x, y, angle=angle) for x, y, text in reversed(PAGE)]
    assert text_of(lines) == "first\nsecond\nin its row\nthird"
    assert abs((direction(lines) - angle + 180) % 360 - 180) <= 2


def test_most_of_the_text_says_which_way_it_runs() -> None:
    lines = [line(text, x, y, angle=180) for x, y, text in PAGE] + [line("stamp", 700, 700, angle=0)]
    assert direction(lines) == 180


def test_a_single_letter_has_no_direction() -> None:
    assert direction([line("A", 0, 0, angle=90)]) == 0.0


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["vx abc123"] * 9 + ["vx abc", "123"], ["vx abc123", "123"]),  # cut by the edge; bare digits stay
        (["样张文件"] * 4 + ["样张", "样张文件样张", "文件"], ["样张文件"]),
        (["样张文"] * 3 + ["样张文件"] * 5, ["样张文件"]),
        (["sample"] * 5 + ["Call 202 555 0147"], ["sample", "Call 202 555 0147"]),
        (["12.00"] * 6, ["12.00"] * 6),  # a table
        (["1", "3", "1", "1"], ["1", "3", "1", "1"]),
        (["ok", "ok", "ok"], ["ok", "ok", "ok"]),  # too short to be a pattern
        (["twice said"] * 2, ["twice said"] * 2),
    ],
)
def test_a_watermark_is_said_once(texts: list[str], kept: list[str]) -> None:
    lines = [line(text, 50, 30 * i) for i, text in enumerate(texts)]
    assert [one.text for one in once(lines)] == kept


def test_many_lines_take_no_long_time() -> None:
    lines = [line(f"row {i % 400} of many", 10, 25 * i) for i in range(1600)]
    assert text_of(lines).count("\n") == 399
