"""Bars, lying: one a row, with its name before and its value behind it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evenhand.plots.frame import WIDTH, number, shortened, svg, text

_ROW, _LEFT, _RIGHT, _TOP = 26.0, 190.0, 80.0, 8.0
_LETTERS = 27  # of a name
MOST = 30


def bars(title: str, rows: Sequence[tuple[str, float]], *, unit: str = "", least: float = 0.0) -> str:
    """Draw bars; nothing where there are none.

    Args:
        title: what they are, for who cannot see them.
        rows: name and value, at most 30 are drawn; values are not negative.
        unit: written behind values.
        least: value that fills the whole width at least, e.g. 1.0 for shares.
    """
    shown = rows[:MOST]
    if not shown:
        return ""
    most = max([least, *(value for _, value in shown)], default=0.0) or 1.0
    room = WIDTH - _LEFT - _RIGHT
    marks = []
    for place, (name, value) in enumerate(shown):
        y, wide = _TOP + place * _ROW, max(0.0, value) / most * room
        told = f"{number(value)}{unit}"
        marks.append(text(_LEFT - 8, y + 16, shortened(name, _LETTERS), anchor="end"))
        marks.append(
            f'<rect class="bar" x="{_LEFT:.1f}" y="{y + 4:.1f}" width="{wide:.1f}" height="{_ROW - 9:.1f}" rx="2">'
            f"<title>{escape(f'{name}: {told}')}</title></rect>"
        )
        marks.append(text(_LEFT + wide + 6, y + 16, told))
    return svg(title, f"{len(shown)} bars", _TOP * 2 + max(1, len(shown)) * _ROW, marks)
