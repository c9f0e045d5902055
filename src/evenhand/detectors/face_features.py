"""What the face heads read: gradients of the eye strip and the mouth's patch, and measures of the mesh.

Histograms of oriented gradients (Dalal and Triggs 2005) on grey, evened patches: skin tone and light are not in them.
Like the crops and the mesh they come from, they are dropped with the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.detectors import face_mesh
from evenhand.domain import ImagePart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

_EYES = (96, 48)  # px that the eye strip is shrunk to
_BLOCK, _CELL, _BINS = 16, 8, 9  # px, px, directions
EYES = 5 * 11 * 36  # numbers about the eyes
MOUTH = 5 + 26 + 5 * 7 * 36  # numbers about the mouth


def eyes(strip: Pixels) -> Floats:
    """Describe the eye strip (uint8 [224, 224, 3], grey).

    Returns:
        float32 [EYES]: gradients of the strip.
    """
    import cv2

    return _gradients(cv2.resize(strip[:, :, 0], _EYES, interpolation=cv2.INTER_AREA))


def mouth(part: ImagePart, mesh: Floats) -> Floats:
    """Describe the mouth.

    Returns:
        float32 [MOUTH]: measures of the lips, of the face, then gradients of the mouth's patch.
    """
    patch = face_mesh.mouth_patch(part, mesh)
    return np.concatenate([face_mesh.mouth_shape(mesh), face_mesh.face_shape(mesh), _gradients(patch)])


def _gradients(grey: Any) -> Floats:
    import cv2

    size = (grey.shape[1], grey.shape[0])
    described = cv2.HOGDescriptor(size, (_BLOCK, _BLOCK), (_CELL, _CELL), (_CELL, _CELL), _BINS)
    return np.asarray(described.compute(np.asarray(grey, np.uint8)), np.float32).ravel()
