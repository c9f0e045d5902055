"""The space in which whole pictures are compared: 256 whitened directions of the general model's vectors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from evenhand.errors import ModelError
from evenhand.inference.cards import load_card
from evenhand.inference.general import DIMENSIONS, PACKAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "picture-space"
KEPT = 256


class PictureSpace:
    """The projection, verified and loaded on first use, once; used from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    @property
    def version(self) -> str:
        """Names model and projection; vectors of different versions are not comparable."""
        card = load_card(PACKAGE, NAME)
        return f"{card.raw.get('source', {}).get('model', '')} {NAME} {card.version}"

    def compact(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Project vectors of the general model.

        Args:
            embeddings: float32 [n, 1280], each of length 1.

        Returns:
            float32 [n, 256], each of length 1. Unlike pictures lie near 0, copies of one picture near 1.

        Raises:
            ModelError: the file is missing or not what its card describes.
        """
        mean, basis = self._arrays()
        rows = (embeddings - mean) @ basis
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit

    def background(self) -> NDArray[np.float32]:
        """Give vectors of ordinary pictures, each mixed of two: float32 [512, 1280], each of length 1.

        Raises:
            ModelError: the file is missing or not what its card describes.
        """
        with np.load(load_card(PACKAGE, NAME).path(), allow_pickle=False) as held:
            rows = held["background"].astype(np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def _arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with self._lock:
            if self._loaded is None:
                with np.load(load_card(PACKAGE, NAME).path(), allow_pickle=False) as held:
                    mean, basis = held["mean"].astype(np.float32), held["basis"].astype(np.float32)
                if mean.shape != (DIMENSIONS,) or basis.shape != (DIMENSIONS, KEPT):
                    raise ModelError(f"Weights of {NAME} have another shape; reinstall the model package.")
                self._loaded = mean, basis
            return self._loaded
