"""Plots as SVG, made on the server: they take their colours from the page, and each tells a screen reader what it is.

A plot never stands alone: whoever shows one shows the table that it was drawn from beside it.
"""

from evenhand.plots.bars import bars
from evenhand.plots.lines import Series, lines

__all__ = ["Series", "bars", "lines"]
