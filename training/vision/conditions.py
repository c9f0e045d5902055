"""The labelled photos made harder in one way at a time: smaller, blurred, lit, turned, compressed, covered.

The answers to each stay those of the photo, so how much a condition costs can be read off, and from where on a face
should be answered with "not visible".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from training.vision.covers import Place, covered
from training.vision.faceset import Face, Finder, Sample, compressed, cut, faces, lit, replace_labels, sample, shrunk

PRESENCE_MIN = 0.5
Change = Callable[[Face], Face]


def _sharp(face: Face) -> Face:
    """Shrunk to an eye span of 40 pixels, so that the blur which is then added is nearly all there is."""
    return shrunk(face, 40.0)


def _blurred(percent: float) -> Change:
    def change(face: Face) -> Face:
        small = _sharp(face)
        span = float(np.linalg.norm(small.mesh[33, :2] - small.mesh[263, :2]))
        return replace(small, image=np.asarray(cv2.GaussianBlur(small.image, (0, 0), span * percent / 100), np.uint8))

    return change


def _lit(gamma: float, side: float = 0.0) -> Change:
    return lambda face: replace(face, image=lit(face.image, gamma=gamma, side=side))


def _tilted(degrees: float) -> Change:
    def change(face: Face) -> Face:
        high, wide = face.image.shape[:2]
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), -degrees, 1.0)
        image = np.asarray(cv2.warpAffine(face.image, turn, (wide, high)), np.uint8)
        mesh = face.mesh.copy()
        mesh[:, :2] = mesh[:, :2] @ turn[:, :2].T + turn[:, 2]
        centre = (face.box[:2] + face.box[2:]) / 2 @ turn[:, :2].T + turn[:, 2]
        half = (face.box[2:] - face.box[:2]) / 2
        return replace(face, image=image, box=np.float32([*(centre - half), *(centre + half)]), mesh=mesh)

    return change


CHANGES: dict[str, Change] = {
    "as it is": lambda face: face,
    **{f"size {span} px": (lambda face, span=span: shrunk(face, float(span))) for span in (40, 28, 20, 14)},
    **{f"blur {percent}": _blurred(percent) for percent in (2, 4, 6, 9)},
    "light dark": _lit(2.5),
    "light bright": _lit(0.4),
    "light side": _lit(1.0, 0.8),
    "tilt 20": _tilted(20),
    "tilt 40": _tilted(40),
    "compressed 25": lambda face: replace(face, image=compressed(face.image, 25)),
}
COVERS: tuple[Place, ...] = ("eyes", "mouth")


def changed(media: Path, package: Path) -> Iterator[tuple[str, Sample]]:
    """(condition, sample) for every labelled face and condition in which the mesh still sees a face."""
    finder, rng = Finder(package), np.random.default_rng(17)
    for face in faces(media, finder):
        around = cut(face)
        versions = [(name, change(around)) for name, change in CHANGES.items()]
        made: list[tuple[str, Sample]] = []
        for name, one in versions:
            again = finder.again(one)
            if again.presence >= PRESENCE_MIN:
                made.append((name, sample(again, "real")))
        if not face.label.covered:
            for place in COVERS:
                again = finder.again(replace(around, image=covered(around.image, around.mesh, place, rng)))
                if again.presence >= PRESENCE_MIN:
                    made.append((f"cover {place}", replace_labels(sample(again, "covered"), place)))
        finder.embed([one for _, one in made])
        yield from made
