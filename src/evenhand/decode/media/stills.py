"""The frames of a recording at given moments, for people to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evenhand.decode.media.values import MediaPlan, MediaSource
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

_NEAR_S = 0.001


def stills(
    source: MediaSource, plan: MediaPlan, settings: Settings, times: Sequence[float]
) -> Iterator[tuple[float, Image]]:
    """Give the frame that is shown at, or next after, each moment; one frame and one segment are held at a time.

    Args:
        source: what the plan was made of.
        plan: of the recording.
        settings: limits.
        times: seconds from the start of the recording, in any order. Those at which no frame can be decoded are left
            out, and so are all of them where there are no moving pictures.

    Yields:
        The moment that was asked for and the frame, RGB, upright, at most 1,600 px long; in order of time.

    Raises:
        InputError: the file cannot be read any more.
    """
    from evenhand.decode.apart import open_reader  # (which is built on this package)

    wanted = sorted(dict.fromkeys(times))
    if not plan.of("video") or not wanted:
        return
    last = plan.segments[-1].number
    with open_reader(source, plan, settings) as reader:
        for segment in plan.segments:
            inside = [t for t in wanted if (t >= segment.start or not segment.number)]
            inside = [t for t in inside if t < segment.end or segment.number == last]
            if not inside:
                continue
            left = list(inside)
            for part in reader.segment(segment.number).at(inside):
                moment = part.origin.time[0] if part.origin.time else left[0]
                while left and left[0] <= moment + _NEAR_S:
                    yield left.pop(0), part.image
                if not left:
                    break
