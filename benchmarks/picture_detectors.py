"""What each picture detector that ships costs a photo, on one thread, and what they share.

    python benchmarks/picture_detectors.py [PHOTO] [--size 1920x1080]

Processor time, the least of several runs, so that a busy machine spoils it less. Each detector is given a fresh
picture, so each pays for what it could share; the last rows are the shared copy, and all of them on one picture.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
from PIL import Image

from evenhand.detectors import drawings
from evenhand.detectors.base import AnyDetector, DetectorContext
from evenhand.detectors.registry import Registry
from evenhand.domain import ImagePart, PartKind
from evenhand.inference.pictures import working_array
from evenhand.settings import Settings

RUNS = 4


def least(run: Callable[[ImagePart], object], image: Image.Image) -> float:
    """Give the least processor time of some runs on fresh pictures, in milliseconds."""
    found = []
    for _ in range(RUNS):
        part = ImagePart(image=image)
        start = time.process_time()
        run(part)
        found.append(time.process_time() - start)
    return min(found) * 1000


def alone(detector: AnyDetector, part: ImagePart) -> None:
    """Look at a picture with one detector."""
    detector.detect([part])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", nargs="?")
    parser.add_argument("--size", default="1920x1080")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    width, height = (int(side) for side in given.size.split("x"))
    image = Image.open(given.photo).convert("RGB") if given.photo else drawings.landscape().image
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    image.load()
    registry = Registry(DetectorContext(settings=Settings(plugins=False, threads=1)))
    detectors: list[AnyDetector] = []
    print(f"| detector | ms, {width} x {height}, one thread |\n|---|---|")
    for slot in registry.slots([PartKind.IMAGE]):
        detector = slot.get()
        if detector is None:
            print(f"| {slot.name} | {slot.failure} |")
            continue
        detector.detect([ImagePart(image=image)])  # loads its weights
        detectors.append(detector)
        print(f"| {slot.name} | {least(partial(alone, detector), image):.0f} |", flush=True)
    print(f"| working copy, as array | {least(working_array, image):.0f} |")
    together = least(lambda part: [detector.detect([part]) for detector in detectors], image)
    print(f"| all on one picture | {together:.0f} |")
    quick = [detector for detector in detectors if detector.info.name != "image.ocr"]
    without = least(lambda part: [detector.detect([part]) for detector in quick], image)
    print(f"| all but image.ocr on one picture | {without:.0f} |")


if __name__ == "__main__":
    main()
