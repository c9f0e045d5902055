"""Filters of templates: how moments, shares and sizes are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any


def when(moment: datetime | str | None) -> str:
    """Write a moment, in UTC to the minute; "" for none."""
    if not moment:
        return ""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def iso(moment: datetime | str | None) -> str:
    """Write a moment for machines; "" for none."""
    if not moment:
        return ""
    return moment if isinstance(moment, str) else moment.astimezone(UTC).isoformat()


def percent(share: float | None) -> str:
    """Write a share in [0, 1] as a percentage; "–" for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def score(value: float | None) -> str:
    """Write a score with two digits; "–" for none."""
    return "–" if value is None else f"{value:.2f}"


def count(number: float | None) -> str:
    """Write a count with separators; "–" for none."""
    return "–" if number is None else f"{number:,.0f}"


def duration(seconds: float | None) -> str:
    """Write a time span in its largest two units; "–" for none."""
    if seconds is None:
        return "–"
    left = round(abs(seconds))
    written = list[str]()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        whole, left = divmod(left, size)
        if whole:
            written.append(f"{whole} {unit}")
        elif written:
            break
    return ("-" if seconds < 0 else "") + (" ".join(written[:2]) or "0 s")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "when": when,
    "iso": iso,
    "percent": percent,
    "score": score,
    "count": count,
    "duration": duration,
}
