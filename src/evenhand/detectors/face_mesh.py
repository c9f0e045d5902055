"""The 468-point mesh of a face (Kartynnik et al. 2019): crops for it, and what is measured on it.

It serves to place the eye strip and to measure the lips. The points never leave the detector, and faces are never
compared with one another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors.face_boxes import FaceBox
from evenhand.domain import ImagePart
from evenhand.inference.pictures import fitted, working_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

SIDE = 192  # px of the mesh's crop
STRIP = 224  # px of the eye strip
SPAN_MIN = 20.0  # px of the working copy between the outer eye corners; smaller faces are not inspected
TURN_MAX = 50.0  # degrees that a head may be turned aside; beyond, half of the eyes and the mouth is out of sight
PRESENCE_MIN = 0.5  # below it the mesh says: no face (animals, drawings, false boxes)
_CROP = 1.5  # side of the crop, in longer sides of the box
_WIDE, _HIGH = 1.9, 0.95  # of the eye strip, in eye spans
_EYES = (33, 263)  # outer corners, the one on the left of the picture first
_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER = (61, 291), (13, 14), (0, 17)
_CHIN, _BETWEEN_EYES = 152, 168


def face_crop(part: ImagePart, face: FaceBox) -> tuple[Pixels, Floats]:
    """Give the mesh's crop: square, one and a half boxes wide, eyes level.

    Returns:
        uint8 [192, 192, 3], black outside the picture; and the affine [2, 3] that leads there from the working copy.
    """
    size = _size(part)
    box = np.array(face.box, np.float32).reshape(2, 2) * size
    side = float((box[1] - box[0]).max()) * _CROP
    there = _square(box.mean(axis=0), (face.eyes[1] - face.eyes[0]) * size, wide=side, high=side, out=SIDE)
    return _warp(part, there, SIDE), there


def in_picture(points: Floats, there: Floats) -> Floats:
    """Map mesh points [468, 3] from fractions of the crop to pixels of the working copy; z in the same unit."""
    import cv2

    back = np.asarray(cv2.invertAffineTransform(there), np.float32)
    plane = points[:, :2] * SIDE @ back[:, :2].T + back[:, 2]
    unit = SIDE * math.sqrt(abs(float(np.linalg.det(back[:, :2]))))
    return np.hstack([plane, points[:, 2:] * unit]).astype(np.float32)


def eye_strip(part: ImagePart, mesh: Floats) -> Pixels:
    """Give the strip around the eyes: levelled, grey, of mean 127 and spread 48.

    Grey and evened on purpose: skin tone and light carry nothing about eyewear.

    Returns:
        uint8 [224, 224, 3], three equal channels.
    """
    import cv2

    eyes = mesh[list(_EYES), :2]
    across = eyes[1] - eyes[0]
    span = float(np.linalg.norm(across))
    there = _square(eyes.mean(axis=0), across, wide=_WIDE * span, high=_HIGH * span, out=STRIP)
    grey = np.asarray(cv2.cvtColor(_warp(part, there, STRIP), cv2.COLOR_RGB2GRAY), np.float32)
    even = (grey - grey.mean()) / max(float(grey.std()), 4.0) * 48 + 127
    return np.repeat(np.clip(even, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def mouth_shape(mesh: Floats) -> Floats:
    """Measure what a smile moves, free of size, turn and tilt.

    Returns:
        float32 [5]: mouth width, lift of the corners over the lips' middle (in mouth widths), opening, lip height, and
        distance from corners to eyes; in eye spans but for the lift.
    """
    right, up = mesh[_EYES[1]] - mesh[_EYES[0]], mesh[_BETWEEN_EYES] - mesh[_CHIN]
    span = _length(right)
    right = right / span
    up = up - right * float(up @ right)
    up = up / _length(up)
    corners, inner, outer = (mesh[list(pair)] for pair in (_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER))
    width = _length(corners[1] - corners[0])
    lift = float((corners.mean(0) - inner.mean(0)) @ up) / width
    opening, lips = float((inner[0] - inner[1]) @ up) / span, float((outer[0] - outer[1]) @ up) / span
    to_eyes = float((mesh[list(_EYES)].mean(0) - corners.mean(0)) @ up) / span
    return np.array([width / span, lift, opening, lips, to_eyes], np.float32)


def hidden(mesh: Floats, *, size: tuple[int, int]) -> dict[str, str]:
    """Say which parts of a face cannot be inspected, and why.

    What covers a part (a mask, a hand, hair) is not seen by the mesh and not told here.

    Args:
        mesh: float32 [468, 3] in pixels of the working copy.
        size: its width and height.

    Returns:
        "eyes" or "mouth" -> a reason of a few words; empty when both can be inspected.
    """
    across = mesh[_EYES[1]] - mesh[_EYES[0]]
    reason = ""
    if float(np.linalg.norm(across[:2])) < SPAN_MIN:
        reason = "too small"
    elif abs(math.degrees(math.atan2(float(across[2]), float(np.linalg.norm(across[:2]))))) > TURN_MAX:
        reason = "turned away"
    if reason:
        return {"eyes": reason, "mouth": reason}
    places = {"eyes": list(_EYES), "mouth": list(_MOUTH_CORNERS + _LIPS_OUTER)}
    limit = np.array(size, np.float32)
    outside = {
        name: bool((mesh[rows, :2] < 0).any() or (mesh[rows, :2] > limit).any()) for name, rows in places.items()
    }
    return {name: "outside the picture" for name, out in outside.items() if out}


def _size(part: ImagePart) -> Floats:
    height, width = working_array(part).shape[:2]
    return np.array([width, height], np.float32)


def _length(vector: Floats) -> float:
    return max(float(np.linalg.norm(vector)), 1e-6)


def _square(centre: Floats, across: Floats, *, wide: float, high: float, out: int) -> Floats:
    """Give the affine [2, 3] that takes a rectangle, turned so that `across` is level, to out x out pixels."""
    angle = math.atan2(float(across[1]), float(across[0]))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    linear = turn * np.array([[out / max(wide, 1e-6)], [out / max(high, 1e-6)]])
    return np.hstack([linear, (out / 2 - linear @ centre)[:, None]]).astype(np.float32)


def _warp(part: ImagePart, there: Floats, size: int) -> Pixels:
    """Cut out what `there` leads to, from a copy that is not more than twice too large, which would alias."""
    import cv2

    image = working_array(part)
    full = _size(part)
    scale = math.sqrt(abs(float(np.linalg.det(there[:, :2]))))
    halvings = 0
    while scale < 0.5 and min(full) / 2**halvings > 16:
        halvings, scale = halvings + 1, scale * 2
    linear = there.copy()
    if halvings:
        image = fitted(part, round(float(full.max()) / 2**halvings))  # shared by all faces of about this size
        linear[:, 0] *= float(full[0]) / image.shape[1]
        linear[:, 1] *= float(full[1]) / image.shape[0]
    return np.asarray(cv2.warpAffine(image, linear, (size, size), flags=cv2.INTER_LINEAR), np.uint8)
