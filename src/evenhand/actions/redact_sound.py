"""One track of sound of a redacted copy: decoded, words taken out, coded again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from evenhand.domain.location import TimeRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TONE_HZ, _LEVEL = 1_000.0, 0.15
_GAP_S = 0.06  # a clock that is off by less is only rounded
_PIECE_S = 1.0  # silence for a gap is made so long at a time
_LONGEST_GAP_S = 3_600.0


class Sound(StrEnum):
    """What is heard in the place of what was taken out."""

    BLEEP = "bleep"  # a tone of 1 kHz
    SILENCE = "silence"


class SoundTrack:
    """Writes one track of sound.

    Args:
        stream: of the copy, of a sound encoder; its rate and layout are set.
        covered: stretches that are taken out, seconds of the recording.
        window: what of the recording is written, seconds.
        style: what is heard instead.
    """

    def __init__(self, stream: Any, covered: Sequence[TimeRange], window: TimeRange, style: Sound) -> None:
        self._stream, self._covered, self._window, self._style = stream, covered, window, style
        self._rate: int = stream.codec_context.sample_rate
        self._layout: str = stream.codec_context.layout.name
        self._in: Any = None
        self._shape: object = None
        self._out: Any = None
        self._at = window[0]  # seconds of the recording up to which is written
        self._count = 0  # samples written

    def add(self, frame: Any, moment: float | None) -> Iterator[Any]:
        """Take a decoded frame; give packets.

        Args:
            frame: of sound.
            moment: seconds of the recording at which it begins; None: right behind the one before.
        """
        import av

        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._in is None or self._shape != now:
            self._in, self._shape = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate), now
        frame.pts = None
        begin = self._at if moment is None or abs(moment - self._at) < _GAP_S else moment
        for piece in self._in.resample(frame):
            samples = piece.to_ndarray()
            yield from self._fill(begin)
            yield from self._write(samples, begin)
            begin += samples.shape[1] / self._rate

    def finish(self) -> Iterator[Any]:
        """Give the last packets."""
        if self._out is not None:
            for frame in self._out.resample(None):
                yield from self._stream.encode(frame)
        yield from self._stream.encode()

    def _fill(self, until: float) -> Iterator[Any]:
        """Write silence for a gap."""
        import numpy as np

        until = min(until, self._window[1], self._at + _LONGEST_GAP_S)
        while until - self._at > _GAP_S:
            count = max(1, round(min(_PIECE_S, until - self._at) * self._rate))
            yield from self._coded(np.zeros((self._channels, count), np.float32))
            self._at += count / self._rate

    def _write(self, samples: NDArray[np.float32], begin: float) -> Iterator[Any]:
        """Write what lies in the window and was not written yet."""
        first = max(0, round((self._at - begin) * self._rate)) if begin < self._at - _GAP_S else 0
        last = min(samples.shape[1], round((self._window[1] - begin) * self._rate))
        if begin < self._window[0]:
            first = max(first, round((self._window[0] - begin) * self._rate))
        if last <= first:
            return
        kept = samples[:, first:last].copy()
        start = begin + first / self._rate
        for span in self._covered:
            self._cover(kept, start, span)
        yield from self._coded(kept)
        self._at = start + kept.shape[1] / self._rate

    def _cover(self, samples: NDArray[np.float32], start: float, span: TimeRange) -> None:
        import numpy as np

        low = max(0, int((span[0] - start) * self._rate))
        high = min(samples.shape[1], int((span[1] - start) * self._rate) + 1)
        if high <= low:
            return
        samples[:, low:high] = 0.0
        if self._style is Sound.BLEEP:
            # Counted from the start of the span, so that pieces of it join without a click.
            moments = np.arange(low, high) / self._rate + start - span[0]
            samples[:, low:high] = _LEVEL * np.sin(2 * np.pi * _TONE_HZ * moments)

    def _coded(self, samples: NDArray[np.float32]) -> Iterator[Any]:
        import av
        import numpy as np

        context = self._stream.codec_context
        if self._out is None:
            self._out = av.AudioResampler(
                format=context.format, layout=self._layout, rate=self._rate, frame_size=context.frame_size or 1_024
            )
        frame: Any = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(np.clip(np.nan_to_num(samples), -1.0, 1.0), np.float32),
            format="fltp",
            layout=self._layout,
        )
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._count, Fraction(1, self._rate)
        self._count += samples.shape[1]
        for out in self._out.resample(frame):
            yield from self._stream.encode(out)

    @property
    def _channels(self) -> int:
        return 1 if self._layout == "mono" else 2
