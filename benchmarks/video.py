"""Videos: the cost of decoding and sampling against `ffmpeg -skip_frame nokey`, and the speed of all detectors.

Usage: python -m benchmarks.video [--seconds 60] [--gop 25 50 250 1] [--detectors] [--words] [FILE]

Without a file, a 1280 x 720 H.264 video with sound is drawn: grain, movement, a new scene every 7 seconds, and coded
with keyframes 1, 2 and 10 s apart at most, and of keyframes only. Each ratio is of runs right after each other, the
median of three. CPU seconds stand beside, which do not depend on what else the machine does. FFmpeg is the command
line's, if there is one; its start is part of its time, as reading the file through and its hash are of ours.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from evenhand.decode.media import MediaReader, plan
from evenhand.decode.sniff import sniff
from evenhand.settings import Settings

FPS = 25
SUBTITLES = ("Where were you last night?", "I was at home, reading.", "Nobody saw you there.", "The cat did.")


def lettered(words: str, height: int) -> Any:
    """Give words as a mask, float32 [height, width, 1]."""
    font = ImageFont.load_default(height)
    box = font.getbbox(words)
    mask = Image.new("L", (int(box[2]) + 4, int(box[3]) + 4), 0)
    ImageDraw.Draw(mask).text((2, 2), words, fill=255, font=font)
    return np.asarray(mask, np.float32)[..., None] / 255


def caption(picture: Any, number: int) -> Any:
    """Put a station's mark in a corner and a subtitle, another one every 4 seconds, on a frame."""
    out = picture.copy()
    for words, height, x, y in (
        ("EVENING 7", 26, 1080, 30),
        (SUBTITLES[number // (4 * FPS) % len(SUBTITLES)], 38, 260, 640),
    ):
        mask = lettered(words, height)
        place = out[y : y + mask.shape[0], x : x + mask.shape[1]]
        place[:] = place * (1 - mask) + 255 * mask
    return out


def draw(path: Path, seconds: int, *, words: bool = False) -> None:
    """Encode a video that moves, changes scene and has grain; with captions, if there are to be words."""
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
            if words:
                picture = caption(picture, number)
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


def coded(source: Path, path: Path, gop: int) -> None:
    """Encode a video anew, keyframes at cuts and at most so many frames apart."""
    with av.open(str(source), "r") as film, av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "23", "g": str(gop)}
        video: Any = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound: Any = container.add_stream_from_template(film.streams.audio[0])
        for packet in film.demux():
            if packet.stream.type == "audio" and packet.size:
                packet.stream = sound
                container.mux(packet)
            for frame in packet.decode() if packet.stream.type == "video" else ():
                fresh: Any = frame
                fresh.pict_type = 0
                container.mux(video.encode(fresh))
        container.mux(video.encode())


def ours(path: Path, settings: Settings, *, sound: bool = True) -> tuple[int, float, float]:
    """Plan, decode, sample; give frames, seconds heard and seconds of media."""
    with path.open("rb") as stream:
        made = plan(path, sniff(stream.read(65_536)) or "", settings)
    frames, heard = 0, 0.0
    with MediaReader(path, made, settings) as reader:
        for segment in made.segments:
            parts = reader.segment(segment.number)
            heard += sum(part.seconds for part in parts.sound()) if sound else 0.0
            for _ in parts.frames():
                pass
            frames += len(parts.looked_at)
    return frames, heard, made.duration


def timed(work: Callable[[], Any], *, children: bool = False) -> tuple[float, float]:
    """Give seconds by the clock and of CPU."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    before, started = resource.getrusage(who), time.perf_counter()
    work()
    after = resource.getrusage(who)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(path: Path, settings: Settings) -> int:
    """Measure decoding against FFmpeg's, and tell; give how many frames are looked at."""
    program = shutil.which("ffmpeg")
    nokey = [program or "", "-v", "error", "-skip_frame", "nokey", "-i", str(path), "-an", "-f", "null", "-"]
    quick = settings.model_copy(update={"frame_interval_s": 12.0})
    rows = []
    for _ in range(3):
        heard = timed(lambda: ours(path, settings))
        seen = timed(lambda: ours(path, settings, sound=False))
        keys = timed(lambda: ours(path, quick, sound=False))
        other = timed(lambda: subprocess.run(nokey, check=True), children=True) if program else (0.0, 0.0)
        rows.append((*heard, *seen, *keys, *other))
    heard_s, heard_cpu, seen_s, seen_cpu, keys_s, keys_cpu, other_s, other_cpu = (
        statistics.median(row[n] for row in rows) for n in range(8)
    )
    frames, _, seconds = ours(path, settings, sound=False)
    few = ours(path, quick, sound=False)[0]
    print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1e6:.1f} MB; frames looked at: {frames}, quick {few}")
    print(f"  pictures and sound: {heard_s:.2f} s ({heard_cpu:.2f} s CPU), {seconds / heard_s:.0f} x real time")
    print(f"  pictures: {seen_s:.2f} s ({seen_cpu:.2f} s CPU); quick: {keys_s:.2f} s ({keys_cpu:.2f} s CPU)")
    if program:
        print(f"  ffmpeg -skip_frame nokey: {other_s:.2f} s ({other_cpu:.2f} s CPU)")
        print(f"  ratio: {seen_s / other_s:.2f} by the clock, {seen_cpu / other_cpu:.2f} in CPU; ", end="")
        print(f"quick {keys_s / other_s:.2f} and {keys_cpu / other_cpu:.2f}")
    return frames


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file", nargs="?", type=Path)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--gop", type=int, nargs="+", default=[25, 50, 250, 1], help="frames between keyframes")
    arguments.add_argument("--detectors", action="store_true", help="also with all detectors of pictures, speech off")
    arguments.add_argument("--words", action="store_true", help="draw captions into the video")
    arguments.add_argument("--only-detectors", action="store_true", help="leave out the comparison with ffmpeg")
    chosen = arguments.parse_args()
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        paths = [chosen.file]
        if chosen.file is None:
            source = Path(folder) / "video.mp4"
            draw(source, chosen.seconds, words=chosen.words)
            gops = chosen.gop[-1:] if chosen.only_detectors else chosen.gop
            paths = [Path(folder) / f"gop-{gop}.mp4" for gop in gops]
            for gop, path in zip(gops, paths, strict=True):
                coded(source, path, gop)
        for path in paths:
            frames, _, seconds = ours(path, settings, sound=False)
            if not chosen.only_detectors:
                compare(path, settings)
            if chosen.detectors or chosen.only_detectors:
                detectors(path, seconds, frames)
        print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def detectors(path: Path, seconds: float, frames: int) -> None:
    """Measure a whole check, sound not listened to, and count what is read of it."""
    from evenhand.facade import Moderator
    from evenhand.inference.textlines import LineReader, Reading

    counts = {"frames": 0, "lines": 0, "reused": 0, "pixels": 0}
    plain_frame, plain_map = LineReader.read_frame, LineReader.map

    def read_frame(self: LineReader, rgb: Any, before: Any) -> tuple[Reading, Any]:
        reading, seen = plain_frame(self, rgb, before)
        for name, more in (("frames", 1), ("lines", len(reading.lines)), ("reused", reading.reused)):
            counts[name] += more
        return reading, seen

    def searched(self: LineReader, small: Any) -> Any:
        counts["pixels"] += small.shape[0] * small.shape[1]
        return plain_map(self, small)

    quiet = Settings(disabled_detectors=("audio.speech", "audio.events", "audio.known"), detector_timeout_s=600)
    with Moderator(quiet) as moderator:
        moderator.check(path)  # models are loaded
        with patch.object(LineReader, "read_frame", read_frame), patch.object(LineReader, "map", searched):
            moderator.check(path)
        wall, cpu = timed(lambda: moderator.check(path))
    print(f"all detectors of pictures and texts: {wall:.1f} s ({cpu:.1f} s CPU), {seconds / wall:.1f} x real time")
    print(f"CPU {cpu / seconds:.3f} s a second of video, {1000 * cpu / frames:.0f} ms a frame; {frames} frames")
    whole = counts["pixels"] / max(1, counts["frames"]) / (960 * 544)
    print(
        f"read: {counts['frames']} frames, {counts['lines']} lines, {counts['reused']} of them known from before; "
        f"{whole:.0%} of a frame searched for text on average"
    )


if __name__ == "__main__":
    main()
