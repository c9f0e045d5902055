"""Decodes a segment's sound to one channel at 16 kHz, and cuts it where it is quiet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.decode.media.budget import Budget
from evenhand.decode.media.frames import Timed

if TYPE_CHECKING:
    import numpy as np
    from av.audio.codeccontext import AudioCodecContext
    from numpy.typing import NDArray

RATE = 16_000
SEARCH_S = 2.0  # how far before a border a quiet place is looked for
WARM_S = 0.5  # decoded before what is kept: the first packets after a seek lack what came before them
_GAP_S = 0.5  # silence between packets from which a new stretch begins
_LONGEST_S = 600.0
_MOST_S, _ABOUT_S = 40.0, 30.0  # longest part given, and about how long the others are
_STEP_S = 0.05  # grid on which quiet is looked for
_SILENT_DB = -60


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound without gaps."""

    start: float  # seconds from the start of the media
    samples: NDArray[np.float32]

    @property
    def end(self) -> float:
        """Seconds from the start of the media."""
        return self.start + len(self.samples) / RATE


def decode_sound(
    context: AudioCodecContext, packets: Sequence[Timed], *, origin: float, budget: Budget
) -> list[Stretch]:
    """Decode packets into stretches of at most ten minutes.

    Args:
        context: the track's decoder, flushed.
        packets: in order.
        origin: seconds on the file's clock at the start of the media.
        budget: of time.

    Raises:
        TooLargeError: the time is used up.
    """
    import numpy as np

    stretches: list[Stretch] = []
    held: list[NDArray[np.float32]] = []
    start, length = 0.0, 0
    for moment, samples in _decoded(context, packets, origin, budget):
        end = start + length / RATE
        if held and (abs(moment - end) > _GAP_S or length > _LONGEST_S * RATE):
            stretches.append(Stretch(start, np.concatenate(held)))
            held, length = [], 0
        if not held:
            start = moment
        held.append(samples)
        length += len(samples)
    if held:
        stretches.append(Stretch(start, np.concatenate(held)))
    return stretches


def _decoded(
    context: AudioCodecContext, packets: Sequence[Timed], origin: float, budget: Budget
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    import av
    import numpy as np

    resampler, shape = None, None
    expected = 0.0
    for timed in [*packets, None]:
        with budget.spend("sound"):
            try:
                frames = context.decode(timed.packet if timed is not None else None)
            except av.FFmpegError:  # a damaged packet; the decoder goes on with the next
                continue
        for frame in frames:
            moment = (
                expected
                if frame.pts is None or frame.time_base is None
                else float(frame.pts * frame.time_base) - origin
            )
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            # Recordings may change their number of channels or their rate on the way.
            if resampler is None or shape != now or abs(moment - expected) > _GAP_S:
                resampler, shape = av.AudioResampler(format="flt", layout="mono", rate=RATE), now
                expected = moment
            frame.pts = None
            for out in resampler.resample(frame):
                samples = np.nan_to_num(out.to_ndarray().reshape(-1))
                yield expected, np.clip(samples, -1.0, 1.0)
                expected += len(samples) / RATE
    context.flush_buffers()


def quiet_place(stretches: Sequence[Stretch], border: float) -> float:
    """Give the quietest place in the two seconds before a border, so that no word is cut; the border where none is.

    The same sound gives the same place whichever side of the border asks: places lie on a grid of whole media seconds.
    """
    import numpy as np

    best, place = None, border
    last = int(border / _STEP_S + 0.001) - 1
    for step in range(round(SEARCH_S / _STEP_S)):
        middle = (last - step) * _STEP_S
        for stretch in stretches:
            begin = round((middle - _STEP_S - stretch.start) * RATE)
            piece = stretch.samples[max(0, begin) : max(0, begin + round(2 * _STEP_S * RATE))]
            if begin >= 0 and len(piece) == round(2 * _STEP_S * RATE):
                level = max(_SILENT_DB, round(10 * np.log10(float(np.mean(piece**2)) + 1e-12)))
                if best is None or level < best:
                    best, place = level, middle
    return place


def split(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Cut what is longer than 40 s where it is quiet, about every 30 s."""
    out = []
    for stretch in stretches:
        rest = stretch
        while rest.end - rest.start > _MOST_S:
            place = quiet_place([rest], rest.start + _ABOUT_S)
            out += cut([rest], rest.start, place)
            rest = cut([rest], place, rest.end)[0]
        out.append(rest)
    return out


def cut(stretches: Sequence[Stretch], start: float, end: float) -> list[Stretch]:
    """Give what lies between two moments."""
    out = []
    for stretch in stretches:
        begin = round((max(start, stretch.start) - stretch.start) * RATE)
        stop = round((min(end, stretch.end) - stretch.start) * RATE)
        if stop - begin > RATE // 100:
            out.append(Stretch(stretch.start + begin / RATE, stretch.samples[begin:stop]))
    return out
