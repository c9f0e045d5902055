"""What all plots share: numbers as people read them, ticks, and the frame with its title."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH = 640.0  # user units; the page scales them


def number(value: float) -> str:
    """Write a number shortly: 1,250; 0.125; 12.5k."""
    if abs(value) >= 100_000:
        return f"{value / 1_000_000:.3g}M" if abs(value) >= 1_000_000 else f"{value / 1_000:.3g}k"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}"


def ticks(most: float, *, least: float = 0.0, count: int = 4) -> tuple[float, ...]:
    """Give round values from at or below `least` to at or above `most`; two at least."""
    span = max(most - least, 1e-9)
    step = 10 ** math.floor(math.log10(span / count))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if span / (step * factor) <= count)
    first = math.floor(least / step) * step
    steps = max(1, math.ceil(round((most - first) / step, 9)))
    return tuple(round(first + step * place, 12) for place in range(steps + 1))


def svg(title: str, description: str, height: float, marks: Sequence[str]) -> str:
    """Give the whole picture, with a name and a description for who cannot see it."""
    return (
        f'<svg class="plot" role="img" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'aria-label="{escape(f"{title}. {description}".strip(" ."))}">{"".join(marks)}</svg>'
    )


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    """Give a label; what is in it is escaped."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def shortened(words: str, most: int) -> str:
    """Give words cut to a number of characters."""
    return words if len(words) <= most else words[: most - 1] + "…"
