"""Looks at long pictures in overlapping stretches: squeezed into one square, what they show would be lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from evenhand.domain import ImagePart
from evenhand.domain.location import Box
from evenhand.inference.pictures import MIN_SIDE, WORKING_SIDE, to_original, working_copy

LONG = 3.0  # long side over short side from which a picture is looked at in stretches: strips, banners, collages
MOST = 16  # a page of 1,280 x 30,000 px is then looked at in pieces of 1,280 x 2,400
_SHAPE = 1.5  # long side over short side of a stretch, where MOST allows
_LEAST = 96  # px of a stretch's long side, or nearly: smaller ones would only be blown up, and letters look like faces
_OVERLAP = 0.25  # share of a stretch that the next one repeats, so that a figure on the seam is whole in one of them

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of a picture that is looked at by itself, or the whole of it."""

    picture: int  # index of the picture among those given
    part: ImagePart  # the piece, as a picture
    area: tuple[int, int, int, int]  # what the piece shows, in pixels of the decoded picture
    whole: ImagePart  # the picture that it is a piece of

    @property
    def scale(self) -> float:
        """Pixels of the decoded picture for one of the piece's working copy."""
        return (self.area[2] - self.area[0]) / working_copy(self.part).width

    @property
    def box(self) -> Box | None:
        """Where the piece is in the decoded picture, in pixels; None: it is the whole of it."""
        return None if self.part is self.whole else self.to_picture((0.0, 0.0, 1.0, 1.0))

    def to_picture(self, box: Box) -> Box:
        """Map a box in fractions of the stretch to pixels of the decoded picture, clipped there."""
        x, y = self.area[:2]
        width, height = self.area[2] - x, self.area[3] - y
        there = (box[0] * width + x, box[1] * height + y, box[2] * width + x, box[3] * height + y)
        return to_original(self.whole, there, size=self.whole.size)


def stretches(parts: Sequence[ImagePart]) -> list[Stretch]:
    """Give what is to be looked at, in the order of the pictures: most pictures whole, long ones in up to 16 stretches.

    Pieces are cut from the decoded picture, whose working copy would be a few pixels wide. Pictures less than 8 px high
    or wide give none: nothing can be seen on them.
    """
    return [stretch for i, part in enumerate(parts) for stretch in _cut(i, part)]


def by_picture(
    parts: Sequence[ImagePart], look: Callable[[Sequence[Stretch]], Sequence[T]], *, batch: int
) -> list[list[T]]:
    """Look at all stretches of all pictures, some at a time.

    Args:
        parts: the pictures.
        look: gives one answer for each stretch, in order.
        batch: most stretches in one call of `look`.

    Returns:
        For each picture the answers for its stretches, in order.
    """
    seen: list[list[T]] = [[] for _ in parts]
    every = stretches(parts)
    for start in range(0, len(every), batch):
        together = every[start : start + batch]
        for stretch, answer in zip(together, look(together), strict=True):
            seen[stretch.picture].append(answer)
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What of some pictures is looked at where every look costs much."""

    pieces: tuple[Stretch, ...]  # in the order of the pictures
    partial: Mapping[int, str]  # index of a picture -> what of it is not looked at, for people


def sampled(parts: Sequence[ImagePart], most: int) -> Seen:
    """Give the stretches of each picture, of a long one at most `most`, evenly spread, first and last included."""
    pieces, partial = [], {}
    for place, part in enumerate(parts):
        every = _cut(place, part)
        kept = every
        if len(every) > most:
            kept = [every[round(i * (len(every) - 1) / max(most - 1, 1))] for i in range(most)]
            partial[place] = f"only {most} of {len(every)} pieces of the long picture were looked at; raise max_pieces"
        pieces += kept
    return Seen(pieces=tuple(pieces), partial=partial)


def _cut(index: int, part: ImagePart) -> list[Stretch]:
    width, height = part.size
    long, short = max(width, height), min(width, height)
    if short < MIN_SIDE:
        return []
    if long <= LONG * short:
        return [Stretch(picture=index, part=part, area=(0, 0, width, height), whole=part)]
    count = min(MOST, ceil(long / short / _SHAPE), ceil(long / _LEAST))
    side = long / (count - (count - 1) * _OVERLAP)
    out = []
    for i in range(count):
        begin = round(i * side * (1 - _OVERLAP))
        end = min(long, round(begin + side)) if i + 1 < count else long
        area = (begin, 0, end, short) if width > height else (0, begin, short, end)
        piece = part.image.crop(area)
        factor = max(piece.size) // WORKING_SIDE
        # All pieces are held at once, so each is kept no larger than detectors look at, or nearly.
        piece = piece.reduce(factor) if factor > 1 else piece
        if min(piece.size) >= MIN_SIDE:
            out.append(Stretch(picture=index, part=ImagePart(image=piece, origin=part.origin), area=area, whole=part))
    return out
