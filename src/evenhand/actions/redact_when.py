"""When and where a recording is covered: what was found at some moments, drawn out to the time between them.

Only some frames of a video are looked at. Between two of them that show the same thing in two places, all that lies
between the places is covered, and some more around it; before the first and after the last, where it
may have been on its way, for as long as nobody looked.
So more is covered than needed rather than less. Looking more often (EVENHAND_FRAME_INTERVAL_S) makes it tighter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot

from evenhand.domain import Finding, Source
from evenhand.domain.location import Box, TimeRange, union

_SEEN = frozenset({Source.FRAME, Source.IMAGE})
_READ = frozenset({Source.OCR, Source.CODE})
_WORD_S = 0.15  # times of spoken words are about this exact
_LOOSE = 0.25  # share of a box's longer side by which it grows where nobody looked
_LETTERS, _CODE = 0.5, 0.1  # share of the height of words, and of codes, by which they grow: captions move a little
_REACH = 3.0  # sides of a box that a thing may have moved from one look to the next
_ROUND_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A region of a video for some time."""

    start: float  # seconds
    end: float
    box: Box | None  # pixels of the frame as looked at; None: all of it
    solid: bool = False  # words and codes: in black whatever the style


def regions_in_time(findings: Iterable[Finding], *, interval: float) -> list[Covered]:
    """Give what is covered, in the order of its beginning.

    Args:
        findings: those to be covered; what was heard is left out.
        interval: longest time between two looks, seconds.
    """
    out, groups = [], defaultdict(list)
    for finding in findings:
        place = finding.location
        if place.time is None or place.source not in _SEEN | _READ:
            continue
        begin, end = place.time[0] - interval - _ROUND_S, place.time[1] + interval + _ROUND_S
        if place.box is None:
            out.append(Covered(start=begin, end=end, box=None))
        elif place.source in _READ:
            share = _LETTERS if place.source is Source.OCR else _CODE
            box = _grown(place.box, share * (place.box[3] - place.box[1]))
            out.append(Covered(start=begin, end=end, box=box, solid=True))
        else:
            groups[finding.label, finding.detector, finding.library].append((place.time, place.box))
    for group in groups.values():
        out += _tracked(sorted(group), interval)
    return sorted(out, key=lambda one: one.start)


def sounds_in_time(findings: Iterable[Finding]) -> list[TimeRange]:
    """Give the stretches in which the sound is taken away, in order and apart."""
    spans = []
    for finding in findings:
        place = finding.location
        if place.time is not None and place.source in {Source.SPEECH, Source.AUDIO}:
            more = _WORD_S if place.source is Source.SPEECH else 0.0
            spans.append((max(0.0, place.time[0] - more), place.time[1] + more))
    out: list[TimeRange] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((begin, end))
    return out


def _tracked(seen: list[tuple[TimeRange, Box]], interval: float) -> list[Covered]:
    """Join what was seen from look to look."""
    longest = 1.5 * interval + _ROUND_S
    out, before = [], dict[int, int]()
    for number, (time, box) in enumerate(seen):
        out.append(Covered(start=time[0] - _ROUND_S, end=time[1] + _ROUND_S, box=box))
        after, loose = _next(seen, number, longest), _loose(box)
        if number not in before:
            path = [loose] if after is None else [loose, _onward(seen[after], seen[number], interval)]
            out.append(Covered(start=time[0] - interval - _ROUND_S, end=time[0], box=union(path)))
        if after is not None:
            before[after] = number
            out.append(Covered(start=time[1], end=seen[after][0][0], box=union([loose, _loose(seen[after][1])])))
        else:
            path = [loose] if number not in before else [loose, _onward(seen[before[number]], seen[number], interval)]
            out.append(Covered(start=time[1], end=time[1] + interval + _ROUND_S, box=union(path)))
    return out


def _onward(one: tuple[TimeRange, Box], other: tuple[TimeRange, Box], interval: float) -> Box:
    """Give where a thing is an interval after it was at the second place, if it goes on as it went there."""
    seconds = max(abs(other[0][0] - one[0][0]), _ROUND_S)
    step = min(2.0, interval / seconds)
    across, down = (step * (other[1][n] + other[1][n + 2] - one[1][n] - one[1][n + 2]) / 2 for n in (0, 1))
    box = other[1]
    return _loose((box[0] + across, box[1] + down, box[2] + across, box[3] + down))


def _loose(box: Box) -> Box:
    return _grown(box, _LOOSE * max(box[2] - box[0], box[3] - box[1]))


def _next(seen: list[tuple[TimeRange, Box]], number: int, longest: float) -> int | None:
    """Give the same thing at the following look: the nearest box of those that it may have moved to."""
    time, box = seen[number]
    best: tuple[float, float, int] | None = None
    for other in range(number + 1, len(seen)):
        begin = seen[other][0][0]
        if begin <= time[1] + _ROUND_S / 2:
            continue
        if begin - time[1] > longest or (best is not None and begin > best[0] + _ROUND_S / 2):
            break
        away = _distance(box, seen[other][1])
        if away <= _REACH * max(box[2] - box[0], box[3] - box[1]) and (best is None or away < best[1]):
            best = (begin, away, other)
    return None if best is None else best[2]


def _distance(one: Box, other: Box) -> float:
    return hypot((one[0] + one[2] - other[0] - other[2]) / 2, (one[1] + one[3] - other[1] - other[3]) / 2)


def _grown(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
