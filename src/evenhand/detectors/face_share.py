"""How much of a picture faces take up: pictures that are mostly a face are not enrolled for likeness or classes.

A vector of a face-filling picture could be compared with another of the same person. So no such vector is ever kept.
The detector's boxes are taken without asking the mesh: in doubt a picture counts as a face, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import face_boxes
from evenhand.domain import ImagePart
from evenhand.inference.pictures import working_copy
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FACE = 0.1  # share of a picture that its faces may cover to be enrolled
_SCORE = 0.6  # of a box that counts
_ROOM = 0.5  # of the longer side, added all around: a face that fills the picture is found only with room about it


class FaceShare:
    """Says how much of a picture is face; the weights are loaded on first use."""

    def __init__(self, *, threads: int = 0) -> None:
        self._boxes = LazySession("evenhand_models_vision", "face-detector", threads=threads)

    def of(self, part: ImagePart) -> float:
        """Give the share of the picture that its faces cover together, 0 to 1.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        from PIL import ImageOps

        image = working_copy(part)
        room = round(max(image.size) * _ROOM)
        return max(
            self._covered(image, image), self._covered(ImageOps.expand(image, room, fill=(127, 127, 127)), image)
        )

    def _covered(self, shown: Image, image: Image) -> float:
        part = ImagePart(image=shown)
        scores, boxes = self._boxes.run(["scores", "boxes"], {"pixels": face_boxes.canvas(part)[None]})
        found = face_boxes.faces(np.asarray(scores[0]), np.asarray(boxes[0]), size=shown.size)
        areas = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in found if f.score >= _SCORE]
        return min(1.0, sum(areas) * shown.width * shown.height / (image.width * image.height))
