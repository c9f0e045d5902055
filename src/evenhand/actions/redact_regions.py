"""Which findings are covered, and where they are in the file's own pixels and frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evenhand.domain import TAXONOMY, Finding, ImagePart, Source
from evenhand.domain.labels import is_under
from evenhand.domain.location import Box
from evenhand.errors import InputError

HARM = "harm"  # stands for every label that is a harm, an operator's own too, and for known.black
ALL = "all"  # stands for every label
_PICTURE = frozenset({Source.IMAGE, Source.FRAME, Source.OCR, Source.CODE})
_READABLE = frozenset({Source.OCR, Source.CODE})
_LEAST_MARGIN = 3.0  # px of the picture as decoded: edges of letters and of boxes are soft


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What is covered, in pixels of the picture as decoded."""

    box: Box | None = None  # None: the whole picture
    frame: int | None = None  # as in Location; None: every frame
    solid: bool = False  # words and codes: covered in black whatever the style, since a summary of them can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One frame that detectors looked at."""

    frame: int | None  # None: a still
    size: tuple[int, int]  # pixels, as decoded


def is_chosen(finding: Finding, labels: Sequence[str], least_score: float) -> bool:
    """Say whether a finding is to be covered.

    Args:
        finding: of the result.
        labels: labels, each with all below it; "harm" and "all" stand for many.
        least_score: in [0, 1].
    """
    return finding.score >= least_score and any(_names(label, finding.label) for label in labels)


def _names(wanted: str, label: str) -> bool:
    if wanted == ALL or is_under(label, wanted):
        return True
    if wanted != HARM:
        return False
    info = TAXONOMY.get(label)
    return label == "known.black" or (info.harm if info else TAXONOMY[label.partition(".")[0]].harm)


def regions_of(findings: Iterable[Finding]) -> list[Region]:
    """Give the regions of findings in a picture; one without a box is the whole picture or frame."""
    return [
        Region(box=finding.location.box, frame=finding.location.frame, solid=finding.location.source in _READABLE)
        for finding in findings
        if finding.location.source in _PICTURE
    ]


def looked_at(parts: Iterable[object]) -> list[Looked]:
    """Give each frame that was looked at once, in order; a still gives one with frame None."""
    sizes = {part.origin.frame: part.size for part in parts if isinstance(part, ImagePart)}
    return [Looked(frame=frame, size=size) for frame, size in sizes.items()]


def check_box(box: Box, size: tuple[int, int]) -> Box:
    """Give a box that a caller wrote down, checked: a wrong one would leave something uncovered in silence.

    Args:
        box: x0, y0, x1, y1.
        size: width and height of the picture as decoded, in which boxes of findings count.

    Raises:
        InputError: not numbers in order, or outside the picture by more than a pixel.
    """
    x0, y0, x1, y1 = box
    inside = all(map(math.isfinite, box)) and -1 <= x0 < x1 <= size[0] + 1 and -1 <= y0 < y1 <= size[1] + 1
    if not inside:
        raise InputError(
            f"the box {', '.join(f'{value:g}' for value in box)} does not lie in the picture, in which boxes count "
            f"{size[0]} x {size[1]} pixels; give left, top, right, bottom as in the findings"
        )
    return box


def frames_of(region: Region, looked: Sequence[Looked], total: int) -> range:
    """Say on which frames of the file a region is covered.

    A frame that nobody looked at, or that repeats another, may show the same. So a finding holds from just behind the
    frame looked at before it until just before the one looked at after it.

    Args:
        region: its frame is one of those looked at, or None.
        looked: frames that were looked at, in order.
        total: frames of the file.

    Raises:
        InputError: the frame was not looked at.
    """
    if region.frame is None or looked[0].frame is None:
        return range(total)
    numbers = [look.frame for look in looked if look.frame is not None]
    if region.frame not in numbers:
        raise InputError(f"frame {region.frame} was not looked at; those that were: {', '.join(map(str, numbers))}")
    at = numbers.index(region.frame)
    before = numbers[at - 1] + 1 if at else 0
    after = numbers[at + 1] if at + 1 < len(numbers) else total
    return range(before, after)


def area(region: Region, seen: tuple[int, int], full: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """Give a region in whole pixels of a frame of the file, grown by the margin and cut at the edges.

    Args:
        region: in pixels of `seen`.
        seen: width and height as decoded.
        full: width and height of the file's frame, upright.
        margin: share of the box's shorter side by which it grows on each side.

    Returns:
        left, top, right, bottom; at least one pixel each way.
    """
    if region.box is None:
        return (0, 0, *full)
    x0, y0, x1, y1 = region.box
    grow = max(_LEAST_MARGIN, margin * min(x1 - x0, y1 - y0))
    across, down = full[0] / seen[0], full[1] / seen[1]
    left = min(max(0, math.floor((x0 - grow) * across)), full[0] - 1)
    top = min(max(0, math.floor((y0 - grow) * down)), full[1] - 1)
    right, bottom = math.ceil((x1 + grow) * across), math.ceil((y1 + grow) * down)
    return left, top, max(left + 1, min(right, full[0])), max(top + 1, min(bottom, full[1]))
