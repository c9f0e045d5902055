"""Lines over time: several series on one pair of axes, told apart by dashes as well as by colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from evenhand.plots.frame import WIDTH, number, svg, text, ticks

_LEFT, _RIGHT, _TOP, _HEIGHT, _BOTTOM = 56.0, 16.0, 12.0, 200.0, 24.0
_KINDS = 6  # classes s1 to s6 of the page's style
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "1 4", "12 4")  # who cannot tell colours apart can tell these
_LEGEND = 22.0
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EACH = 150.0  # width of an entry of the legend


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line."""

    name: str
    values: Sequence[float | None]  # one for each moment; None: nothing is known, and the line has a gap


def lines(title: str, moments: Sequence[str], series: Sequence[Series], *, unit: str = "", least: float = 0.0) -> str:
    """Draw lines.

    Args:
        title: what they are, for who cannot see them.
        moments: names along the bottom, in order; some are written.
        series: at most six.
        unit: written behind values.
        least: highest value of the axis at least, e.g. 1.0 for shares.
    """
    shown = series[:_KINDS]
    known = [value for one in shown for value in one.values if value is not None]
    scale = ticks(max([least, *known], default=1.0) or 1.0, least=min([0.0, *known]))
    low, high, wide = scale[0], scale[-1], WIDTH - _LEFT - _RIGHT
    top = _TOP + _LEGEND * ((len(shown) * _EACH + wide - 1) // wide)

    def x(place: int) -> float:
        return _LEFT + (wide / 2 if len(moments) < 2 else wide * place / (len(moments) - 1))

    def y(value: float) -> float:
        return top + _HEIGHT * (1 - (value - low) / (high - low))

    marks = []
    for tick in scale:
        marks.append(f'<path class="faint" d="M{_LEFT:.1f} {y(tick):.1f}H{_LEFT + wide:.1f}"/>')
        marks.append(text(_LEFT - 6, y(tick) + 4, f"{number(tick)}{unit}", anchor="end"))
    every = max(1, -(-len(moments) // 7))
    for place in range(0, len(moments), every):
        anchor = "middle" if 0 < place < len(moments) - 1 else "start" if place == 0 else "end"
        marks.append(text(x(place), top + _HEIGHT + 18, _short(moments[place]), anchor=anchor))
    across = max(1, int(wide // _EACH))
    for number_of, one in enumerate(shown):
        left, high_up = _LEFT + _EACH * (number_of % across), _TOP + _LEGEND * (number_of // across)
        dashes = f' stroke-dasharray="{_DASHES[number_of]}"' if _DASHES[number_of] else ""
        kind = f"s{number_of + 1}"
        marks.append(f'<path class="line {kind}"{dashes} d="M{left:.1f} {high_up:.1f}h24"/>')
        marks.append(text(left + 30, high_up + 4, one.name[:18]))
        marks.append(
            f'<path class="line {kind}"{dashes} d="{_path(one.values, x, y)}"><title>{escape(one.name)}</title></path>'
        )
        marks += [
            f'<circle class="dot {kind}" cx="{x(place):.1f}" cy="{y(value):.1f}" r="3">'
            f"<title>{escape(f'{one.name}, {moments[place]}: {number(value)}{unit}')}</title></circle>"
            for place, value in enumerate(one.values)
            if value is not None and len(moments) <= 92
        ]
    names = ", ".join(one.name for one in shown)
    span = f"{moments[0]} to {moments[-1]}" if moments else ""
    return svg(title, f"{names}; {span}", top + _HEIGHT + _BOTTOM, marks)


def _short(moment: str) -> str:
    """Write a day without its year, which the table tells."""
    return moment[5:] if _DAY.fullmatch(moment) else moment


def _path(values: Sequence[float | None], x: Callable[[int], float], y: Callable[[float], float]) -> str:
    out, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        out.append(f"{pen}{x(place):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(out) or "M0 0"
