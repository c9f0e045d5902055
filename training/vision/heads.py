"""Fit the face-inspection heads: glasses, sunglasses, smile, what is covered; nothing else about a person.

Five logistic models on what ``faceset`` describes: eyewear (none, glasses, sunglasses) and covered eyes from the eye
strip; smile (the mean of one model on measures of the mesh and one on gradients of the mouth) and a covered mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.linear_model import LogisticRegression

from evenhand.detectors import face_features
from training.vision.faceset import KINDS, Sample
from training.vision.graph import OPSET, Floats, Graph, f32

EMBEDDING = 1280
EYES = EMBEDDING + face_features.EYES
_MEASURES = 31  # of face_features.mouth; the rest are gradients
_REAL, _VERSION, _DRAWN = 2.0, 1.0, 0.3  # weights in the eyewear model
_SMILE_VERSION = 0.3
# inverse strengths of regularisation, chosen with 5 folds on the same faces: see quality/vision.md
_EYEWEAR_C, _COVER_C, _MEASURES_C, _GRADIENTS_C = 0.001, 0.001, 0.1, 0.001
Truth = NDArray[np.int64]


class Linear:
    """A logistic model on standardised inputs, folded into one weight [k, d] and bias [k]."""

    def __init__(self, x: Floats, y: Truth, *, strength: float, weight: Floats | None = None) -> None:
        mean, spread = x.mean(0), x.std(0) + 1e-6
        model = LogisticRegression(C=strength, max_iter=100).fit(f32((x - mean) / spread), y, sample_weight=weight)
        self.weight = f32(model.coef_ / spread)
        self.bias = f32(model.intercept_ - self.weight @ mean)

    def logits(self, x: Floats) -> Floats:
        """[n, k]."""
        return f32(x @ self.weight.T + self.bias)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The four heads as linear maps."""

    eyewear: Linear
    eyes_covered: Linear
    smile: Linear
    mouth_covered: Linear

    def one(self, label: str, samples: list[Sample]) -> Floats:
        """Logits [n] of one label of the card, or of "eyes_covered" or "mouth_covered"."""
        if label in ("face.smile", "mouth_covered"):
            head = self.smile if label == "face.smile" else self.mouth_covered
            return head.logits(f32([s.mouth for s in samples]))[:, 0]
        eyes = f32([s.eyes for s in samples])
        if label == "eyes_covered":
            return self.eyes_covered.logits(eyes)[:, 0]
        return _against_rest(self.eyewear.logits(eyes), 1 if label == "face.glasses" else 2)


def fit(samples: list[Sample]) -> Heads:
    """All heads."""
    return Heads(
        eyewear=_eyewear(samples),
        eyes_covered=_cover([s for s in samples if s.eyes.size], "eyes"),
        smile=_smile(samples),
        mouth_covered=_cover([s for s in samples if s.mouth is not None], "mouth"),
    )


def _eyewear(samples: list[Sample]) -> Linear:
    known = [s for s in samples if s.eyes.size and s.eyewear is not None and "eyes" not in s.covered]
    weights = {"real": _REAL, "version": _VERSION, "drawn": _DRAWN, "covered": _VERSION}
    return Linear(
        f32([s.eyes for s in known]),
        np.array([s.eyewear for s in known], np.int64),
        strength=_EYEWEAR_C,
        weight=f32([weights[s.kind] for s in known]),
    )


def _cover(samples: list[Sample], place: str) -> Linear:
    x = f32([s.eyes if place == "eyes" else s.mouth for s in samples])
    y = np.array([place in s.covered for s in samples], np.int64)
    # as many covered as open ones, in weight
    weight = np.where(y == 1, 0.5 / max(float(y.mean()), 1e-3), 0.5 / max(float(1 - y.mean()), 1e-3))
    return Linear(x, y, strength=_COVER_C, weight=f32(weight))


def _smile(samples: list[Sample]) -> Linear:
    known = [s for s in samples if s.mouth is not None and s.smile is not None and "mouth" not in s.covered]
    x, y = f32([s.mouth for s in known]), np.array([s.smile for s in known], np.int64)
    weight = f32([1.0 if s.kind == "real" else _SMILE_VERSION for s in known])
    shape = Linear(x[:, :_MEASURES], y, strength=_MEASURES_C, weight=weight)
    texture = Linear(x[:, _MEASURES:], y, strength=_GRADIENTS_C, weight=weight)
    shape.weight = f32(np.hstack([shape.weight, texture.weight]) / 2)
    shape.bias = f32((shape.bias + texture.bias) / 2)
    return shape


def _against_rest(logits: Floats, index: int) -> Floats:
    """Logit of class ``index``'s softmax probability."""
    rest = np.delete(logits, index, axis=1)
    return f32(logits[:, index] - np.logaddexp.reduce(rest, axis=1))


def head_model(heads: Heads) -> ModelProto:
    """``eyewear`` [n, 3] and ``eyes_covered`` [n] from ``eyes``; ``smile`` and ``mouth_covered`` [n] from ``mouth``."""
    graph = Graph()
    logits = graph.add("Gemm", "eyes", *_constants(graph, heads.eyewear), transB=1)
    graph.add("Softmax", logits, axis=1, out="eyewear")
    for source, name, head in (
        ("eyes", "eyes_covered", heads.eyes_covered),
        ("mouth", "smile", heads.smile),
        ("mouth", "mouth_covered", heads.mouth_covered),
    ):
        logit = graph.add("Gemm", source, *_constants(graph, head), transB=1)
        flat = graph.add("Reshape", logit, graph.constant(np.array([-1], np.int64)))
        graph.add("Sigmoid", flat, out=name)
    value = helper.make_tensor_value_info
    inputs = [
        value("eyes", TensorProto.FLOAT, ["n", EYES]),
        value("mouth", TensorProto.FLOAT, ["n", face_features.MOUTH]),
    ]
    outputs = [value("eyewear", TensorProto.FLOAT, ["n", len(KINDS)])]
    outputs += [value(name, TensorProto.FLOAT, ["n"]) for name in ("eyes_covered", "smile", "mouth_covered")]
    made = helper.make_graph(graph.nodes, "face-attributes", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model


def _constants(graph: Graph, head: Linear) -> tuple[str, str]:
    return graph.constant(head.weight), graph.constant(head.bias)
