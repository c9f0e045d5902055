"""What each picture model expects and returns, as small numpy and OpenCV functions; detectors port these.

Every picture here is uint8 [height, width, 3], RGB, upright (EXIF applied), alpha flattened onto white. Points and
boxes are fractions of the whole picture, x to the right and y down, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SCORE_MIN = 0.5  # BlazeFace's own threshold
OVERLAP_MAX = 0.3  # boxes that overlap more are one face
SPAN_MIN = 20.0  # pixels between the outer eye corners; smaller faces are not inspected
PRESENCE_MIN = 0.5  # below it the mesh says: not a face (animals, drawings, false boxes)
CROP_SCALE = 1.5  # mesh crop over detector box
STRIP_WIDE, STRIP_HIGH = 1.9, 0.95  # eye spans
_DETECTOR, _MESH, _CLASSIFIER = 256, 192, 224
_EYE_OUTER = (33, 263)  # mesh indices: outer eye corners, left of the picture first
_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER = (61, 291), (13, 14), (0, 17)
_NOSE_BASE, _CHIN, _BETWEEN_EYES = 2, 152, 168


def f32(value: ArrayLike) -> Floats:
    """As a float32 array."""
    return np.asarray(value, np.float32)


def _resize(image: Pixels, width: int, height: int) -> Pixels:
    shrinks = image.shape[0] > height or image.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def image_safety_pixels(image: Pixels) -> Pixels:
    """224 x 224: the picture fitted in, its blurred self behind it (the filling the model was trained with)."""
    height, width = image.shape[:2]
    scale = _CLASSIFIER / max(height, width)
    fit_w, fit_h = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.asarray(cv2.GaussianBlur(_resize(image, _CLASSIFIER, _CLASSIFIER), (0, 0), 10.0), np.uint8)
    x, y = (_CLASSIFIER - fit_w) // 2, (_CLASSIFIER - fit_h) // 2
    canvas[y : y + fit_h, x : x + fit_w] = _resize(image, fit_w, fit_h)
    return canvas


def opennsfw_pixels(image: Pixels) -> Pixels:
    """224 x 224: squeezed to 256 x 256, then the middle (an edge of 1/16 on each side is not seen)."""
    return np.ascontiguousarray(_resize(image, 256, 256)[16:240, 16:240])


def lite0_pixels(image: Pixels) -> Pixels:
    """224 x 224: squeezed, so that all of the picture counts."""
    return _resize(image, _CLASSIFIER, _CLASSIFIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One detected face; ``points`` [6, 2]: eyes (left of the picture first), nose, mouth, ear tragions."""

    box: tuple[float, float, float, float]  # x0, y0, x1, y1
    points: Floats
    score: float


def detector_pixels(image: Pixels) -> Pixels:
    """256 x 256: fitted in and centred on black."""
    height, width = image.shape[:2]
    scale = _DETECTOR / max(height, width)
    fit_w, fit_h = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.zeros((_DETECTOR, _DETECTOR, 3), np.uint8)
    x, y = (_DETECTOR - fit_w) // 2, (_DETECTOR - fit_h) // 2
    canvas[y : y + fit_h, x : x + fit_w] = _resize(image, fit_w, fit_h)
    return canvas


def decode_faces(scores: Floats, boxes: Floats, *, width: int, height: int) -> list[Face]:
    """Faces of one picture, best first, from ``scores`` [896] and ``boxes`` [896, 16].

    Overlapping candidates are averaged by score (BlazeFace's blending, in place of dropping all but one).
    """
    keep = scores >= SCORE_MIN
    scores, rows = scores[keep], boxes[keep].reshape(-1, 8, 2)
    # undo the letterbox: the picture fills `fit` of the canvas, centred
    fit = f32([width, height]) / max(width, height)
    rows = f32((rows - 0.5) / fit + 0.5)
    faces: list[Face] = []
    order = np.argsort(-scores)
    while order.size:
        same = _overlap(rows[order[0]], rows[order]) > OVERLAP_MAX
        same[0] = True
        group, order = order[same], order[~same]
        blend = np.average(rows[group], axis=0, weights=scores[group]).astype(np.float32)
        box = (float(blend[0, 0]), float(blend[0, 1]), float(blend[1, 0]), float(blend[1, 1]))
        faces.append(Face(box=box, points=blend[2:], score=float(scores[group[0]])))
    return faces


def _overlap(one: Floats, many: Floats) -> Floats:
    """Intersection over union of box ``one`` [8, 2] with ``many`` [n, 8, 2]; rows 0 and 1 are the corners."""
    low, high = np.maximum(one[0], many[:, 0]), np.minimum(one[1], many[:, 1])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(many[:, 1] - many[:, 0], 0, None), axis=1)
    area = np.prod(np.clip(one[1] - one[0], 0, None))
    return np.asarray(both / np.maximum(areas + area - both, 1e-9), np.float32)


def mesh_transform(face: Face, *, width: int, height: int) -> Floats:
    """Affine [2, 3] from picture pixels to the mesh's 192 x 192 crop: square, 1.5 boxes wide, eyes level."""
    size = f32([width, height])
    x0, y0, x1, y1 = face.box
    centre = f32([(x0 + x1) / 2, (y0 + y1) / 2]) * size
    side = max((x1 - x0) * width, (y1 - y0) * height) * CROP_SCALE
    across = (face.points[1] - face.points[0]) * size
    return square_to(centre, across, side, side, _MESH)


def square_to(centre: Floats, across: Floats, wide: float, high: float, out: int) -> Floats:
    """Affine that takes a turned ``wide`` x ``high`` rectangle to ``out`` x ``out`` pixels."""
    angle = float(np.arctan2(across[1], across[0]))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    linear = turn * np.array([[out / max(wide, 1e-6)], [out / max(high, 1e-6)]])
    return np.asarray(np.hstack([linear, (out / 2 - linear @ centre)[:, None]]), np.float32)


def crop(image: Pixels, transform: Floats, size: int) -> Pixels:
    """The part of the picture that ``transform`` puts on a ``size`` x ``size`` canvas; black outside."""
    # a large face would alias: shrink first, by powers of two, and carry the scale into the transform
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    linear = transform.copy()
    while scale < 0.5 and min(image.shape[:2]) > 8:
        image = _resize(image, (image.shape[1] + 1) // 2, (image.shape[0] + 1) // 2)
        linear[:, :2] *= 2
        scale *= 2
    return np.asarray(cv2.warpAffine(image, linear, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def mesh_points(points: Floats, transform: Floats) -> Floats:
    """Mesh output [468, 3] (fractions of the crop) as picture pixels [468, 3]; z in the same unit as x."""
    inverse = f32(cv2.invertAffineTransform(transform))
    plane = points[:, :2] * _MESH @ inverse[:, :2].T + inverse[:, 2]
    unit = _MESH * float(np.sqrt(abs(np.linalg.det(inverse[:, :2]))))
    return np.hstack([plane, points[:, 2:] * unit]).astype(np.float32)


def levelled(mesh: Floats, *, wide: float, high: float, size: int) -> Floats:
    """Affine [2, 3] from picture pixels to a canvas around the eyes; ``wide`` and ``high`` in eye spans."""
    left, right = mesh[_EYE_OUTER[0], :2], mesh[_EYE_OUTER[1], :2]
    across = f32(right - left)
    span = float(np.linalg.norm(across))
    return square_to(f32((left + right) / 2), across, wide * span, high * span, size)


def eye_strip(image: Pixels, mesh: Floats) -> Pixels:
    """224 x 224 grey strip around the eyes: 1.9 eye spans wide, 0.95 high, levelled, contrast evened."""
    return evened(crop(image, levelled(mesh, wide=STRIP_WIDE, high=STRIP_HIGH, size=_CLASSIFIER), _CLASSIFIER))


def evened(pixels: Pixels) -> Pixels:
    """Grey with mean 127 and spread 48, as three equal channels.

    On purpose: skin tone and lighting carry nothing about eyewear.
    """
    grey = f32(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    even = (grey - grey.mean()) / max(float(grey.std()), 4.0) * 48 + 127
    return np.repeat(np.clip(even, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def mouth_shape(mesh: Floats) -> Floats:
    """Five numbers about the lips, free of size, turn and tilt: what a smile moves.

    Mouth width, lift of the corners over the lips' middle, opening, lip height, and corner to eye distance; each in
    eye spans except the lift, which is in mouth widths.
    """
    right, up = mesh[_EYE_OUTER[1]] - mesh[_EYE_OUTER[0]], mesh[_BETWEEN_EYES] - mesh[_CHIN]
    span = float(np.linalg.norm(right))
    right = right / span
    up = up - right * float(up @ right)
    up = up / float(np.linalg.norm(up))
    corners, inner, outer = (mesh[list(pair)] for pair in (_MOUTH_CORNERS, _LIPS_INNER, _LIPS_OUTER))
    width = float(np.linalg.norm(corners[1] - corners[0]))
    lift = float((corners.mean(0) - inner.mean(0)) @ up) / width
    opening = float((inner[0] - inner[1]) @ up) / span
    lips = float((outer[0] - outer[1]) @ up) / span
    eyes = mesh[list(_EYE_OUTER)].mean(0)
    return f32([width / span, lift, opening, lips, float((eyes - corners.mean(0)) @ up) / span])
