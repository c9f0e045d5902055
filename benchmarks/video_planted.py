"""Videos: how many codes and adverts that appear for a moment are looked at, by sampling and by keyframe distance.

Usage: python -m benchmarks.video_planted [--seconds 240] [--footage FOLDER]

Over footage that moves (short clips played forth and back; drawn if there are none), a QR code, an advert on a band and
one in plain letters appear in turn for 2, 1 and .5 seconds, at moments that have nothing to do with keyframes. An
overlay counts as looked at if a frame that the detectors are shown lies within it; of codes, also how many are read.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from evenhand.decode.media import MediaReader, plan
from evenhand.settings import Settings

FPS = 25
SIZE = (640, 360)
FOOTAGE = Path("../shared/data/media/video/fight_surv/fight")
SCENE_S = 12
DURATIONS = (2.0, 1.0, 0.5)
WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "quick (12 s)": {"frame_interval_s": 12.0},
    "thorough (.5 s)": {"frame_interval_s": 0.5},
}
GOPS = {25: "1 s", 50: "2 s", 250: "10 s"}


@dataclass(frozen=True)
class Overlay:
    """Something that appears for a moment."""

    start: float  # seconds
    seconds: float
    kind: str
    place: tuple[int, int]
    number: int


def planted(seconds: int) -> list[Overlay]:
    """Give overlays, one about every six seconds, each kind with each duration."""
    dice = random.Random(1)
    kinds = [(kind, long) for kind in ("code", "band", "letters") for long in DURATIONS]
    return [
        Overlay(6 * n + 0.5 + 3 * dice.random(), kinds[n % 9][1], kinds[n % 9][0],
                (dice.randrange(10, 300), dice.randrange(10, 220)), n)
        for n in range(seconds // 6)
    ]  # fmt: skip


def footage(folder: Path, scene: int) -> list[Any]:
    """Give the frames of a scene, uint8 [360, 640, 3]: a clip, or a texture that slides."""
    clips = sorted(folder.glob("*.mp4")) if folder.is_dir() else []
    frames: list[Any] = []
    if clips:
        with av.open(str(clips[scene * 3 % len(clips)])) as container:
            for frame in container.decode(video=0):
                frames.append(frame.reformat(*SIZE, "rgb24").to_ndarray())
                if len(frames) >= 75:
                    break
        return frames + frames[::-1][1:-1]
    dice = np.random.default_rng(scene)
    wide = Image.fromarray(dice.integers(0, 255, (24, 80, 3), dtype=np.uint8)).resize((1280, 360))
    return [np.asarray(wide)[:, 3 * n : 3 * n + 640] for n in range(200)]


def drawn(frame: Any, overlay: Overlay) -> Any:
    """Put an overlay on a frame."""
    image = Image.fromarray(frame)
    if overlay.kind == "code":
        code = zxingcpp.create_barcode(f"https://wa.me/1415555{overlay.number:04d}", zxingcpp.BarcodeFormat.QRCode)
        mark = Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(code, scale=5))).convert("RGB")
        image.paste(mark.resize((130, 130)), overlay.place)
        return np.asarray(image)
    pen, (x, y) = ImageDraw.Draw(image), overlay.place
    if overlay.kind == "band":
        pen.rectangle((x, y, x + 320, y + 36), fill=(250, 220, 40))
    colour = (10, 10, 10) if overlay.kind == "band" else (255, 255, 255)
    pen.text((x + 6, y + 6), f"BUY FOLLOWERS t.me/s{overlay.number}", fill=colour, font=ImageFont.load_default(22))
    return np.asarray(image)


def encode(path: Path, overlays: list[Overlay], folder: Path, *, seconds: int, gop: int) -> None:
    """Write the video; the encoder puts keyframes at cuts, as it does by default."""
    options = {"preset": "veryfast", "crf": "23", "g": str(gop)}
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        frames: list[Any] = []
        for number in range(seconds * FPS):
            if number % (SCENE_S * FPS) == 0:
                frames = footage(folder, number // (SCENE_S * FPS))
            picture = frames[number % len(frames)]
            for overlay in overlays:
                if overlay.start <= number / FPS < overlay.start + overlay.seconds:
                    picture = drawn(picture, overlay)
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(video.encode())


def looked(path: Path, settings: Settings, overlays: list[Overlay]) -> tuple[Counter[Any], int]:
    """Count overlays that are looked at, by kind and duration, and codes that are read; and all frames shown."""
    made = plan(path, "video/mp4", settings)
    seen: set[Overlay] = set()
    read: set[Overlay] = set()
    shown = 0
    with MediaReader(path, made, settings) as reader:
        for segment in made.segments:
            for part in reader.segment(segment.number).frames():
                shown += 1
                moment = part.origin.time[0] if part.origin.time else 0.0
                found = [one for one in overlays if one.start <= moment < one.start + one.seconds]
                seen.update(found)
                if any(one.kind == "code" for one in found) and zxingcpp.read_barcodes(part.image):
                    read.update(one for one in found if one.kind == "code")
    counts: Counter[Any] = Counter((one.kind, one.seconds) for one in seen)
    counts["read"] = len(read)
    return counts, shown


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=int, default=240)
    arguments.add_argument("--footage", type=Path, default=FOOTAGE)
    chosen = arguments.parse_args()
    overlays = planted(chosen.seconds)
    total = Counter(one.seconds for one in overlays)
    codes = sum(one.kind == "code" for one in overlays)
    print(f"{'keyframes':10} {'sampling':16} frames/min  " + "  ".join(f"{s} s" for s in DURATIONS) + "  codes read")
    with tempfile.TemporaryDirectory() as folder:
        for gop, name in GOPS.items():
            path = Path(folder) / f"{gop}.mp4"
            encode(path, overlays, chosen.footage, seconds=chosen.seconds, gop=gop)
            for way, changes in WAYS.items():
                counts, shown = looked(path, Settings(**changes), overlays)
                by = {s: sum(n for key, n in counts.items() if key != "read" and key[1] == s) for s in DURATIONS}
                shares = "  ".join(f"{by[s]}/{total[s]}" for s in DURATIONS)
                print(f"{name:10} {way:16} {60 * shown / chosen.seconds:10.1f}  {shares}  {counts['read']}/{codes}")


if __name__ == "__main__":
    main()
