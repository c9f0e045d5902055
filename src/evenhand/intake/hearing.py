"""The sound of a stream: one channel at 16 kHz, cut where it is quiet, each piece a little over the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenhand.decode.media.sound import RATE, Stretch, quiet_place
from evenhand.domain import AudioPart, Location, Source

if TYPE_CHECKING:
    import numpy as np
    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

_OVERLAP_S = 0.4  # of the piece before, heard again: a word that was cut is whole in one of them
_BEFORE_S = 4.0  # of the sound before a piece: a known sound is told by three seconds, wherever it is cut
_GAP_S = 0.5
_LEAST_S = 0.3


class Listener:
    """Collects sound.

    Args:
        window: seconds of a piece; it is cut in the two seconds before.
    """

    def __init__(self, *, window: float) -> None:
        self._window = window
        self._held: list[NDArray[np.float32]] = []
        self._start, self._length = 0.0, 0
        self._before: list[NDArray[np.float32]] = []
        self._heard = float("-inf")  # up to here everything was given out
        self._resampler: Any = None
        self._shape: tuple[Any, ...] = ()

    def take(self, frame: AudioFrame, moment: float) -> list[AudioPart]:
        """Take a frame; give the pieces that are full.

        Args:
            frame: decoded.
            moment: seconds of the stream.
        """
        import av
        import numpy as np

        out: list[AudioPart] = []
        if self._held and abs(moment - (self._start + self._length / RATE)) > _GAP_S:
            out += self.flush()
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or shape != self._shape:
            self._resampler, self._shape = av.AudioResampler(format="flt", layout="mono", rate=RATE), shape
        if not self._held:
            self._start, self._length = moment, 0
        frame.pts = None
        for made in self._resampler.resample(frame):
            samples = np.clip(np.nan_to_num(made.to_ndarray().reshape(-1)), -1.0, 1.0)
            self._held.append(samples)
            self._length += len(samples)
        if self._length >= self._window * RATE:
            whole = Stretch(self._start, np.concatenate(self._held))
            place = quiet_place([whole], whole.end)
            place = max(place, self._start + min(self._window / 2, 2.0))
            out += self._piece(whole, place)
            kept = round((max(whole.start, place - _OVERLAP_S) - whole.start) * RATE)
            gone = np.concatenate([*self._before, whole.samples[:kept]])
            self._before = [gone[-round(_BEFORE_S * RATE) :]]
            self._start, self._held = whole.start + kept / RATE, [whole.samples[kept:]]
            self._length = len(whole.samples) - kept
        return out

    def flush(self) -> list[AudioPart]:
        """Give what came so far: the stream stops here, at least for a while."""
        import numpy as np

        held, self._held, self._resampler = self._held, [], None
        if not held:
            return []
        whole = Stretch(self._start, np.concatenate(held))
        out = self._piece(whole, whole.end) if whole.end - self._heard > _LEAST_S else []
        self._before = []
        return out

    def _piece(self, whole: Stretch, end: float) -> list[AudioPart]:
        samples = whole.samples[: round((end - whole.start) * RATE)].copy()
        samples.flags.writeable = False
        self._heard = end
        if len(samples) < _LEAST_S * RATE:
            return []
        before = self._before[0] if self._before else None
        return [
            AudioPart(samples=samples, before=before, origin=Location(source=Source.AUDIO, time=(whole.start, end)))
        ]
