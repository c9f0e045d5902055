"""Which frames of a stream are looked at: keyframes, and so many between them; what shows the same counts once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from evenhand.decode.media.toned import form_of, picture, same
from evenhand.domain import ImagePart, Location, Source

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray
    from PIL.Image import Image

_CLOSEST_S = 0.4


@dataclass(slots=True, eq=False)
class Shown:
    """A picture and how long it stood."""

    image: Image
    begin: float  # seconds of the stream
    until: float
    form: NDArray[np.int16]

    def part(self) -> ImagePart:
        """Give what detectors read."""
        return ImagePart(image=self.image, origin=Location(source=Source.FRAME, time=(self.begin, self.until)))


class Sampler:
    """Chooses frames as they come.

    Args:
        interval: longest time between two looks, seconds.
        window: seconds after which what was chosen is given out.
    """

    def __init__(self, *, interval: float, window: float) -> None:
        self._interval, self._window = interval, window
        self._last = float("-inf")  # of the last look
        self._begun: float | None = None
        self._standing: Shown | None = None
        self._shown: list[Shown] = []
        self.still: list[tuple[float, float]] = []  # pictures given out before stood on: their begin and new end
        self.looks = 0
        self.repeated = 0

    def take(self, frame: VideoFrame, moment: float, *, aspect: float) -> list[Shown]:
        """Take a frame; give the pictures of a window where one is full.

        Args:
            frame: decoded.
            moment: seconds of the stream.
            aspect: width of a pixel over its height.
        """
        if self._begun is None or moment < self._last:
            self._begun = moment
        if moment < self._last:
            self._last = float("-inf")
        since = moment - self._last
        if since >= self._interval - 0.01 or (frame.key_frame and since >= min(_CLOSEST_S, self._interval)):
            self._look(frame, moment, aspect)
        if moment - self._begun >= self._window:
            self._begun = moment
            return self.flush()
        return []

    def flush(self) -> list[Shown]:
        """Give what was chosen so far."""
        out, self._shown = self._shown, []
        return out

    def _look(self, frame: VideoFrame, moment: float, aspect: float) -> None:
        self._last = moment
        self.looks += 1
        form = form_of(frame)  # before colours are worked out: most pictures of a still scene need none
        standing = self._standing
        if standing is not None and same(standing.form, form):
            self.repeated += 1
            if standing not in self._shown:
                self.still.append((standing.begin, moment))
            standing.until = moment
            return
        self._standing = Shown(picture(frame, aspect=aspect), moment, moment, form)
        self._shown.append(self._standing)


def thinned(shown: list[Shown], most: int) -> list[Shown]:
    """Leave out the pictures that differ least from the one before them, until so many are left, in order."""
    left = list(shown)
    while len(left) > most:
        changes = [_change(before, after) for before, after in pairwise(left)]
        del left[changes.index(min(changes)) + 1]
    return left


def _change(before: Shown, after: Shown) -> int:
    import numpy as np

    return int(np.abs(before.form - after.form).sum())
