"""How much faster a batch of pictures is checked on two cores than on one: python benchmarks/pictures_batch.py

One process is held to one core, another to two; both check the same batch in turn, and the best of all rounds counts,
so that what else the machine does spoils it least. At least 1.7 is wanted. Pictures: 1,920 x 1,080, laid together from
a folder's photos (or the drawn landscape), every fourth with a line of words; all default detectors and the policy.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

SIZE = (1920, 1080)


def pictures(count: int, folder: Path | None) -> list[bytes]:
    """Give encoded pictures, the same ones every time."""
    from evenhand.detectors import drawings

    random, made = Random(1), []
    files = sorted(folder.rglob("*.jpg")) if folder else []
    for i in range(count):
        image = drawings.landscape().image.resize(SIZE)
        if files:
            image = Image.new("RGB", SIZE)
            for x in range(0, SIZE[0], 480):
                for y in range(0, SIZE[1], 360):
                    image.paste(Image.open(random.choice(files)).convert("RGB").resize((480, 360)), (x, y))
        if i % 4 == 0:
            ImageDraw.Draw(image).text((200, 900), f"Opening hours {i} to 5", font=ImageFont.load_default(48))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=88)
        made.append(out.getvalue())
    return made


def work(cores: int, count: int, folder: Path | None) -> None:
    """Check the batch once for every line of standard input; answer with seconds by the clock and of the processor."""
    from evenhand.domain import Content
    from evenhand.facade import Moderator
    from evenhand.settings import Settings

    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:cores]))
    contents = [Content(data=data) for data in pictures(count, folder)]
    with Moderator(Settings(plugins=False, detector_timeout_s=600, decode_threads=cores)) as moderator:
        list(moderator.check_many(contents[:4]))  # loads the models
        print("ready", flush=True)
        for _ in sys.stdin:
            began, spent = time.perf_counter(), time.process_time()
            results = list(moderator.check_many(contents))
            took = time.perf_counter() - began, time.process_time() - spent
            wrong = sum(bool(getattr(result, "incomplete", True)) for result in results)
            print(json.dumps([*took, wrong]), flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--cores", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cores:
        work(given.cores, given.count, given.photos)
        return
    command = [sys.executable, __file__, "--count", str(given.count)]
    command += ["--photos", str(given.photos)] if given.photos else []
    children = {
        cores: subprocess.Popen(
            [*command, "--cores", str(cores)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for cores in (1, 2)
    }
    rounds: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for child in children.values():
        assert child.stdout is not None
        child.stdout.readline()
    for _ in range(given.rounds):
        for cores, child in children.items():
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("again\n")
            child.stdin.flush()
            clock, processor, wrong = json.loads(child.stdout.readline())
            rounds[cores].append((clock, processor))
            print(f"{cores} core(s): {clock:.2f} s, {processor:.2f} s of the processor, {wrong} incomplete", flush=True)
    for child in children.values():
        child.communicate()
    best = {cores: min(found) for cores, found in rounds.items()}
    print(f"two cores are {best[1][0] / best[2][0]:.2f} times as fast as one by the clock, best of {given.rounds}")
    print(f"on two, the processor was busy {best[2][1] / best[2][0]:.2f} cores of 2; ", end="")
    print(f"work on two over one: {best[2][1] / best[1][1]:.2f}")


if __name__ == "__main__":
    main()
