"""Sound of a stream in pieces: without gaps, each with what was heard just before it."""

from __future__ import annotations

import av
import numpy as np

from evenhand.decode.media.sound import RATE
from evenhand.domain import AudioPart
from evenhand.intake.hearing import Listener
from tests.sounds import noise


def pieces(listener: Listener, samples: np.ndarray[tuple[int], np.dtype[np.float32]], start: float) -> list[AudioPart]:
    """Hand over sound in frames of a tenth of a second."""
    out: list[AudioPart] = []
    for begin in range(0, len(samples), RATE // 10):
        frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + RATE // 10], format="flt", layout="mono")
        frame.sample_rate = RATE
        out += listener.take(frame, start + begin / RATE)
    return out


def test_each_piece_has_the_sound_before_it() -> None:
    samples = noise(23)
    listener = Listener(window=5)
    parts = [*pieces(listener, samples, 100.0), *listener.flush()]
    assert len(parts) >= 4
    assert parts[0].before is None
    for part in parts[1:]:
        assert part.origin.time is not None
        begin = round((part.origin.time[0] - 100.0) * RATE)
        assert part.before is not None
        assert 3.9 * RATE <= len(part.before) <= 4 * RATE
        assert np.allclose(part.before, samples[begin - len(part.before) : begin], atol=1e-6)
        assert np.allclose(part.samples, samples[begin : begin + len(part.samples)], atol=1e-6)


def test_after_a_gap_nothing_was_before() -> None:
    listener = Listener(window=5)
    pieces(listener, noise(8), 0.0)
    after = [*pieces(listener, noise(6), 60.0), *listener.flush()]
    late = [part for part in after if part.origin.time is not None and part.origin.time[0] >= 59.9]
    assert late[0].before is None
