"""Numeric comparison of a converted model with its original, on drawn pictures (no data needed)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto

from training.vision.faces import DETECTOR_SIZE, MESH_SIZE, anchors
from training.vision.graph import f32

Array = NDArray[Any]


class ConversionError(Exception):
    """A converted model does not agree with its original."""


def session(model: bytes | Path) -> ort.InferenceSession:
    """A CPU session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    data = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def drawn_pictures(size: int, *, count: int = 12) -> NDArray[np.uint8]:
    """[count, size, size, 3] of soft colour blobs, discs and lines; the same at every call."""
    rng = np.random.default_rng(7)
    pictures = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (5, 5, 3), np.uint8)
        picture = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        for _ in range(6):
            colour = [int(c) for c in rng.integers(0, 256, 3)]
            x, y, far_x, far_y = (int(v) for v in rng.integers(0, size, 4))
            cv2.circle(picture, (x, y), int(rng.integers(4, size // 4)), colour, -1, cv2.LINE_AA)
            cv2.line(picture, (x, y), (far_x, far_y), colour[::-1], 3, cv2.LINE_AA)
        pictures.append(picture)
    return np.stack(pictures)


def run(model: ModelProto, pixels: NDArray[np.uint8]) -> dict[str, Array]:
    """Outputs by name."""
    opened = session(model.SerializeToString())
    names = [entry.name for entry in opened.get_outputs()]
    return dict(zip(names, opened.run(None, {"pixels": pixels}), strict=True))


def softmax(logits: Array) -> Array:
    """Along the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def against_onnx(model: ModelProto, source: Path, *, bgr_mean: tuple[float, ...] | None) -> dict[str, float]:
    """Largest probability difference from the original file, and of the map's mean from the probabilities."""
    pixels = drawn_pictures(224)
    if bgr_mean is None:
        planes = pixels.transpose(0, 3, 1, 2).astype(np.float32)
    else:
        planes = pixels[..., ::-1].astype(np.float32) - f32(bgr_mean)
    original = session(source)
    wanted = original.run(None, {original.get_inputs()[0].name: planes})[0]
    found = run(model, pixels)
    from_maps = softmax(found["maps"].mean((2, 3)))
    return {
        "probabilities": float(np.abs(found["probabilities"] - wanted).max()),
        "mean of maps": float(np.abs(from_maps - found["probabilities"]).max()),
    }


def against_full_precision(model: ModelProto, exact: ModelProto) -> dict[str, float]:
    """Largest class probability and embedding cosine differences from the same graph in float32."""
    pixels = drawn_pictures(224)
    found, wanted = run(model, pixels), run(exact, pixels)
    one, two = found["embedding"], wanted["embedding"]
    cosine = (one * two).sum(1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1))
    difference = np.abs(softmax(found["logits"]) - softmax(wanted["logits"])).max()
    return {"probabilities": float(difference), "1 - cosine": float(1 - cosine.min())}


def against_tflite(model: ModelProto, source: Path) -> dict[str, float]:
    """Largest differences from OpenCV's own reading of the TensorFlow Lite file."""
    size = DETECTOR_SIZE if "detector" in model.graph.name else MESH_SIZE
    pixels = drawn_pictures(size)
    found = run(model, pixels)
    net = cv2.dnn.readNetFromTFLite(str(source))
    worst = dict.fromkeys(found, 0.0)
    for index, picture in enumerate(pixels):
        scaled = picture.astype(np.float32) / (127.5 if size == DETECTOR_SIZE else 255.0)
        net.setInput((scaled - (size == DETECTOR_SIZE)).transpose(2, 0, 1)[None].astype(np.float32))
        small, large = sorted(net.forward(net.getUnconnectedOutLayersNames()), key=lambda value: value.size)
        flag = 1 / (1 + np.exp(-np.clip(small.reshape(-1), -80, 80)))
        wanted = (
            {"scores": flag, "boxes": _corners(large)}
            if size == DETECTOR_SIZE
            else {
                "presence": flag,
                "points": large.reshape(468, 3) / MESH_SIZE,
            }
        )
        for name, value in wanted.items():
            worst[name] = max(worst[name], float(np.abs(found[name][index] - value).max()))
    return worst


def _corners(raw: Array) -> Array:
    """BlazeFace's raw rows as corners and points, written apart from the graph's own decoding."""
    rows = raw.reshape(-1, 8, 2) / DETECTOR_SIZE
    centre, half = rows[:, 0] + anchors(), rows[:, 1] / 2
    points = rows[:, 2:] + anchors()[:, None]
    return np.concatenate([centre - half, centre + half, points.reshape(len(rows), -1)], axis=1)
