"""A video as a row of picture hashes with their times, after Meta's vPDQ: what a library of videos holds of a sample.

Two frames a second are hashed (PDQ). Flat and blank ones are left out, for they resemble each other whatever the video.
Frames in a row that hardly differ are one entry that lasts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK = "v1:"
STEP_S = 0.5  # seconds from one hashed frame to the next
MOST_SECONDS = 4 * 3_600
LEAST = 3  # different entries of a sample; one with fewer is a picture, and a library of pictures finds it
_ALIKE = 16  # bits that frames of one entry differ at most from its first
_ROW = np.dtype([("start", "<u4"), ("end", "<u4"), ("hash", "<u8", (4,))])  # milliseconds, PDQ


@dataclass(frozen=True, slots=True, eq=False)
class VideoPrint:
    """The hashes of a video, in order of time."""

    times: NDArray[np.float64]  # [n, 2], seconds at which an entry begins and at which its last frame was seen
    hashes: NDArray[np.uint64]  # [n, 4], PDQ

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.times)

    @property
    def seconds(self) -> float:
        """How much of the video is hashed: the length of all entries."""
        return float((self.times[:, 1] - self.times[:, 0] + STEP_S).sum())


def joined(frames: Iterable[tuple[float, NDArray[np.uint64]]]) -> VideoPrint:
    """Make a print of hashed frames.

    Args:
        frames: seconds and PDQ hash, uint64 [4], in order of time; flat ones left out.
    """
    times: list[list[float]] = []
    hashes: list[NDArray[np.uint64]] = []
    for moment, words in frames:
        follows = bool(times) and moment - times[-1][1] <= 2.5 * STEP_S
        if follows and int(np.bitwise_count(hashes[-1] ^ words).sum()) <= _ALIKE:
            times[-1][1] = moment
        else:
            times.append([moment, moment])
            hashes.append(words)
    if not times:
        return VideoPrint(np.zeros((0, 2)), np.zeros((0, 4), np.uint64))
    return VideoPrint(np.asarray(times, np.float64), np.stack(hashes))


def as_text(made: VideoPrint) -> str:
    """Write a print as text: 54 characters an entry."""
    rows = np.zeros(len(made), _ROW)
    rows["start"], rows["end"] = np.round(made.times * 1000).astype(np.uint32).T
    rows["hash"] = made.hashes
    return MARK + base64.urlsafe_b64encode(rows.tobytes()).decode().rstrip("=")


def from_text(text: str) -> VideoPrint:
    """Read a print.

    Raises:
        ValueError: it is none, or has too few entries, or is longer than four hours; says what is wrong.
    """
    if not text.startswith(MARK):
        raise ValueError(f"a video's print begins with '{MARK}'; 'evenhand library from-videos' makes one")
    coded = text[len(MARK) :]
    if len(coded) > MOST_SECONDS / STEP_S * _ROW.itemsize * 4 / 3 + 4:
        raise ValueError("a sample of video is at most four hours long; cut it")
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a video's print is cut off or changed; make it anew") from error
    if len(raw) % _ROW.itemsize or len(raw) < LEAST * _ROW.itemsize:
        raise ValueError("a video's print is cut off or changed, or too short; make it anew")
    rows = np.frombuffer(raw, _ROW)
    times = np.stack([rows["start"], rows["end"]], 1) / 1000
    if (times[:, 1] < times[:, 0]).any() or (np.diff(times[:, 0]) < 0).any() or times.max() > MOST_SECONDS + 1:
        raise ValueError("a video's print is cut off or changed; make it anew")
    return VideoPrint(times, rows["hash"].astype(np.uint64))
