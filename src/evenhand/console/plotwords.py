"""Plots in the visitor's language: names that are the console's own are translated, those of labels and people stay."""

from __future__ import annotations

import re
from html import escape, unescape

from markupsafe import Markup

from evenhand.console.i18n import N_, translate
from evenhand.domain import Action

_NAMES = (
    N_("decisions"),
    N_("people among themselves"),
    N_("people with the machine"),
    N_("none is named"),
    N_("Decisions by day"),
    N_("Share of each action by day"),
    N_("Contents by label"),
    N_("Precision by label"),
    N_("Drift of scores by label"),
    N_("Age of the oldest item by queue"),
    N_("Agreement"),
    N_("Seconds spent by detector"),
    N_("Error rate by kind of group named"),
)
_OWN = frozenset({*_NAMES, *(action.value for action in Action)})
# A name is all of a text, or what stands before its first colon, comma or full stop: "block, 2026-11-24: 0.2".
_PLACES = re.compile(r'(<(?:text|title)\b[^>]*>|aria-label=")([^<>",:.]+)')


def plot_in(language: str, svg: str) -> Markup:
    """Give a plot with its own names translated.

    Args:
        language: of the visitor.
        svg: drawn by `evenhand.plots`, in which what is written is escaped.
    """
    return Markup(_PLACES.sub(lambda found: found[1] + _named(language, found[2]), svg))  # noqa: S704  (drawn here)


def _named(language: str, name: str) -> str:
    return escape(translate(language, unescape(name))) if unescape(name) in _OWN else name
