"""Which frames of a segment are looked at: keyframes and changes of scene first, and never none for long.

Chosen from the packets alone, before anything is decoded. Encoders put keyframes at cuts; those that do not, still need
far more bytes for the first frame of a new scene than for the frames around it. Smaller things cannot be told from
packets: over footage that moves, a code or a caption that appears changes their sizes less than the movement does. So
where keyframes are too far apart, what lies between them is decoded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

_SPIKE = 3.0  # times the size that four fifths of the frames around it stay under, from which a new scene begins
_AROUND = 12  # frames on each side that are compared
_LEAST_BYTES = 2_000  # frames of almost nothing differ by large factors and show nothing new
_WHOLE = 0.4  # share of a keyframe's bytes that a frame with a new picture takes at least
_ROUNDED = 0.01  # clocks of containers are rounded
_EQUAL_S = 0.001
_LOOSE = 0.05  # share by which an interval may be longer, for 23.976 frames a second and the like
_CLOSEST_S = 0.4  # frames that follow each other faster show little more


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A frame as coded: what the container says of it."""

    time: float  # seconds
    size: int  # bytes
    key: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A moment at which a frame is decoded."""

    time: float  # seconds
    sure: bool  # False: shown to the detectors only if it is of another scene than the frame before it


def choose(
    frames: Sequence[Coded], *, start: float, end: float, interval: float, keyframes: float | None = None
) -> list[Look]:
    """Give the moments at which to look, in order.

    Args:
        frames: of one stretch, in the order of their times.
        start: where the stretch begins, seconds.
        end: where it ends; frames outside are not chosen.
        interval: longest time between two sure looks, as far as there are frames, seconds.
        keyframes: the same where a keyframe serves, which costs little; None or longer: as `interval`.

    Returns:
        The first frame, changes of scene, so many keyframes that they are no further apart than `keyframes` where there
        are such, and so many frames between that no two sure looks are further apart than `interval`. Keyframes
        that are left over are looks which are not sure. Keyframes and scenes closer than 0.4 s are left out.
    """
    inside = [frame for frame in frames if start <= frame.time < end]
    if not inside:
        return []
    closest = min(_CLOSEST_S, interval)
    scenes = scene_starts(inside)
    marks = [Look(inside[0].time, True)]
    for place, frame in enumerate(inside[1:], 1):
        if (frame.key or place in scenes) and frame.time - marks[-1].time >= closest - _EQUAL_S:
            marks.append(Look(frame.time, place in scenes))
    chosen = _thinned(marks, inside[-1].time, min(interval, keyframes or interval))
    sure = set(_filled(chosen, [frame.time for frame in inside], interval))
    glances = {mark.time for mark in marks}
    return [Look(time, time in sure) for time in sorted(sure | glances)]


def _thinned(marks: Sequence[Look], last: float, interval: float) -> list[float]:
    """Leave out keyframes where the next one comes within the interval of the one kept before."""
    chosen = [marks[0].time]
    for mark, following in pairwise([*marks[1:], Look(last, True)]):
        late = following.time - chosen[-1] > interval * (1 + _LOOSE) + _ROUNDED
        if mark.sure or late:
            chosen.append(mark.time)
    return chosen


def scene_starts(frames: Sequence[Coded]) -> frozenset[int]:
    """Give the places of frames that are no keyframes and far larger than the others around them."""
    found = set()
    sizes = [frame.size for frame in frames]
    whole = 0
    for place, frame in enumerate(frames):
        whole = frame.size if frame.key else whole
        if frame.key or frame.size < max(_LEAST_BYTES, _WHOLE * whole):
            continue
        low = max(0, place - _AROUND)
        around = sorted(
            sizes[other] for other in range(low, min(len(frames), place + _AROUND + 1)) if not frames[other].key
        )
        if frame.size >= _SPIKE * around[len(around) * 4 // 5 - (len(around) > 4)]:
            found.add(place)
    return frozenset(found)


def between(times: Sequence[float], known: Sequence[float], *, most: int) -> list[float]:
    """Give times for a closer look: half way between each suspicious time and its neighbours.

    Args:
        times: suspicious ones, those worth most first.
        known: all times already looked at, in order.
        most: how many are given at most.
    """
    closer: list[float] = []
    for moment in times:
        before = max((other for other in known if other < moment), default=None)
        after = min((other for other in known if other > moment), default=None)
        near = [other for other in (before, after) if other is not None and abs(other - moment) > 2 * _CLOSEST_S]
        closer += [(moment + other) / 2 for other in near]
    return sorted(dict.fromkeys(closer[:most]))


def _filled(chosen: list[float], times: Sequence[float], interval: float) -> list[float]:
    """Add frames evenly, so that no gap is longer than `interval`, as far as there are frames."""
    out = set(chosen)
    for begin, stop in pairwise(chosen):
        steps = ceil((stop - begin) / interval - _LOOSE - _ROUNDED)
        for step in range(1, steps):
            # The frame that is on the screen at that moment.
            out.add(times[bisect_right(times, begin + step * (stop - begin) / steps + _ROUNDED) - 1])
    last = chosen[-1]
    while times[-1] - last > interval + _ROUNDED:
        place = bisect_right(times, last)
        last = times[max(place, bisect_right(times, last + interval + _ROUNDED) - 1)]
        out.add(last)
    return sorted(out)
