"""How the evidence of a decision is laid out on the page of an item: one list to step through, one timeline."""

from __future__ import annotations

from typing import Any

from evenhand.console.i18n import N_

_MOST = 300  # findings and incidents that a page shows, strongest first
_LANES = (N_("seen"), N_("read"), N_("heard"), N_("said"), N_("captioned"))


def evidence_of(decision: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the findings of a result document as a list of places: boxes in pixels, times in seconds, spans, words."""
    out = []
    for number, one in enumerate((decision.get("findings") or [])[:_MOST]):
        where = one["location"]
        box, time = where.get("box"), where.get("time")
        out.append(
            {
                "number": number,
                "label": one["label"],
                "score": one["score"],
                "detector": one["detector"],
                "why": one["reason"],
                "source": where["source"],
                "words": where.get("text"),
                "span": where.get("span") if where["source"] == "text" else None,
                "box": None if box is None else [box[0], box[1], max(1, box[2] - box[0]), max(1, box[3] - box[1])],
                "time": time,
                "at": None if not time else clock(time[0]),
                "frame": where.get("frame"),
            }
        )
    return out


def timeline_of(decision: dict[str, Any]) -> dict[str, Any] | None:
    """Give the incidents of a recording on one timeline of 1,000 units; None: it is no recording."""
    media = decision.get("media")
    if not media:
        return None
    incidents = (decision.get("incidents") or [])[:_MOST]
    seconds = max(
        [float(media.get("duration") or media.get("seconds") or 0), *(one["end"] for one in incidents), 0.001]
    )
    shown = []
    for number, one in enumerate(incidents):
        left = 1_000 * one["start"] / seconds
        shown.append(
            {
                **one,
                "number": number,
                "x": round(left, 1),
                "width": round(max(4.0, 1_000 * (one["end"] - one["start"]) / seconds), 1),
                "lanes": [_LANES.index(name) for name in one["modalities"] if name in _LANES],
                "from": clock(one["start"]),
                "to": clock(one["end"]),
                "words": [
                    finding["location"]["text"] for finding in one["findings"] if finding["location"].get("text")
                ][:3],
            }
        )
    return {"seconds": seconds, "length": clock(seconds), "incidents": shown, "lanes": _LANES}


def clock(seconds: float) -> str:
    """Write a moment of a recording, e.g. `1:02:03` or `2:03.5`."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest // 10:02d}"
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"
