"""The plots show the numbers of the report: the area under the drawn steps is the average precision."""

from __future__ import annotations

import re

import numpy as np
import pytest

from evenhand.evaluation.labelreport import LabelReport, measure_label
from evenhand.evaluation.plots import pr_plot, reliability_plot


def report(scores: list[float], truth: list[int]) -> LabelReport:
    return measure_label(
        "<hate>",
        scores=np.array(scores, np.float32),
        truth=np.array(truth, np.int8),
        found=np.array(scores) >= 0.6,
        scored_as=("hate",),
    )


def test_the_area_under_the_steps_is_the_average_precision() -> None:
    made = report([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0, 1, 1, 0, 1, 0])
    drawn = re.search(r'class="line" d="M([\d.]+) ([\d.]+)([VH\d.]+)"', pr_plot(made))
    assert drawn is not None
    left, area, x, y = float(drawn[1]), 0.0, float(drawn[1]), float(drawn[2])
    bottom = 24.0 + 240.0
    for way, number in re.findall(r"([VH])([\d.]+)", drawn[3]):
        if way == "V":
            y = float(number)
        else:
            area += (float(number) - x) * (bottom - y)
            x = float(number)
    assert x == pytest.approx(left + 240.0)
    assert area / 240.0**2 == pytest.approx(made.ap, abs=1e-3)
    assert "found: recall 0.667, precision 0.500" in pr_plot(made)


def test_reliability_shows_every_bin() -> None:
    made = report([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0, 1, 1, 0, 1, 0])
    assert reliability_plot(made).count("<circle") == len(made.bins) == 6
    assert "&lt;hate&gt;" in reliability_plot(made)


def test_nothing_to_draw() -> None:
    assert pr_plot(report([0.2], [0])) == ""
    assert reliability_plot(report([], [])) == ""
