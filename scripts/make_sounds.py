"""Make the spoken test sounds: synthetic speech, as small Ogg/Opus files. Needs espeak-ng (a Debian package).

Run at the root of the repository: ``python -m scripts.make_sounds``. The files are committed, so tests need no espeak-ng.
"""

from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

TARGET = Path(__file__).parent.parent / "tests" / "sounds_data"
RATE = 16_000

# name -> what is said, in order: a voice and a sentence, or seconds of silence
SCRIPTS: dict[str, tuple[tuple[str, str] | float, ...]] = {
    "insult_en": (
        1.0,
        ("en-us", "Good morning everybody. The weather is very nice today."),
        3.0,
        ("en-us", "You are a stupid idiot and nobody likes you."),
        0.5,
    ),
    "harmless_en": (0.3, ("en-us", "The meeting has been moved to Thursday afternoon at half past three."), 0.3),
    "harmless_es": (0.3, ("es", "Mañana por la mañana vamos a la playa con los niños y con la abuela."), 0.3),
    "trade_en": (0.3, ("en-gb", "Please send the blue widget to the address in Bristol before Friday."), 0.3),
}


def say(voice: str, text: str) -> NDArray[np.float32]:
    """Speak a sentence: float32 [n] at 16 kHz."""
    done = subprocess.run(["espeak-ng", "-v", voice, "-s", "145", "--stdout", text], capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as spoken:
        rate, raw = spoken.getframerate(), spoken.readframes(1 << 24)
    samples = np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    wanted = round(len(samples) * RATE / rate)
    return (np.fft.irfft(np.fft.rfft(samples)[: wanted // 2 + 1], n=wanted) * wanted / len(samples)).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32]) -> None:
    """Write Ogg/Opus, 24 kbit a second."""
    with av.open(str(path), "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 24_000
        frame = av.AudioFrame.from_ndarray(
            (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(piece):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)


def main() -> None:
    """Write all of them."""
    for name, script in SCRIPTS.items():
        pieces = [np.zeros(round(p * RATE), np.float32) if isinstance(p, float) else say(*p) for p in script]
        times, at = [], 0.0
        for piece, what in zip(pieces, script, strict=True):
            if not isinstance(what, float):
                times.append((round(at, 2), round(at + len(piece) / RATE, 2)))
            at += len(piece) / RATE
        write(TARGET / f"{name}.ogg", np.concatenate(pieces))
        print(name, times, (TARGET / f"{name}.ogg").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
