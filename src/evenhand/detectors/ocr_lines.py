"""Joining the lines of a picture into one text: order of reading, lines that run at an angle, repeated watermarks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from evenhand.domain import Location, Mark, Source, TextPart
from evenhand.domain.location import Box, union
from evenhand.inference.textlines import Line

_LEVEL = 2.0  # degrees; lines that run this straight are sorted by their boxes as they are
_BAND = 20.0  # degrees; lines within this of each other run the same way
_ASKED = 200  # lines that are asked for their angle, the longest
_SLENDER = 0.6  # height over length; squarer lines (a word, a sign) say little about the angle
_TILES = 3  # times that the same words stand in a picture, from which they are a pattern and said once
_TILE_LETTERS = 4  # letters of such words; Chinese characters count twice


def as_text(lines: Sequence[Line], origin: Location) -> TextPart:
    """Join lines in reading order: one below the other by a line break, side by side and close by a space.

    The order is taken along the way in which most of the text runs, so a page on its side or head reads from its own
    top. Words repeated over a picture as a watermark are given once.
    """
    lines = once(lines)
    text, marks = "", []
    previous: Box | None = None
    for line, level in reading_order(lines):
        if previous is not None:
            text += " " if _beside(previous, level) else "\n"
        at = len(text)
        marks += [Mark(start=at + w.start, end=at + w.end, box=w.box, score=line.confidence) for w in line.words]
        text, previous = text + line.text, level
    place = replace(origin, source=Source.OCR, box=union([line.box for line in lines]))
    return TextPart(text=text, origin=place, marks=tuple(marks))


def once(lines: Sequence[Line]) -> Sequence[Line]:
    """Drop the repeats of words that stand three times or more, and fragments of them: a watermark cut by the edge.

    Numbers may stand in a table as often as they like.
    """
    keys = [_key(line.text) for line in lines]
    tiles = {key for key, times in Counter(keys).items() if times >= _TILES and _long(key)}
    tiles = {tile for tile in tiles if not any(tile != other and tile in other for other in tiles)}
    if not tiles:
        return lines
    kept, seen = [], set[str]()
    for line, key in sorted(zip(lines, keys, strict=True), key=lambda pair: pair[1] not in tiles):
        if key in tiles and key not in seen:
            seen.add(key)
        elif key in tiles or _made_of(key, tiles):
            continue
        kept.append(line)
    return kept


def reading_order(lines: Sequence[Line]) -> list[tuple[Line, Box]]:
    """Sort by rows from the top, and within a row from the left; a row is what overlaps by half its height.

    Returns:
        Each line with its box on the levelled page.
    """
    angle = direction(lines)
    levelled = [(line, _levelled(line, angle)) for line in lines] if angle else [(line, line.box) for line in lines]
    rows: list[list[tuple[Line, Box]]] = []
    for line, box in sorted(levelled, key=lambda pair: pair[1][1] + pair[1][3]):
        middle = (box[1] + box[3]) / 2
        first = rows[-1][0][1] if rows else None
        if first is not None and middle < first[3] - (first[3] - first[1]) * 0.25 and _similar(first, box):
            rows[-1].append((line, box))
        else:
            rows.append([(line, box)])
    return [pair for row in rows for pair in sorted(row, key=lambda pair: pair[1][0])]


def direction(lines: Sequence[Line]) -> float:
    """Give the angle at which most of the text runs, in degrees clockwise from left to right; 0 when it is level."""
    told = [(line.angle, len(line.text)) for line in lines if line.slim <= _SLENDER]
    told = sorted(told, key=lambda one: -one[1])[:_ASKED]
    if not told:
        return 0.0
    best = max(told, key=lambda one: sum(weight for angle, weight in told if abs(_apart(angle, one[0])) <= _BAND))[0]
    near = sorted((_apart(angle, best), weight) for angle, weight in told if abs(_apart(angle, best)) <= _BAND)
    half, so_far = sum(weight for _, weight in near) / 2, 0
    for offset, weight in near:
        so_far += weight
        if so_far >= half:
            angle = (best + offset) % 360
            return 0.0 if abs(_apart(angle, 0.0)) <= _LEVEL else angle
    return 0.0


def _levelled(line: Line, angle: float) -> Box:
    """Give the box of a line on a page turned back by `angle`."""
    x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
    width, height = line.box[2] - line.box[0], line.box[3] - line.box[1]
    own = math.radians(line.angle)
    cos, sin = abs(math.cos(own)), abs(math.sin(own))
    # The box of a stretch `long` by `slim * long` at its angle: whichever side tells more gives the length.
    long = max(width, height) / max(cos + line.slim * sin, sin + line.slim * cos)
    turn, back = math.radians(line.angle - angle), math.radians(-angle)
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    if line.slim > _SLENDER or abs(_apart(line.angle, angle)) <= _BAND:
        cos, sin = 1.0, 0.0
    across, down = long * (cos + line.slim * sin) / 2, long * (sin + line.slim * cos) / 2
    middle_x, middle_y = x * math.cos(back) - y * math.sin(back), x * math.sin(back) + y * math.cos(back)
    return (middle_x - across, middle_y - down, middle_x + across, middle_y + down)


def _apart(one: float, other: float) -> float:
    return (one - other + 180) % 360 - 180


def _similar(one: Box, other: Box) -> bool:
    heights = (one[3] - one[1], other[3] - other[1])
    return max(heights) <= 2 * max(min(heights), 1.0)


def _beside(left: Box, right: Box) -> bool:
    height = max(left[3] - left[1], right[3] - right[1])
    overlap = min(left[3], right[3]) - max(left[1], right[1])
    upright = all(box[2] - box[0] >= (box[3] - box[1]) / 2 for box in (left, right))  # no lines turned by 90 degrees
    return upright and overlap > height / 2 and -height < right[0] - left[2] < 2 * height


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _long(key: str) -> bool:
    if not any(c.isalpha() for c in key):
        return False
    return sum(2 if c >= "\u2e80" else 1 for c in key) >= _TILE_LETTERS


def _made_of(key: str, tiles: set[str]) -> bool:
    """Say whether a line is a piece of a tile, or tiles and a piece: cut by the edge, or two read as one line."""
    rest = key
    for tile in tiles:
        rest = rest.replace(tile, "")
    if rest == key and not any(c >= "\u2e80" or (c.isalpha() and len(key) > 2) for c in key):
        return False  # digits and single letters may stand for themselves
    return not rest or any(rest in tile for tile in tiles)
