"""Prints of whole videos, for libraries of videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.decode.apart import check_whole, open_reader, plan_recording
from evenhand.decode.media import MEDIA
from evenhand.decode.sniff import sniff
from evenhand.detectors.imagehash import hash_part
from evenhand.errors import InputError, TooLargeError
from evenhand.matching.videoprint import MOST_SECONDS, STEP_S, VideoPrint, joined
from evenhand.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evenhand.decode.media import MediaPlan


def print_video(path: Path, *, settings: Settings | None = None) -> VideoPrint:
    """Work out the print of a video file, a segment at a time.

    Args:
        path: the file.
        settings: limits; None: the defaults and the environment.

    Raises:
        TooLargeError: over a limit, or over four hours.
        InputError: it cannot be read, or holds no moving pictures.
    """
    settings = settings or Settings()
    try:
        with path.open("rb") as stream:
            media = sniff(stream.read(65_536))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path") from error
    if media is None or media not in MEDIA:
        raise InputError(f"{path} is no video; a library of videos is made from those")
    made = plan_recording(path, media, settings)
    if not made.of("video"):
        raise InputError(f"{path} holds no moving pictures; a library of videos is made from those")
    if made.duration > MOST_SECONDS:
        raise TooLargeError(f"{path} is over {MOST_SECONDS // 3600} hours long; cut it")
    return joined(_hashed(path, made, settings))


def _hashed(path: Path, made: MediaPlan, settings: Settings) -> Iterator[tuple[float, NDArray[np.uint64]]]:
    from evenhand.matching.pdq import MIN_QUALITY

    with open_reader(path, made, settings) as reader:
        for segment in made.segments:
            count = int(max(0.0, segment.end - segment.start) / STEP_S) + 1
            first = -int(-segment.start // STEP_S)  # on the grid of the whole
            times = [(first + n) * STEP_S for n in range(count) if (first + n) * STEP_S < segment.end]
            parts = reader.segment(segment.number)
            for part in parts.at(times):
                hashed = hash_part(part)
                if hashed.quality >= MIN_QUALITY and part.origin.time is not None:
                    yield part.origin.time[0], hashed.turns[0]
            check_whole(parts)
