"""Two small plots as inline SVG: precision-recall and reliability. They take their colours from the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evenhand.evaluation.calibration import Bin
from evenhand.evaluation.labelreport import LabelReport

_SIDE, _LEFT, _TOP, _BOTTOM = 240.0, 54.0, 24.0, 40.0  # pixels: the square of the plot, and the margins round it
_WIDTH, _HEIGHT = _LEFT + _SIDE + 12.0, _TOP + _SIDE + _BOTTOM
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_DOT, _MOST_DOT = 2.0, 5.0  # pixels; the area of a dot says how many rows it stands for


def pr_plot(report: LabelReport) -> str:
    """Draw precision over recall, with the base rate, and the detectors' own threshold as a dot."""
    curve = report.curve
    if not curve:
        return ""
    # Steps, not slopes, so that the area under the line is the average precision.
    path = f"M{_x(0):.1f} {_y(curve[0][1]):.1f}" + "".join(
        f"V{_y(precision):.1f}H{_x(recall):.1f}" for recall, precision, _ in curve
    )
    base = report.positives / report.n
    marks = [
        f'<path class="faint" d="M{_x(0):.1f} {_y(base):.1f}H{_x(1):.1f}"><title>base rate {base:.3f}</title></path>',
        f'<path class="line" d="{path}"/>',
    ]
    own = report.own.outcomes if report.own is not None else None
    if own is not None and own.recall is not None and own.precision is not None:
        about = f"found: recall {own.recall:.3f}, precision {own.precision:.3f}"
        marks.append(_dot(own.recall, own.precision, 5, about))
    return _plot(f"Precision and recall: {report.label}", "recall", "precision", marks)


def reliability_plot(report: LabelReport) -> str:
    """Draw what came true over what the scores promised, one dot for each bin, beside the diagonal."""
    if not report.bins:
        return ""
    marks = [f'<path class="faint" d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}"/>']
    line = "L".join(f"{_x(one.score):.1f} {_y(one.share):.1f}" for one in report.bins)
    marks.append(f'<path class="line" d="M{line}"/>')
    marks += _dots(report.bins)
    return _plot(f"Reliability: {report.label}", "mean score", "share that has the label", marks)


def _dots(bins: Sequence[Bin]) -> list[str]:
    most = max(one.n for one in bins)
    return [
        _dot(
            one.score,
            one.share,
            max(_LEAST_DOT, _MOST_DOT * (one.n / most) ** 0.5),
            f"{one.n:,} rows: mean score {one.score:.3f}, share {one.share:.3f}",
        )
        for one in bins
    ]


def _plot(title: str, across: str, up: str, marks: Sequence[str]) -> str:
    grid = []
    for tick in _TICKS:
        x, y, number = _x(tick), _y(tick), f"{tick:g}"
        grid.append(f'<path class="grid" d="M{x:.1f} {_y(0):.1f}V{_y(1):.1f}M{_x(0):.1f} {y:.1f}H{_x(1):.1f}"/>')
        grid.append(f'<text x="{x:.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle">{number}</text>')
        grid.append(f'<text x="{_x(0) - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{number}</text>')
    middle = _TOP + _SIDE / 2
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" height="{_HEIGHT:g}" '
        f'aria-label="{escape(title)}">'
        f'<text class="title" x="{_x(0):.1f}" y="14">{escape(title)}</text>{"".join(grid)}'
        f'<text x="{_x(0.5):.1f}" y="{_HEIGHT - 6:.1f}" text-anchor="middle">{escape(across)}</text>'
        f'<text transform="translate(11 {middle:.1f}) rotate(-90)" text-anchor="middle">{escape(up)}</text>'
        f"{''.join(marks)}</svg>"
    )


def _dot(x: float, y: float, radius: float, about: str) -> str:
    return f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="{radius:.1f}"><title>{escape(about)}</title></circle>'


def _x(share: float) -> float:
    return _LEFT + share * _SIDE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIDE
