"""Fingerprints of sound: sixteen 32-bit words a second that survive re-encoding, noise and changes of loudness.

After Haitsma and Kalker (2002): each bit says whether the difference of energy between two neighbouring bands of 300 to
2,000 Hz grew or fell since the step before. Frames of 0.37 s overlap so far that a step of 1/16 s changes few bits, so
two recordings need not begin at the same moment. Speed and pitch must be the same within about one per cent.
"""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 16  # words a second
MARK = "s1:"  # a fingerprint as text begins with it
MOST_SECONDS = 4 * 3600  # of one sample
_RATE, _FRAME, _FFT = 5_000, 1_856, 2_048  # Hz; samples of a frame, 0.37 s
_BANDS, _LOWEST, _HIGHEST = 33, 300.0, 2_000.0
_SILENT = 1e-3  # root mean square, -60 dB of full scale: nothing to recognise; such steps get the word 0
_BLOCK = 60 * 16_000  # samples turned at a time, so that hours need no more memory than a minute


def fingerprint(samples: NDArray[np.float32], *, offset: float = 0.0) -> NDArray[np.uint32]:
    """Work out the words of a sound.

    Args:
        samples: float32 [n] at 16 kHz.
        offset: where the first step begins, in steps, 0 <= offset < 1.

    Returns:
        uint32 [steps], step `i` beginning at `(i + offset) / STEPS` seconds; 0 where it is silent. Sound shorter than
        0.44 s has none.
    """
    clean = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    slow = np.concatenate([_slowed(clean[at : at + _BLOCK]) for at in range(0, len(clean), _BLOCK)] or [clean])
    starts = np.round((np.arange(int(len(slow) / _RATE * STEPS) + 1) + offset) * _RATE / STEPS).astype(np.int64)
    starts = starts[starts + _FRAME <= len(slow)]
    if len(starts) < 2:
        return np.zeros(0, np.uint32)
    words = [_words(slow, starts[max(0, at - 1) : at + 1024], first=at == 0) for at in range(0, len(starts), 1024)]
    return np.concatenate(words)


def as_text(words: NDArray[np.uint32]) -> str:
    """Write a fingerprint as text: 85 characters a second."""
    return MARK + base64.urlsafe_b64encode(np.ascontiguousarray(words, "<u4").tobytes()).decode().rstrip("=")


def from_text(text: str) -> NDArray[np.uint32]:
    """Read a fingerprint.

    Raises:
        ValueError: it is none, or longer than four hours; says what is wrong.
    """
    if not text.startswith(MARK):
        raise ValueError(f"a sound's fingerprint begins with '{MARK}'; 'evenhand library from-sounds' makes one")
    coded = text[len(MARK) :]
    if len(coded) > MOST_SECONDS * STEPS * 4 * 4 // 3 + 4:
        raise ValueError("a sample of sound is at most four hours long; cut it")
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a sound's fingerprint is cut off or changed; make it anew") from error
    if not raw or len(raw) % 4:
        raise ValueError("a sound's fingerprint is cut off or changed; make it anew")
    return np.frombuffer(raw, "<u4").astype(np.uint32)


def _slowed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    wanted = round(len(samples) * _RATE / 16_000)
    if not wanted:
        return np.zeros(0, np.float32)
    spectrum = np.fft.rfft(samples)[: wanted // 2 + 1]
    return (np.fft.irfft(spectrum, n=wanted) * (wanted / len(samples))).astype(np.float32)


def _words(slow: NDArray[np.float32], starts: NDArray[np.int64], *, first: bool) -> NDArray[np.uint32]:
    frames = slow[starts[:, None] + np.arange(_FRAME)]
    power = np.abs(np.fft.rfft(frames * _window(), n=_FFT)) ** 2
    energy = np.add.reduceat(power, _edges()[:-1], axis=1)[:, :_BANDS] if len(frames) else power
    rising = np.diff(np.diff(energy, axis=1), axis=0) < 0
    bits = (rising.astype(np.uint32) << np.arange(_BANDS - 1, dtype=np.uint32)).sum(1, dtype=np.uint32)
    loud = np.sqrt((frames**2).mean(1)) >= _SILENT
    made = np.where(loud[1:] & loud[:-1], np.maximum(bits, 1), 0).astype(np.uint32)
    return np.concatenate([np.zeros(1, np.uint32), made]) if first else made


@cache
def _window() -> NDArray[np.float32]:
    window: NDArray[np.float32] = np.hanning(_FRAME).astype(np.float32)
    return window


@cache
def _edges() -> NDArray[np.int64]:
    """Give the first bin of each band, and the bin after the last: equally wide on a scale of pitch."""
    hertz = np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1)
    return np.round(hertz * _FFT / _RATE).astype(np.int64)
