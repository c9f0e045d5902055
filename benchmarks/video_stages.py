"""Videos checked whole, by all detectors of pictures and texts: processor time by stage, the clock, and memory.

Usage: python -m benchmarks.video_stages FILE... [--minutes 10 20 40]

Each file is checked once after the models are loaded; sound is not listened to. With `--minutes` the files are laid one
after another, again and again, up to each length, and that is checked: cost must grow with length and memory must not
(the files must be coded alike). Processor time is of this process by detector, where it
runs on the detector's own thread, and of the processes that decode. The start of Python and of models is left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evenhand.domain import Part
from evenhand.facade import Moderator
from evenhand.inference.lanes import Lane
from evenhand.settings import Settings

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Spent:
    """Processor seconds of detectors, each on its own thread, and how many parts they were given."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.parts: Counter[str] = Counter()
        self._plain = Lane.call

    def call(
        self, lane: Lane, key: str, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Part]
    ) -> Any:
        """Stand in for `Lane.call`."""

        def timed(some: Sequence[Any]) -> Sequence[Any]:
            started = time.thread_time()
            try:
                return function(some)
            finally:
                self.seconds[key] += time.thread_time() - started  # type: ignore[assignment]
                self.parts[key] += len(some)

        return self._plain(lane, key, timed, items)


def below() -> tuple[float, float]:
    """Give the processor seconds of all processes under this one, also of those that ended, and megabytes they hold."""
    table: dict[int, tuple[int, float, float]] = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            table[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / _TICK, int(fields[21]) * _PAGE_MB)
        except (OSError, ValueError, IndexError):
            continue
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, held, parents = gone.ru_utime + gone.ru_stime, 0.0, {os.getpid()}
    while parents:
        children = {pid for pid, (parent, _, _) in table.items() if parent in parents}
        seconds += sum(table[pid][1] for pid in children)
        held += sum(table[pid][2] for pid in children)
        parents = children
    return seconds, held


def own() -> tuple[float, float]:
    """Give this process's processor seconds and the megabytes that it holds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


class Memory:
    """Watches how much this process and those under it hold, five times a second."""

    def __init__(self) -> None:
        self.most, self.apart, self._over = 0.0, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.most, self.apart = max(self.most, own()[1]), max(self.apart, below()[1])


def check(moderator: Moderator, path: Path, spent: Spent) -> None:
    """Check a video and tell what it took."""
    spent.seconds.clear()
    spent.parts.clear()
    (cpu, held), decoding, started = own(), below()[0], time.perf_counter()
    with Memory() as memory:
        result: Any = moderator.check(path)
    wall, cpu, decoding = time.perf_counter() - started, own()[0] - cpu, below()[0] - decoding
    seconds, frames = result.media["duration"], result.media["frames"]
    print(
        f"{path.stem}: {seconds:.0f} s, {frames} frames, {result.media['frames_repeated']} of them as before; "
        f"{(cpu + decoding) / seconds:.4f} s CPU a second, {wall:.1f} s: {seconds / wall:.1f} x real time with "
        f"{(cpu + decoding) / wall:.2f} cores; {1000 * (cpu + decoding) / max(1, frames):.0f} ms a frame"
    )
    rows = {name: used / seconds for name, used in spent.seconds.most_common() if used / seconds >= 0.0005}
    rows |= {"decoding": decoding / seconds, "the rest": (cpu - sum(spent.seconds.values())) / seconds}
    print("  " + ", ".join(f"{name} {share:.4f}" for name, share in rows.items()))
    print(f"  memory: {held:.0f} MB before, {memory.most:.0f} at most, {memory.apart:.0f} in processes that decode")
    print(f"  found: {', '.join(sorted({finding.label for finding in result.findings})) or 'nothing'}", flush=True)


def laid(paths: Sequence[Path], minutes: float, folder: Path) -> Path:
    """Lay videos one after another up to a length, as they are coded."""
    listed, out = folder / "list.txt", folder / f"{minutes:g}-minutes.mp4"
    listed.write_text("".join(f"file '{path.resolve()}'\n" for path in paths) * max(1, round(minutes * 12)))
    command = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(listed)]
    subprocess.run([*command, "-t", str(60 * minutes), "-map", "0:v", "-c", "copy", str(out)], check=True)
    return out


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("files", nargs="+", type=Path)
    arguments.add_argument("--minutes", type=float, nargs="+", default=[])
    chosen = arguments.parse_args()
    quiet = Settings(disabled_detectors=("audio.speech", "audio.events", "audio.known"), detector_timeout_s=600)
    spent = Spent()
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(Lane, "call", lambda *given: spent.call(*given)),  # noqa: PLW0108 (a method, which is given its lane)
        Moderator(quiet) as moderator,
    ):
        moderator.check(laid(chosen.files[:1], 0.1, Path(folder)))  # models are loaded
        for minutes in chosen.minutes:
            path = laid(chosen.files, minutes, Path(folder))
            check(moderator, path, spent)
            path.unlink()
        for path in () if chosen.minutes else chosen.files:
            check(moderator, path, spent)


if __name__ == "__main__":
    main()
