"""What image.nudity and image.face cost a picture, and how much of it is not the models.

    python benchmarks/pictures_models.py

One thread for each model. Processor time, the best of several runs, so that a busy machine spoils it less. A picture
is given as decoded; what it costs to shrink it to the working copy, which all detectors share, is shown apart.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from PIL import Image

from evenhand.detectors import drawings
from evenhand.detectors.face import FaceDetector
from evenhand.detectors.nudity import NudityDetector
from evenhand.domain import ImagePart
from evenhand.inference.pictures import working_array
from evenhand.inference.sessions import LazySession

SIZES = ((640, 480), (4000, 3000))
RUNS = 15


class Counted(LazySession):
    """A session that adds up the time spent in the model."""

    spent = 0.0

    def run(self, outputs: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        session = self.session
        start = time.process_time()
        out = session.run(outputs, inputs)
        Counted.spent += time.process_time() - start
        return list(out)


def scene(size: tuple[int, int], *, face: bool) -> Image.Image:
    """Draw hills, and two drawn faces where wanted."""
    image = drawings.landscape().image.resize(size)
    if face:
        side = size[1] // 2
        drawn = drawings.face(smile=True).image.resize((side * 5 // 6, side))
        image.paste(drawn, (0, size[1] // 4))
        image.paste(drawn, (size[0] // 2, size[1] // 4))
    return image


def best(run: Callable[[], None]) -> tuple[float, float]:
    """Give the least processor time of several runs and the models' share of that run, in milliseconds."""
    run()
    took = []
    for _ in range(RUNS):
        Counted.spent, start = 0.0, time.process_time()
        run()
        took.append((time.process_time() - start, Counted.spent))
    least = min(took)
    return least[0] * 1e3, least[1] * 1e3


def shrunk(image: Image.Image) -> None:
    """Make the working copy."""
    working_array(ImagePart(image=image))


def rss() -> float:
    """Give the memory of this process, in MB."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    import evenhand.detectors.face as face_module
    import evenhand.detectors.face_heads as heads_module
    import evenhand.detectors.nudity as nudity_module

    for module in (face_module, heads_module, nudity_module):
        vars(module)["LazySession"] = Counted
    nudity, face = NudityDetector(threads=1), FaceDetector(threads=1)
    for name, detector in (("image.nudity", nudity), ("image.face", face)):
        before, start = rss(), time.perf_counter()
        detector.detect([drawings.face()])
        print(f"{name}: first picture, weights loaded: {time.perf_counter() - start:.2f} s, {rss() - before:+.0f} MB")
    for size in SIZES:
        for with_face in (False, True):
            image = scene(size, face=with_face)
            shrink, _ = best(partial(shrunk, image))
            for name, detectors in (("nudity", [nudity]), ("face", [face]), ("both", [nudity, face])):

                def run(image: Image.Image = image, detectors: list[Any] = detectors) -> None:
                    part = ImagePart(image=image)
                    working_array(part)
                    for detector in detectors:
                        detector.detect([part])

                took, models = best(run)
                print(
                    f"{size[0]}x{size[1]} {'two faces' if with_face else 'no face'} {name}: {took - shrink:.1f} ms and "
                    f"{shrink:.1f} ms working copy; models {models:.1f} ms; {(took - shrink) / models:.2f}x, with "
                    f"the working copy {took / models:.2f}x"
                )
    parts = [ImagePart(image=scene((640, 480), face=True)) for _ in range(16)]

    def many() -> None:
        for detector in (nudity, face):
            detector.detect([ImagePart(image=part.image) for part in parts])

    took, models = best(many)
    print(f"16 pictures 640x480 two faces, one call each: {took / 16:.1f} ms a picture; models {models / 16:.1f} ms")
    for name in ("nudity", "face"):
        script = (
            f"import time; s = time.perf_counter(); import evenhand.detectors.{name}; print(time.perf_counter() - s)"
        )
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        print(f"import evenhand.detectors.{name}: {float(out):.2f} s")


if __name__ == "__main__":
    main()
