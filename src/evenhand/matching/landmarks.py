"""Landmarks: points of a picture that can be found again in a copy, and whether two pictures share enough of them.

ORB (Rublee, Rabaud, Konolige, Bradski 2011) gives points with 256-bit descriptions that stay the same when a picture
is resized, turned, recoloured or saved again. One picture holds a copy of the other when many points agree on one
affine map (RANSAC, Fischler and Bolles 1981) and are spread over the picture. It compares places on paper, not what
a person or thing looks like: another photograph of the same person shares no map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 448  # px; the long side of the grey picture that points are looked for in
MOST = 256  # points kept of one picture
LEAST = 40  # points; a picture with fewer is too plain to be told from others
ROW_BYTES = 4 + MOST * 36  # of one picture in a bank
_CELLS = 4  # points are taken evenly from a grid of 4 x 4 cells, so that a crop keeps its share
_NEAR = 64  # bits of 256 by which two descriptions of one point may differ
_RATIO = 0.85  # the best match must be nearer than this share of the second best (Lowe 2004)
_ERROR = 5.0  # px by which a point may miss its place under the map
_SPREAD = 0.04  # share of the sample picture that the agreeing points must span
_SCALES = (0.12, 8.0)  # of the map; beyond, points have collapsed into one another
_SKEW = 1.7  # most that one direction may be stretched more than the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Points of one picture."""

    places: NDArray[np.uint16]  # [n, 2]: x, y in 1/64 px of the grey picture
    bits: NDArray[np.uint8]  # [n, 32]
    size: tuple[int, int]  # width and height of the grey picture

    def __len__(self) -> int:
        """Count the points, 0 to 256."""
        return len(self.bits)


def find(grey: NDArray[np.uint8]) -> Landmarks:
    """Find the landmarks of a picture.

    Args:
        grey: uint8 [height, width], long side SIDE px.
    """
    import cv2

    height, width = grey.shape
    if min(height, width) < 32:
        return Landmarks(places=np.zeros((0, 2), np.uint16), bits=np.zeros((0, 32), np.uint8), size=(width, height))
    orb = cv2.ORB.create(
        nfeatures=4 * MOST, scaleFactor=1.3, nlevels=7, edgeThreshold=16, patchSize=31, fastThreshold=8
    )
    points, bits = orb.detectAndCompute(np.ascontiguousarray(grey), None)
    if bits is None:
        return Landmarks(places=np.zeros((0, 2), np.uint16), bits=np.zeros((0, 32), np.uint8), size=(width, height))
    places = np.array([point.pt for point in points], np.float32)
    keep = _even(places, np.array([point.response for point in points]), size=(width, height))
    return Landmarks(
        places=np.round(places[keep] * 64).astype(np.uint16),
        bits=np.asarray(bits, np.uint8)[keep],
        size=(width, height),
    )


def agreeing(query: Landmarks, sample: Landmarks) -> int:
    """Count the points of two pictures that agree on one map; 0 where the map is no map of a picture.

    Args:
        query: the picture asked about. For a mirrored copy ask again with the landmarks of its mirror image.
        sample: the picture known.
    """
    import cv2

    if min(len(query), len(sample)) < 4:
        return 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query.bits, sample.bits, k=2)
    good = [a for a, b in pairs if a.distance <= _NEAR and a.distance < _RATIO * b.distance]
    if len(good) < 4:
        return 0
    here = query.places[[match.queryIdx for match in good]].astype(np.float32) / 64
    there = sample.places[[match.trainIdx for match in good]].astype(np.float32) / 64
    found, inside = cv2.estimateAffine2D(here, there, ransacReprojThreshold=_ERROR, maxIters=500, confidence=0.995)
    if found is None or not _is_a_picture(np.asarray(found, np.float64)):
        return 0
    kept = inside.ravel() == 1
    spots = np.unique(np.round(there[kept] / 4), axis=0).astype(np.float32)  # points on one spot are one
    hull = cv2.contourArea(cv2.convexHull(spots * 4)) if len(spots) >= 3 else 0.0
    return len(spots) if hull >= _SPREAD * sample.size[0] * sample.size[1] else 0


def pack(landmarks: Landmarks) -> bytes:
    """Write the landmarks of one picture as ROW_BYTES bytes: width, height, then places and bits, zeros at the end."""
    body = np.zeros((MOST, 36), np.uint8)
    body[: len(landmarks), :4] = landmarks.places.astype("<u2").view(np.uint8).reshape(-1, 4)
    body[: len(landmarks), 4:] = landmarks.bits
    return np.array(landmarks.size, "<u2").tobytes() + body.tobytes()


def unpack(row: NDArray[np.uint8]) -> Landmarks:
    """Read what `pack` wrote: uint8 [ROW_BYTES]."""
    width, height = (int(side) for side in row[:4].view("<u2"))
    body = row[4:].reshape(MOST, 36)
    count = int(np.count_nonzero(body.any(axis=1)))
    places = np.ascontiguousarray(body[:count, :4]).view("<u2").astype(np.uint16)
    return Landmarks(places=places, bits=np.ascontiguousarray(body[:count, 4:]), size=(width, height))


def _even(places: NDArray[np.float32], strength: NDArray[np.float64], *, size: tuple[int, int]) -> NDArray[np.intp]:
    """Choose up to MOST points: the strongest of each cell first, then the strongest of the rest."""
    cell = np.minimum((places / np.array(size, np.float32) * _CELLS).astype(int), _CELLS - 1)
    number = cell[:, 0] * _CELLS + cell[:, 1]
    order = np.argsort(-strength, kind="stable")
    rank = np.zeros(len(places), np.intp)
    for one in range(_CELLS * _CELLS):
        own = order[number[order] == one]
        rank[own] = np.arange(len(own))
    first = rank < MOST // (_CELLS * _CELLS)
    chosen = np.lexsort((-strength, ~first))[:MOST]
    return np.sort(chosen)


def _is_a_picture(found: NDArray[np.float64]) -> bool:
    """Say whether a map keeps shapes nearly as they were: no mirror, no collapse, no strong skew."""
    linear = found[:, :2]
    stretch = np.linalg.svd(linear, compute_uv=False)
    return bool(
        np.isfinite(found).all()
        and np.linalg.det(linear) > 0
        and _SCALES[0] <= stretch[1]
        and stretch[0] <= _SCALES[1]
        and stretch[0] <= _SKEW * stretch[1]
    )
