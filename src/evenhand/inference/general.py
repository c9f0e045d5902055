"""The general picture model: pictures to vectors whose cosine says how alike they look.

Near-duplicate search, custom classes and own heads share it. It is a vector of a whole picture or of a fixed part of
one: no caller may hand it a cut-out face, because likeness of faces would be identity (see `evenhand.fairness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from evenhand.inference.pictures import frozen, resized
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.domain import ImagePart

PACKAGE = "evenhand_models_vision"
NAME = "lite0"
DIMENSIONS = 1280
SIDE = 224  # px; the model sees a picture squeezed to this square
CROPS = ("whole", "centre", "upper left", "upper right", "lower left", "lower right")
_BATCH = 16  # pictures a run: more is no faster, and holds more memory
_VIEW = "general.embedding"  # where a picture keeps its vector while it is looked at
_CENTRE = 0.7  # of each side that the centre crop keeps


class GeneralEmbedder:
    """The model, verified and loaded on first use, once; used from any number of threads.

    Args:
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._model = LazySession(PACKAGE, NAME, threads=threads)

    @property
    def version(self) -> str:
        """The model's name and version, e.g. "lite0 0.1.0"; vectors of different versions are not comparable."""
        return f"{NAME} {self._model.card.version}"

    def load(self) -> None:
        """Load the model now, if it was not.

        Raises:
            ModelError: the weights are missing or not what the card describes.
        """
        _ = self._model.session

    def embeddings(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed pictures, in runs of 16.

        Args:
            pictures: uint8 [height, width, 3] each, RGB, any size from 1 x 1; squeezed to 224 x 224.

        Returns:
            float32 [n, 1280], all >= 0, each row of length 1: the dot product of two rows is their cosine, 0 to 1.

        Raises:
            ModelError: the weights are missing or not what the card describes.
            ValueError: an array has another shape or type.
        """
        parts = []
        for start in range(0, len(pictures), _BATCH):
            pixels = np.stack([_squeezed(picture) for picture in pictures[start : start + _BATCH]])
            parts.append(self._model.run(["embedding"], {"pixels": pixels})[0])
        if not parts:
            return np.zeros((0, DIMENSIONS), np.float32)
        rows = np.concatenate(parts)
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit

    def of_many(self, parts: Sequence[ImagePart]) -> NDArray[np.float32]:
        """Embed decoded pictures in batches, each once, whoever asks: float32 [n, 1280], length 1."""
        missing = [part for part in parts if _VIEW not in part.views]
        for part, row in zip(missing, self.embeddings([resized(p, SIDE, SIDE) for p in missing]), strict=True):
            _keep(part, row)
        return np.stack([self.of(part) for part in parts]) if parts else np.zeros((0, DIMENSIONS), np.float32)

    def of(self, part: ImagePart) -> NDArray[np.float32]:
        """Embed a decoded picture, once, whoever asks: float32 [1280], read-only."""
        if _VIEW in part.views:
            return cast("NDArray[np.float32]", part.views[_VIEW])
        return _keep(part, self.embeddings([resized(part, SIDE, SIDE)])[0])


def crops(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Give views on the parts of a picture that CROPS names: the whole, the centre (70% of each side), the quarters.

    Args:
        picture: uint8 [height, width, 3]; under 2 px a side every part is the whole.
    """
    height, width = picture.shape[:2]
    if min(height, width) < 2:
        return (picture,) * len(CROPS)
    top, left = round(height * (1 - _CENTRE) / 2), round(width * (1 - _CENTRE) / 2)
    middle, centre = height // 2, width // 2
    return (
        picture,
        picture[top : height - top, left : width - left],
        picture[:middle, :centre],
        picture[:middle, centre:],
        picture[middle:, :centre],
        picture[middle:, centre:],
    )


def _keep(part: ImagePart, row: NDArray[np.float32]) -> NDArray[np.float32]:
    row.setflags(write=False)
    return part.view(_VIEW, lambda _: row)


def _squeezed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ValueError(f"a picture is uint8 [height, width, 3], not {picture.dtype} {list(picture.shape)}")
    height, width = picture.shape[:2]
    if (height, width) == (SIDE, SIDE):
        return picture
    how = cv2.INTER_AREA if height > SIDE or width > SIDE else cv2.INTER_LINEAR
    return frozen(np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=how), np.uint8))
