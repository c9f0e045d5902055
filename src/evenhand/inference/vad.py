"""Voice activity: where somebody speaks. Silero VAD 6, whose weights come with faster-whisper.

What is not speech is never given to the speech model, which would invent words for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000  # samples a second, of all sound that models look at
QUIET = 1e-3  # a peak under -60 dB of full scale is silence, whatever it holds
_LOUD = 0.1  # quieter sound is raised to this peak, because the detector of speech hears little below it
_THRESHOLD = 0.5
_MIN_SPEECH_MS = 160  # shorter is a click or a cough
_MIN_SILENCE_MS = 400
_PAD_MS = 240  # kept before and after, so that no first or last sound is cut off


def levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the sound without its constant offset, quiet sound raised, and nothing that is no number.

    Args:
        samples: float32 [n], full scale is [-1, 1].

    Returns:
        float32 [n]; empty where all of it is below -60 dB of full scale.
    """
    clean = np.nan_to_num(samples.astype(np.float32, copy=True), nan=0.0, posinf=1.0, neginf=-1.0)
    if not len(clean):
        return clean
    np.clip(clean, -4.0, 4.0, out=clean)
    clean -= clean.mean()
    peak = float(np.abs(clean).max())
    if peak < QUIET:
        return clean[:0]
    if peak > 1.0 or peak < _LOUD:
        clean *= (1.0 if peak > 1.0 else _LOUD) / peak
    return clean


def at_16k(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Give the sound at 16 kHz; other rates are brought to it in one transform, so keep the stretch short.

    Args:
        samples: float32 [n].
        rate: samples a second, above 0.
    """
    if rate == RATE or not len(samples):
        return samples
    wanted = max(1, round(len(samples) * RATE / rate))
    spectrum = np.fft.rfft(samples)[: wanted // 2 + 1]
    made = np.fft.irfft(spectrum, n=wanted) * (wanted / len(samples))
    return made.astype(np.float32)


def speech_stretches(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Find where somebody speaks.

    Args:
        samples: float32 [n] at 16 kHz, levelled.

    Returns:
        [start, end) in samples, in order, not overlapping.

    Raises:
        ImportError: faster-whisper is not installed.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if len(samples) < RATE * _MIN_SPEECH_MS // 1000:
        return []
    options = VadOptions(
        threshold=_THRESHOLD,
        min_speech_duration_ms=_MIN_SPEECH_MS,
        min_silence_duration_ms=_MIN_SILENCE_MS,
        speech_pad_ms=_PAD_MS,
    )
    return [(int(s["start"]), int(s["end"])) for s in get_speech_timestamps(samples, options)]


def joined(stretches: list[tuple[int, int]], *, gap: int, longest: int) -> list[tuple[int, int]]:
    """Join stretches that lie close together, and cut those that are too long.

    Args:
        stretches: [start, end) in samples, in order.
        gap: samples of silence that two joined stretches may have between them.
        longest: samples that a joined stretch may have.
    """
    out: list[tuple[int, int]] = []
    for begin, end in stretches:
        if out and begin - out[-1][1] <= gap and end - out[-1][0] <= longest:
            out[-1] = (out[-1][0], end)
            continue
        pieces = -(-(end - begin) // longest)
        step = -(-(end - begin) // pieces) if pieces else 0
        out += [(begin + i * step, min(end, begin + (i + 1) * step)) for i in range(pieces)]
    return out
