"""Sounds for tests: spoken files made by `scripts/make_sounds.py`, and the hostile shapes of sound."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.domain import AudioPart, Location, Source

RATE = 16_000
DATA = Path(__file__).parent / "sounds_data"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "media" / "audio"  # beside the repository, if there


@cache
def samples_of(path: Path) -> NDArray[np.float32]:
    """Decode a file: float32 [n] at 16 kHz, one channel."""
    import av

    with av.open(str(path)) as media:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [piece for frame in media.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def spoken(name: str) -> NDArray[np.float32]:
    """Give a spoken test sound: float32 [n] at 16 kHz."""
    return samples_of(DATA / f"{name}.ogg")


def sound(samples: NDArray[np.float32], *, start: float = 0.0, language: str | None = None) -> AudioPart:
    """Make a part of a recording that begins at `start` seconds of it."""
    place = Location(source=Source.AUDIO, time=(start, start + len(samples) / RATE))
    return AudioPart(samples=samples, language=language, origin=place)


def tone(seconds: float, *, frequency: float = 440.0, level: float = 0.3) -> NDArray[np.float32]:
    """Make a tone."""
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def noise(seconds: float, *, level: float = 0.1, seed: int = 7) -> NDArray[np.float32]:
    """Make white noise."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * made).astype(np.float32)


def hostile() -> dict[str, NDArray[np.float32]]:
    """Give sounds that hold nothing, or hold it badly."""
    half = noise(0.5, level=0.02)
    return {
        "empty": np.zeros(0, np.float32),
        "one sample": np.full(1, 0.5, np.float32),
        "ten milliseconds": tone(0.01),
        "silence": np.zeros(RATE * 5, np.float32),
        "constant offset": np.full(RATE * 3, 0.7, np.float32),
        "hiss under -60 dB": noise(3, level=2e-4),
        "noise": noise(5),
        "clipped": np.clip(noise(3, level=3.0), -1, 1),
        "a click": np.concatenate([np.zeros(RATE, np.float32), np.ones(8, np.float32), np.zeros(RATE, np.float32)]),
        "not numbers": np.concatenate([half, np.full(RATE, np.nan, np.float32), half]),
        "beyond full scale": tone(2, level=1e6),
        "infinite": np.full(RATE, np.inf, np.float32),
        "a tone": tone(4),
    }


def gunfire(shots: int = 12, *, gap: float = 0.1, lead: float = 0.5) -> NDArray[np.float32]:
    """Make a burst of automatic fire in a room: hard-clipped, quickly dying noise. Begins after `lead` seconds."""
    rng = np.random.default_rng(4)
    made = np.zeros(round(RATE * (lead + shots * gap + 1.5)))
    for number in range(shots):
        length = round(0.4 * RATE)
        spectrum = np.fft.rfft(rng.standard_normal(length))
        spectrum /= np.sqrt(1 + (np.fft.rfftfreq(length, 1 / RATE) / 1500) ** 2)
        shot = np.fft.irfft(spectrum, length)
        shot = np.clip(8 * shot / np.abs(shot).max() * np.exp(-np.arange(length) / (0.03 * RATE)), -1, 1)
        at = round(RATE * (lead + number * gap))
        made[at : at + length] += shot
    tail = RATE
    echo = rng.standard_normal(tail) * np.exp(-np.arange(tail) / (0.17 * RATE)) * 0.006
    echo[0] = 1.0
    size = len(made) + tail
    out = np.fft.irfft(np.fft.rfft(made, size) * np.fft.rfft(echo, size), size)[: len(made)]
    loud: NDArray[np.float32] = (0.8 * out / np.abs(out).max()).astype(np.float32)
    return loud


def siren(seconds: float = 4.0) -> NDArray[np.float32]:
    """Make a wailing siren: a tone with overtones that rises and falls every three seconds."""
    times = np.arange(round(seconds * RATE)) / RATE
    sweep = 1 - np.abs(2 * ((times / 3) % 1) - 1)
    turn = 2 * np.pi * np.cumsum(550 + 800 * sweep) / RATE
    made = np.sum([np.sin(k * turn) / k**1.2 for k in range(1, 6)], axis=0)
    wailing: NDArray[np.float32] = (0.2 * made + noise(seconds, level=0.01)).astype(np.float32)
    return wailing
