"""Looks at long pictures in overlapping stretches: squeezed into one square, what they show would be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from evenhand.domain import ImagePart
from evenhand.domain.location import Box
from evenhand.inference.pictures import MIN_SIDE, to_original, working_copy

LONG = 3.0  # long side over short side from which a picture is looked at in stretches: strips, banners, collages
MOST = 8
_SHAPE = 1.5  # long side over short side of a stretch, where MOST allows
_OVERLAP = 0.25  # share of a stretch that the next one repeats, so that a figure on the seam is whole in one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of a picture that is looked at by itself, or the whole of it."""

    picture: int  # index of the picture among those given
    part: ImagePart  # the piece, as a picture
    corner: tuple[float, float]  # where its upper left pixel is in the working copy
    whole: ImagePart  # the picture that it is a piece of

    def to_picture(self, box: Box) -> Box:
        """Map a box in fractions of the stretch to pixels of the decoded picture, clipped there."""
        (width, height), (x, y) = self.part.size, self.corner
        there = (box[0] * width + x, box[1] * height + y, box[2] * width + x, box[3] * height + y)
        size = self.whole.size if self.part is self.whole else working_copy(self.whole).size
        return to_original(self.whole, there, size=size)


def stretches(parts: Sequence[ImagePart]) -> list[Stretch]:
    """Give what is to be looked at, in the order of the pictures: most pictures whole, long ones in up to 8 stretches.

    Pictures whose working copy is less than 8 px high or wide give none: nothing can be seen on them.
    """
    return [stretch for i, part in enumerate(parts) for stretch in _cut(i, part)]


def _cut(index: int, part: ImagePart) -> list[Stretch]:
    width, height = part.size
    if max(width, height) <= LONG * min(width, height):
        seen = min(width, height) >= MIN_SIDE
        return [Stretch(picture=index, part=part, corner=(0.0, 0.0), whole=part)] if seen else []
    image = working_copy(part)
    long, short = max(image.size), min(image.size)
    if short < MIN_SIDE:
        return []
    count = min(MOST, ceil(long / short / _SHAPE))
    side = long / (count - (count - 1) * _OVERLAP)
    out = []
    for i in range(count):
        begin = round(i * side * (1 - _OVERLAP))
        end = min(long, round(begin + side)) if i + 1 < count else long
        area = (begin, 0, end, short) if width > height else (0, begin, short, end)
        piece = ImagePart(image=image.crop(area), origin=part.origin)
        out.append(Stretch(picture=index, part=piece, corner=(float(area[0]), float(area[1])), whole=part))
    return out
