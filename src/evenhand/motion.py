"""Looks at how things move in a segment of a video: two seconds each, ten frames a second, small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evenhand.decode.apart import Parts
from evenhand.domain import ImagePart
from evenhand.inference import movement

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPAN_S = movement.FRAMES / movement.RATE
_LEAST_S = movement.LEAST / movement.RATE
_CLOSE_S = 0.5 / movement.RATE  # clocks of containers are rounded
TOO_FEW = "how things move was not looked at: too few frames a second, or too few seconds"


def looks(start: float, end: float, every: float) -> list[float]:
    """Give the seconds at which looks begin, so that each ends within [start, end]; none where that is too short."""
    step, out = max(every, _SPAN_S), list[float]()
    while start + len(out) * step + _LEAST_S <= end - _CLOSE_S:
        out.append(start + len(out) * step)
    return out


def moving(parts: Parts, *, every: float) -> Iterator[ImagePart]:
    """Give a frame for each look at a segment, with what moves from it on as its `motion`.

    Where looks have too few frames, a note of the segment says so.

    Args:
        parts: the segment.
        every: seconds from one look to the next; less than two count as two.
    """
    end = min(parts.segment.end, parts.reader.plan.duration)
    begins = looks(parts.segment.start, end, every)
    times = [
        begin + number / movement.RATE
        for begin in begins
        for number in range(movement.FRAMES)
        if begin + number / movement.RATE <= end - _CLOSE_S
    ]
    first: ImagePart | None = None
    frames: list[NDArray[np.uint8]] = []
    last, begins = 0.0, begins[1:]

    def look() -> Iterator[ImagePart]:
        if first is None or first.origin.time is None:
            return
        alike = [frame for frame in frames if frame.shape == frames[0].shape]
        if len(alike) < movement.LEAST:
            if TOO_FEW not in parts.notes:
                parts.notes.append(TOO_FEW)
            return
        place = replace(first.origin, time=(first.origin.time[0], last))
        yield replace(first, origin=place, motion=np.stack(alike), views={})

    for part in parts.at(times, told=False) if times else ():
        moment = part.origin.time[0] if part.origin.time is not None else 0.0
        if begins and moment >= begins[0] - _CLOSE_S:
            yield from look()
            first, frames = None, []
            begins = [begin for begin in begins if begin > moment + _CLOSE_S]
        first, last = first or part, moment
        frames.append(movement.shrunk(np.asarray(part.image)))
    yield from look()
