"""Plots: sound SVG, whatever names and numbers are in it, with a name for who cannot see it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from evenhand.plots import Series, bars, lines
from evenhand.plots.frame import number, ticks

_HOSTILE = "<script>alert(1)</script>\"&'>"


def _drawn(svg: str) -> ET.Element:
    assert "style=" not in svg
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    return root


def test_bars() -> None:
    root = _drawn(bars("Decisions", [("block", 3), ("pass", 12)], unit=" s"))
    widths = [float(rect.get("width", "0")) for rect in root.iter("rect")]
    assert widths[0] * 4 == pytest.approx(widths[1], abs=0.5)
    assert "12 s" in "".join(root.itertext())


@pytest.mark.parametrize(
    "rows", [[(_HOSTILE, 1.0)], [("a", 0.0)], [("x" * 500, 1e12)], [(str(n), n) for n in range(99)]]
)
def test_bars_of_any_kind(rows: list[tuple[str, float]]) -> None:
    svg = bars(_HOSTILE, rows)
    _drawn(svg)
    assert "<script" not in svg


def test_no_bars() -> None:
    assert bars("Nothing", []) == ""


def test_lines_have_gaps_where_nothing_is_known() -> None:
    root = _drawn(lines("Share", ["2026-01-01", "2026-01-02", "2026-01-03"], [Series(name="a", values=[1, None, 3])]))
    path = next(one for one in root.iter("path") if one.find("title") is not None)
    assert path.get("d", "").count("M") == 2
    assert len(list(root.iter("circle"))) == 2


@pytest.mark.parametrize(
    ("moments", "values"),
    [([], []), (["2026-01-01"], [5.0]), (["a", "b"], [None, None]), ([_HOSTILE] * 400, [float(n) for n in range(400)])],
)
def test_lines_of_any_kind(moments: list[str], values: list[float | None]) -> None:
    svg = lines(_HOSTILE, moments, [Series(name=_HOSTILE, values=values) for _ in range(8)], least=1.0)
    _drawn(svg)
    assert "<script" not in svg


def test_series_can_be_told_apart_without_colour() -> None:
    root = _drawn(lines("Two", ["a", "b"], [Series(name=name, values=[1, 2]) for name in "ab"]))
    dashes = [one.get("stroke-dasharray") for one in root.iter("path") if one.find("title") is not None]
    assert len(set(dashes)) == 2


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (1250, "1,250"), (0.125, "0.125"), (250_000, "250k"), (3_000_000, "3M")]
)
def test_numbers(value: float, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize("most", [1e-6, 0.7, 1, 7, 99, 12_345, 1e9])
def test_ticks_hold_the_values(most: float) -> None:
    found = ticks(most)
    assert found[0] <= 0
    assert found[-1] >= most
    assert 2 <= len(found) <= 7
