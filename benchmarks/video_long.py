"""Videos of hours: processor time by length, and memory, of decoding and sampling without detectors.

Usage: python -m benchmarks.video_long [--hours 0.25 1 3]

Drawn at 320 x 180 and 5 frames a second with sound, keyframes 10 s apart; each length in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np

from evenhand.settings import Settings

FPS = 5


def draw(path: Path, hours: float) -> None:
    """Encode a video that slides and has noise, with a quiet sound."""
    dice = np.random.default_rng(0)
    wide = np.repeat(np.repeat(dice.integers(0, 200, (12, 60, 3), dtype=np.uint8), 15, 0), 15, 1)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(10 * FPS)})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        sound: Any = container.add_stream("aac", rate=16_000)
        sound.layout = "mono"
        for second in range(round(hours * 3600)):
            for number in range(second * FPS, (second + 1) * FPS):
                picture = np.ascontiguousarray(wide[:, number % 580 : number % 580 + 320])
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            piece = dice.normal(0, 0.01, (1, 16_000)).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            heard.sample_rate = 16_000
            container.mux(sound.encode(heard))
        container.mux(video.encode())
        container.mux(sound.encode())


def measure(path: Path) -> None:
    """Read a file and tell what it took."""
    from benchmarks.video import ours

    start = resource.getrusage(resource.RUSAGE_SELF)
    frames, heard, seconds = ours(path, Settings())
    end = resource.getrusage(resource.RUSAGE_SELF)
    cpu = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    print(
        f"{seconds / 3600:.2f} h: {frames} frames, {heard:.0f} s heard, {cpu:.1f} s CPU ({3600 * cpu / seconds:.1f} s "
        f"an hour), memory {start.ru_maxrss / 1024:.0f} MB before, {end.ru_maxrss / 1024:.0f} MB at most"
    )


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--hours", type=float, nargs="+", default=[0.25, 1.0, 3.0])
    arguments.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.measure:
        measure(chosen.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        for hours in chosen.hours:
            path = Path(folder) / f"{hours}.mp4"
            draw(path, hours)
            subprocess.run([sys.executable, "-m", "benchmarks.video_long", "--measure", str(path)], check=True)
            path.unlink()


if __name__ == "__main__":
    main()
