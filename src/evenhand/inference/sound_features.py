"""What the model of sound events looks at: log mel spectrograms in patches of 0.96 s, one every 0.48 s.

Worked out as YAMNet was trained: windows of 25 ms every 10 ms, 64 mel bands from 125 to 7,500 Hz, the natural logarithm
of magnitude plus 0.001.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from evenhand.inference.vad import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATCH_S, HOP_S = 0.96, 0.48  # seconds that a patch spans, and from one patch to the next
_WINDOW, _STEP, _FFT = 400, 160, 512  # samples
_BANDS, _LOWEST, _HIGHEST = 64, 125.0, 7500.0
_FLOOR = 1e-3
_FRAMES, _HOP_FRAMES = 96, 48


def patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut a sound into patches; the last one is filled up with silence.

    Args:
        samples: float32 [n] at 16 kHz.

    Returns:
        float32 [patches, 1, 96, 64]; the patch `i` begins at `i * HOP_S` seconds. None for no samples.
    """
    if not len(samples):
        return np.zeros((0, 1, _FRAMES, _BANDS), np.float32)
    have = max(0, -(-(len(samples) - _STEP * _FRAMES) // (_STEP * _HOP_FRAMES)))
    needed = (_FRAMES + have * _HOP_FRAMES - 1) * _STEP + _WINDOW
    padded = np.zeros(max(needed, len(samples)), np.float32)
    padded[: len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_STEP][: _FRAMES + have * _HOP_FRAMES]
    spectrum = np.abs(np.fft.rfft(frames * _hann(), n=_FFT)).astype(np.float32)
    mel = np.log(spectrum @ _bands() + _FLOOR)
    cut = np.lib.stride_tricks.sliding_window_view(mel, _FRAMES, axis=0)[::_HOP_FRAMES]
    return np.ascontiguousarray(cut.transpose(0, 2, 1)[:, None], np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
    return window


@cache
def _bands() -> NDArray[np.float32]:
    """Give the weights of the mel bands: float32 [257, 64], triangles on the mel scale."""

    def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))

    bins = mel(np.linspace(0.0, RATE / 2, _FFT // 2 + 1))[:, None]
    edges = np.linspace(mel(_LOWEST), mel(_HIGHEST), _BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    weights[0] = 0.0  # the constant offset counts nowhere
    return weights.astype(np.float32)
