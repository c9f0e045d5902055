"""The face detector (BlazeFace, Bazarevsky et al. 2019) and the 468-point mesh (Kartynnik et al. 2019) as ONNX.

Box decoding, key points and the sigmoids are part of the graph, so a caller only thresholds and suppresses.
Neither model tells who a person is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto

from training.vision.graph import Floats, Graph, f32
from training.vision.tflite_file import TfliteReader

DETECTOR_SIZE = 256
MESH_SIZE = 192
_GRIDS = ((16, 2), (8, 6))  # cells a side, anchors a cell
_KEYPOINTS = 6


def anchors() -> Floats:
    """Anchor centres [896, 2] (x, y) in [0, 1], in the order of the detector's rows."""
    rows: list[tuple[float, float]] = []
    for side, repeats in _GRIDS:
        for y in range(side):
            for x in range(side):
                rows += [((x + 0.5) / side, (y + 0.5) / side)] * repeats
    return np.array(rows, np.float32)


def face_detector(source: Path) -> ModelProto:
    """``scores`` [n, 896] in [0, 1]; ``boxes`` [n, 896, 16]: x0, y0, x1, y1, then six (x, y), all in [0, 1].

    The six points are the eyes (left of the picture first), nose tip, mouth centre and the two ear tragions.
    """
    graph = Graph()
    planes = graph.pixels(mean=(127.5,) * 3, scale=1 / 127.5)
    boxes, scores = TfliteReader(source, graph=graph, planes=planes).read()
    # a linear layer decodes: centre and size become corners, every point is offset by its anchor
    decode = np.eye(16, dtype=np.float32) / DETECTOR_SIZE
    for axis in (0, 1):
        centre, size = axis, axis + 2
        decode[:, centre], decode[:, size] = 0, 0
        decode[centre, [centre, size]] = 1 / DETECTOR_SIZE
        decode[size, [centre, size]] = np.array([-0.5, 0.5]) / DETECTOR_SIZE
    scaled = graph.add("MatMul", boxes, graph.constant(decode, name="decode"))
    offsets = np.tile(anchors(), 2 + _KEYPOINTS)[None]
    graph.add("Add", scaled, graph.constant(offsets, name="anchors"), out="boxes")
    flat = graph.add("Squeeze", scores, graph.constant(np.array([2], np.int64)))
    graph.add("Sigmoid", flat, out="scores")
    count = len(anchors())
    return graph.finish(
        "face-detector", size=DETECTOR_SIZE, outputs={"scores": ("n", count), "boxes": ("n", count, 16)}
    )


def face_mesh(source: Path) -> ModelProto:
    """``points`` [n, 468, 3] as fractions of the crop's side (z towards the viewer is negative); ``presence`` [n]."""
    graph = Graph()
    planes = graph.pixels(scale=1 / 255)
    points, presence = TfliteReader(source, graph=graph, planes=planes).read()
    rows = graph.add("Reshape", points, graph.constant(np.array([-1, 468, 3], np.int64)))
    graph.add("Mul", rows, graph.constant(f32(1 / MESH_SIZE)), out="points")
    flat = graph.add("Reshape", presence, graph.constant(np.array([-1], np.int64)))
    graph.add("Sigmoid", flat, out="presence")
    return graph.finish("face-mesh", size=MESH_SIZE, outputs={"points": ("n", 468, 3), "presence": ("n",)})
