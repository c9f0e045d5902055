"""Facts about the picture of a face that avatar and ID-photo checks ask for: pose, blur, size and place.

All come from the mesh and the pixels around it, and all are rounded: together they describe a photograph, not a person.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import face_mesh
from evenhand.domain import Fact, ImagePart
from evenhand.domain.location import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_TEMPLES, _TOP, _CHIN = (234, 454), 10, 152  # mesh points: sides of the face (left of the picture first), brow, chin
_LEVEL_PITCH = -7.0  # degrees that the plane through brow, chin and sides leans on a face that looks at the camera
_SIDE = 96  # px of the crop that blur is measured on
_SPANS = 1.5  # its width in eye spans
_REBLUR = 2.0  # px, standard deviation
_EDGES = 0.9  # quantile of the gradient above which a pixel counts as an edge
_BLUR_MOST = 30.0  # hundredths of an eye span; more is not told apart


def pose(mesh: Floats) -> tuple[int, int, int]:
    """Give yaw, pitch and roll in whole degrees from the mesh's own depth.

    Args:
        mesh: float32 [468, 3] in pixels of the working copy, z away from the viewer.

    Returns:
        Yaw positive towards the right of the picture, pitch positive upwards, roll positive clockwise in the picture.
    """
    across = mesh[_TEMPLES[1]] - mesh[_TEMPLES[0]]
    across = across / max(float(np.linalg.norm(across)), 1e-6)
    down = mesh[_CHIN] - mesh[_TOP]
    down = down - across * float(down @ across)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    ahead = -np.cross(across, down)  # where the face looks; (0, 0, -1) into the camera
    yaw = math.degrees(math.atan2(float(ahead[0]), -float(ahead[2])))
    pitch = math.degrees(math.atan2(-float(ahead[1]), math.hypot(float(ahead[0]), float(ahead[2])))) - _LEVEL_PITCH
    roll = math.degrees(math.atan2(float(across[1]), float(across[0])))
    return round(yaw), round(pitch), round(roll)


def blur(part: ImagePart, mesh: Floats) -> float:
    """Measure how wide the sharpest edges of a face are.

    An edge of width s that is blurred once more by r loses its slope by sqrt(s^2 + r^2) / s (Zhuo and Sim 2011), so
    the ratio of two gradients gives s, whatever the contrast and the light.

    Returns:
        Standard deviation of the blur in hundredths of the eye span, 0 to 30. A face of few pixels is never sharp.
    """
    import cv2

    grey = face_mesh.middle(part, mesh, side=_SIDE, spans=_SPANS)
    again = np.asarray(cv2.GaussianBlur(grey, (0, 0), _REBLUR), np.float32)
    first, second = _slope(grey), _slope(again)
    edge = first >= max(float(np.quantile(first, _EDGES)), 1e-3)
    ratio = float(np.quantile(first[edge] / np.maximum(second[edge], 1e-3), 0.5))
    width = _REBLUR / math.sqrt(max(ratio * ratio - 1, 1e-4))  # px of the crop
    return round(min(100 * width * _SPANS / _SIDE, _BLUR_MOST), 1)


def place(part: ImagePart, box: Box) -> dict[str, Fact]:
    """Give `share` and `off_centre` of a box in pixels of the decoded picture."""
    width, height = part.size
    across = abs((box[0] + box[2]) / 2 / width - 0.5)
    down = abs((box[1] + box[3]) / 2 / height - 0.5)
    return {"share": round((box[3] - box[1]) / height, 2), "off_centre": round(max(across, down), 2)}


def _slope(grey: Floats) -> Floats:
    import cv2

    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)
