"""Live streams: how late incidents are told, and how many 720p streams this machine holds.

Usage: python benchmarks/live.py [--seconds 40] [--streams 1 2 4 8] [--all-detectors]

Each stream is a file of 1280 x 720 at 25 frames a second with sound, read at 1x by a follower of its own, all in
one process. A code that advertises stands from 12 to 15 s, an insult is said at 20 s. A number of streams is held when
nothing was dropped. Told for each number: how late the incidents were, what was dropped, CPU seconds for a second of
one stream.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from evenhand.app import AsyncModerator
from evenhand.domain import Content, ContentKind, Options, new_id
from evenhand.intake.addresses import read_address
from evenhand.intake.events import Event
from evenhand.intake.follower import Follower, Turns
from evenhand.settings import Settings
from tests.live import ADVERT, ADVERT_S, INSULT_S, INTO_S, OFF
from tests.recordings import landscape, qr, video
from tests.sounds import RATE, spoken

SIZE = (1280, 720)


class Notes:
    """A journal in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, events: Sequence[Event], state: Mapping[str, Any]) -> bool:
        """Keep events."""
        self.events += events
        return True

    def clip(self, incident: str, data: bytes) -> bool:
        """Keep none."""
        return False


def draw(seconds: float) -> bytes:
    """Encode the program."""

    def scene(moment: float) -> Image.Image:
        if ADVERT_S <= moment < ADVERT_S + 3:
            return qr(ADVERT, SIZE)
        return landscape(moment, SIZE)

    sound = np.zeros(round(seconds * RATE), np.float32)
    said, begin = spoken("insult_en"), round((INSULT_S - INTO_S) * RATE)
    sound[begin : begin + len(said)] = said[: len(sound) - begin]
    options = {"preset": "ultrafast"}
    return video(scene, seconds=seconds, fps=25, fmt="mpegts", gop=50, sounds=[sound], options=options)


async def follow(path: Path, count: int, settings: Settings) -> list[Notes]:
    """Follow the program so many times at once."""
    async with AsyncModerator(settings) as moderator:
        await asyncio.to_thread(moderator.warm)
        turns, notes = Turns(), [Notes() for _ in range(count)]
        started = time.monotonic(), _cpu()
        followers = []
        for journal in notes:
            content = Content(url="test:", id=new_id(), kind=ContentKind.STREAM, language="en")
            address = read_address(str(path), files=True)
            options = Options(record=False)
            followers.append(Follower(moderator, address, journal, turns, options=options, content=content))
        await asyncio.gather(*(follower.run() for follower in followers))
        wall, cpu = time.monotonic() - started[0], _cpu() - started[1]
    _tell(notes, count, wall, cpu)
    return notes


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _tell(notes: Sequence[Notes], count: int, wall: float, cpu: float) -> None:
    late: dict[str, list[float]] = {"read": [], "said": []}
    dropped, heard_not, seconds = 0.0, 0.0, 0.0
    for journal in notes:
        for event in journal.events:
            if event.kind == "incident.opened":
                way = event.data["modalities"][0]
                late.setdefault(way, []).append(float(event.data["late_s"]))
            if event.kind == "ended":
                dropped += event.data["counts"]["pictures_dropped"]
                heard_not += event.data["counts"]["seconds_dropped"]
                seconds += event.data["seconds"]
    said = "; ".join(
        f"{way}: {len(times)} incidents, late {statistics.median(times):.1f} s, at most {max(times):.1f} s"
        for way, times in late.items()
        if times
    )
    held = "held" if not dropped and not heard_not else "NOT held"
    print(f"{count} streams {held}: {dropped:g} pictures and {heard_not:g} s of sound dropped; {said}")
    print(f"   {cpu / max(1.0, seconds):.3f} CPU s a second of a stream, {wall:.0f} s in all")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--all-detectors", action="store_true", help="also the models of pictures and sounds")
    given = parser.parse_args()
    off = () if given.all_detectors else OFF
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.ts"
        path.write_bytes(draw(given.seconds))
        settings = Settings(plugins=False, data_dir=Path(folder), disabled_detectors=off, log_level="error")
        for count in given.streams:
            asyncio.run(follow(path, count, settings))


if __name__ == "__main__":
    main()
