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
MOUTH = (64, 48)  # px of the mouth's patch
PRESENCE_MIN = 0.5  # below it the mesh says: no face (animals, drawings, false boxes)
_CROP = 1.5  # side of the crop, in longer sides of the box
_WIDE, _HIGH = 1.9, 0.95  # of the eye strip, in eye spans
_MOUTH_WIDE, _MOUTH_HIGH = 1.2, 0.9  # of the mouth's patch, in eye spans
_EYES = (33, 263)  # outer corners, the one on the left of the picture first
_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER = (61, 291), (13, 14), (0, 17)
_CHIN, _BETWEEN_EYES = 152, 168
_MIDDLE = (10, 152, 234, 454)  # brow, chin and sides of the face
# pairs of points (left of the picture first) that a smile moves: lips, cheeks, nostrils' folds, jaw, eyelids
_PAIRS = (
    (61, 291),
    (78, 308),
    (40, 270),
    (91, 321),
    (50, 280),
    (205, 425),
    (214, 434),
    (57, 287),
    (159, 386),
    (145, 374),
)
_MIDLINE = (13, 14, 0, 17, 2, 152)  # lips, nose and chin


def face_crop(part: ImagePart, face: FaceBox) -> tuple[Pixels, Floats]:
    """Give the mesh's crop: square, one and a half boxes wide, eyes level.

    Returns:
        uint8 [192, 192, 3], black outside the picture; and the affine [2, 3] that leads there from the working copy.
    """
    size = _size(part)
    box = np.array(face.box, np.float32).reshape(2, 2) * size
    side = float((box[1] - box[0]).max()) * _CROP
    there = _square(box.mean(axis=0), (face.eyes[1] - face.eyes[0]) * size, wide=side, high=side, out=SIDE)
    return _warp(part, there, (SIDE, SIDE)), there


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
    return np.repeat(_levelled(part, mesh, _EYES, spans=(_WIDE, _HIGH), size=(STRIP, STRIP))[:, :, None], 3, axis=2)


def mouth_patch(part: ImagePart, mesh: Floats) -> Pixels:
    """Give the patch around the mouth: levelled, grey and evened as the eye strip is.

    Returns:
        uint8 [48, 64].
    """
    return _levelled(
        part, mesh, _MOUTH_CORNERS + _LIPS_OUTER + _LIPS_INNER, spans=(_MOUTH_WIDE, _MOUTH_HIGH), size=MOUTH
    )


def middle(part: ImagePart, mesh: Floats, *, side: int, spans: float) -> Floats:
    """Give a square around the middle of the face, levelled and grey.

    Args:
        part: the picture.
        mesh: in pixels of its working copy.
        side: px of the square.
        spans: its side in eye spans.

    Returns:
        float32 [side, side], 0 to 255.
    """
    return np.asarray(_square_grey(part, mesh, _MIDDLE, spans=(spans, spans), size=(side, side)), np.float32)


def mouth_shape(mesh: Floats) -> Floats:
    """Measure what a smile moves, free of size, turn and tilt.

    Returns:
        float32 [5]: mouth width, lift of the corners over the lips' middle (in mouth widths), opening, lip height, and
        distance from corners to eyes; in eye spans but for the lift.
    """
    _, up, span = _frame(mesh)
    corners, inner, outer = (mesh[list(pair)] for pair in (_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER))
    width = _length(corners[1] - corners[0])
    lift = float((corners.mean(0) - inner.mean(0)) @ up) / width
    opening, lips = float((inner[0] - inner[1]) @ up) / span, float((outer[0] - outer[1]) @ up) / span
    to_eyes = float((mesh[list(_EYES)].mean(0) - corners.mean(0)) @ up) / span
    return np.array([width / span, lift, opening, lips, to_eyes], np.float32)


def face_shape(mesh: Floats) -> Floats:
    """Measure where lips, cheeks and lids are, free of size, turn and tilt: more of what a smile moves.

    Returns:
        float32 [26], in eye spans: height over the bridge of the nose and distance of ten pairs of points; then the
        heights of six points of the middle line.
    """
    right, up, span = _frame(mesh)
    high, side = (mesh - mesh[_BETWEEN_EYES]) @ up / span, (mesh - mesh[_BETWEEN_EYES]) @ right / span
    out = [value for one, two in _PAIRS for value in ((high[one] + high[two]) / 2, side[two] - side[one])]
    return np.array([*out, *high[list(_MIDLINE)]], np.float32)


def eye_span(mesh: Floats) -> float:
    """Give the distance of the outer eye corners in pixels of the working copy."""
    return float(np.linalg.norm(mesh[_EYES[1], :2] - mesh[_EYES[0], :2]))


def outside(mesh: Floats, *, size: tuple[int, int]) -> frozenset[str]:
    """Give "eyes" and "mouth" as far as they are cut off by the picture's edge.

    Args:
        mesh: float32 [468, 3] in pixels of the working copy.
        size: its width and height.
    """
    places = {"eyes": list(_EYES), "mouth": list(_MOUTH_CORNERS + _LIPS_OUTER)}
    limit = np.array(size, np.float32)
    return frozenset(
        name for name, rows in places.items() if (mesh[rows, :2] < 0).any() or (mesh[rows, :2] > limit).any()
    )


def _frame(mesh: Floats) -> tuple[Floats, Floats, float]:
    """Give the face's own directions right and up (unit vectors [3]) and its eye span in depth, >= 1e-6."""
    right, up = mesh[_EYES[1]] - mesh[_EYES[0]], mesh[_BETWEEN_EYES] - mesh[_CHIN]
    span = _length(right)
    right = right / span
    up = up - right * float(up @ right)
    return right, up / _length(up), span


def _levelled(
    part: ImagePart, mesh: Floats, rows: tuple[int, ...], *, spans: tuple[float, float], size: tuple[int, int]
) -> Pixels:
    """Give a grey patch around points of the mesh, with mean 127 and spread 48."""
    grey = np.asarray(_square_grey(part, mesh, rows, spans=spans, size=size), np.float32)
    even = (grey - grey.mean()) / max(float(grey.std()), 4.0) * 48 + 127
    return np.asarray(np.clip(even, 0, 255), np.uint8)


def _square_grey(
    part: ImagePart, mesh: Floats, rows: tuple[int, ...], *, spans: tuple[float, float], size: tuple[int, int]
) -> Pixels:
    import cv2

    across = mesh[_EYES[1], :2] - mesh[_EYES[0], :2]
    span = float(np.linalg.norm(across))
    centre = mesh[list(rows), :2].mean(axis=0)
    there = _square(centre, across, wide=spans[0] * span, high=spans[1] * span, out=size[0])
    there[1] *= size[1] / size[0]
    return np.asarray(cv2.cvtColor(_warp(part, there, size), cv2.COLOR_RGB2GRAY), np.uint8)


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


def _warp(part: ImagePart, there: Floats, size: tuple[int, int]) -> Pixels:
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
    return np.asarray(cv2.warpAffine(image, linear, size, flags=cv2.INTER_LINEAR), np.uint8)
