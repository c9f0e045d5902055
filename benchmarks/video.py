"""Videos: the cost of decoding and sampling against `ffmpeg -skip_frame nokey`, and the speed of all detectors.

Usage: python benchmarks/video.py [--seconds 60] [--detectors] [FILE]

Without a file, a 1280 x 720 H.264 video with sound is drawn: grain, movement, a new scene every 7 seconds, keyframes at
most 10 s apart. Each ratio is of runs right after each other, the median of three. CPU seconds stand beside, which do
not depend on what else the machine does. FFmpeg is the command line's, if there is one.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from evenhand.decode.media import MediaReader, plan, stills
from evenhand.decode.sniff import sniff
from evenhand.settings import Settings

FPS = 25


def draw(path: Path, seconds: int) -> None:
    """Encode a video that moves, changes scene and has grain."""
    dice = np.random.default_rng(0)
    grain = [dice.integers(0, 24, (720, 1280, 3), dtype=np.uint8) for _ in range(4)]
    ramp = np.tile(np.linspace(0, 150, 1280, dtype=np.uint8), (720, 1))
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "26"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound: Any = container.add_stream("aac", rate=48_000)
        sound.layout = "mono"
        for number in range(seconds * FPS):
            scene = number // (7 * FPS)
            picture = np.repeat(np.roll(ramp, 9 * number + 300 * scene, axis=1)[..., None], 3, axis=2)
            picture[..., scene % 3] = 255 - picture[..., scene % 3] // (1 + scene % 2)
            picture[200:500, (5 * number) % 900 : (5 * number) % 900 + 250] = (40 * (scene % 6), 200, 90)
            picture = picture // 2 + grain[number % 4] + 40
            frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        moments = np.arange(48_000 * seconds) / 48_000
        tone = (0.2 * np.sin(2 * np.pi * 300 * moments)).astype(np.float32)
        for start in range(0, len(tone) - 1024, 1024):
            piece = av.AudioFrame.from_ndarray(tone[start : start + 1024].reshape(1, -1), format="fltp", layout="mono")
            piece.sample_rate = 48_000
            container.mux(sound.encode(piece))
        container.mux(video.encode())
        container.mux(sound.encode())


def ours(path: Path, settings: Settings) -> tuple[int, float, float]:
    """Plan, decode, sample; give frames, seconds heard and seconds of media."""
    with path.open("rb") as stream:
        made = plan(path, sniff(stream.read(65_536)) or "", settings)
    frames, heard = 0, 0.0
    with MediaReader(path, made, settings) as reader:
        for segment in made.segments:
            parts = reader.segment(segment.number)
            heard += sum(part.seconds for part in parts.sound())
            for _ in parts.frames():
                pass
            frames += len(parts.looked_at)
    return frames, heard, made.duration


def keyframes(path: Path, settings: Settings) -> int:
    """Plan, and decode keyframes alone, without sound, as `ffmpeg -skip_frame nokey` does; give how many."""
    with path.open("rb") as stream:
        made = plan(path, sniff(stream.read(65_536)) or "", settings)
    with av.open(str(path)) as container:
        times = [float((p.pts or 0) * p.time_base) for p in container.demux(video=0) if p.is_keyframe and p.size]
    return sum(1 for _ in stills(path, made, settings, [moment - made.origin for moment in times]))


def timed(work: Callable[[], Any], *, children: bool = False) -> tuple[float, float]:
    """Give seconds by the clock and of CPU."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    before, started = resource.getrusage(who), time.perf_counter()
    work()
    after = resource.getrusage(who)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file", nargs="?", type=Path)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--detectors", action="store_true", help="also with all detectors of pictures, speech off")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.file or Path(folder) / "video.mp4"
        if chosen.file is None:
            draw(path, chosen.seconds)
        settings = Settings()
        frames, heard, seconds = ours(path, settings)
        print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1e6:.1f} MB; {frames} frames, {heard:.0f} s heard")
        program = shutil.which("ffmpeg")
        nokey = [program or "", "-v", "error", "-skip_frame", "nokey", "-i", str(path), "-an", "-f", "null", "-"]
        rows = []
        for _ in range(3):
            mine = timed(lambda: ours(path, settings))
            bare = timed(lambda: ours(path, settings.model_copy(update={"frame_interval_s": 1e9})))
            other = timed(lambda: subprocess.run(nokey, check=True), children=True) if program else (0.0, 0.0)
            keys = timed(lambda: keyframes(path, settings))
            rows.append((*mine, *bare, *other, *keys))
        wall, cpu, bare_wall, bare_cpu, other_wall, other_cpu, key_wall, key_cpu = (
            statistics.median(row[n] for row in rows) for n in range(8)
        )
        print(f"decode and sample, sound too: {wall:.2f} s ({cpu:.2f} s CPU), {seconds / wall:.0f} x real time")
        print(f"keyframes and scenes only, sound too: {bare_wall:.2f} s ({bare_cpu:.2f} s CPU)")
        print(f"keyframes only, no sound, hash and plan too: {key_wall:.2f} s ({key_cpu:.2f} s CPU)")
        if program:
            print(f"ffmpeg -skip_frame nokey, no sound: {other_wall:.2f} s ({other_cpu:.2f} s CPU)")
            print(f"ratio: {wall / other_wall:.2f} by the clock, {cpu / other_cpu:.2f} in CPU; ", end="")
            print(f"keyframes and scenes only: {bare_wall / other_wall:.2f}, {bare_cpu / other_cpu:.2f}; ", end="")
            print(f"keyframes only: {key_wall / other_wall:.2f}, {key_cpu / other_cpu:.2f}")
        print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        if chosen.detectors:
            detectors(path, seconds)


def detectors(path: Path, seconds: float) -> None:
    """Measure a whole check, sound not listened to."""
    from evenhand.facade import Moderator

    quiet = Settings(disabled_detectors=("audio.speech", "audio.events", "audio.known"), detector_timeout_s=600)
    with Moderator(quiet) as moderator:
        moderator.check(path)  # models are loaded
        wall, cpu = timed(lambda: moderator.check(path))
    print(f"all detectors of pictures and texts: {wall:.1f} s ({cpu:.1f} s CPU), {seconds / wall:.1f} x real time")


if __name__ == "__main__":
    sys.exit(main())
