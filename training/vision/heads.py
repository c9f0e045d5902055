"""Fit the face-inspection heads: glasses, sunglasses, smile, and nothing else about a person.

Eyewear: multinomial logistic regression on lite0 embeddings of the eye strip, taught by drawn eyewear on bare faces
(``eyewear.py``) and by hand-labelled photos. Smile: logistic regression on five lip measures of the mesh. Quality is
measured on real photos only, each predicted by a model that saw neither that photo nor anything drawn on it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from training.vision import reference
from training.vision.checks import session
from training.vision.eyewear import SIDE, SPANS, Eyewear, Scene, dressed
from training.vision.graph import OPSET, Floats, Graph, f32
from training.vision.reference import Pixels

LABELS = Path(__file__).with_name("face_labels.csv")
KINDS: tuple[Eyewear, ...] = ("none", "glasses", "sunglasses")
_DRAWN: tuple[tuple[Eyewear, int], ...] = (("none", 8), ("glasses", 10), ("sunglasses", 10))  # per bare face
_REAL_WEIGHT = 5.0  # of a photo against a drawing
_EYES_C, _SMILE_C, _FOLDS = 0.01, 1.0, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled real face, or a drawing on one."""

    photo: str  # the group that is held out together
    eyes: Floats  # lite0 embedding of the eye strip [1280]
    mouth: Floats | None = None  # mouth_shape; None for drawings
    eyewear: int | None  # index into KINDS, None: not clear to the eye
    smile: int | None = None


class Faces:
    """Detector, mesh and embedding in one: the faces of a photo, ready for the heads."""

    def __init__(self, package: Path) -> None:
        self.detector = session(package / "face-detector.onnx")
        self.mesh = session(package / "face-mesh.onnx")
        self.lite0 = session(package / "lite0.onnx")

    def find(self, image: Pixels) -> Iterator[tuple[tuple[float, float], Floats]]:
        """Centre (fractions of the picture) and mesh (picture pixels) of every confirmed face."""
        height, width = image.shape[:2]
        scores, boxes = self.detector.run(None, {"pixels": reference.detector_pixels(image)[None]})
        for face in reference.decode_faces(scores[0], boxes[0], width=width, height=height):
            transform = reference.mesh_transform(face, width=width, height=height)
            crop = reference.crop(image, transform, 192)
            points, presence = self.mesh.run(None, {"pixels": crop[None]})
            if presence[0] >= reference.PRESENCE_MIN:
                x0, y0, x1, y1 = face.box
                yield ((x0 + x1) / 2, (y0 + y1) / 2), reference.mesh_points(points[0], transform)

    def embed(self, strips: list[Pixels]) -> Floats:
        """lite0 embeddings [n, 1280]."""
        return f32(self.lite0.run(["embedding"], {"pixels": np.stack(strips)})[0])


def samples(media: Path, package: Path) -> tuple[list[Sample], list[Sample]]:
    """(real, drawn) from the labelled photos under ``media``; a labelled face that is no longer found is skipped."""
    faces, rng = Faces(package), np.random.default_rng(11)
    real: list[Sample] = []
    drawn: list[Sample] = []
    with LABELS.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for photo in sorted({row["photo"] for row in rows}):
        image = np.ascontiguousarray(read_rgb(media / photo))
        found = list(faces.find(image))
        for row in (row for row in rows if row["photo"] == photo):
            near = [(abs(x - float(row["x"])) + abs(y - float(row["y"])), mesh) for (x, y), mesh in found]
            distance, mesh = min(near, key=lambda entry: entry[0], default=(1.0, None))
            if mesh is None or distance > 0.02:
                continue
            real.append(_real(faces, image, mesh, row))
            if row["eyewear"] == "none":
                drawn += _drawn(faces, Scene(image, mesh), photo, rng)
    return real, drawn


def read_rgb(path: Path) -> Pixels:
    """A photo as RGB."""
    return np.asarray(cv2.cvtColor(_present(cv2.imread(str(path))), cv2.COLOR_BGR2RGB), np.uint8)


def _present(picture: Any) -> Any:
    """The picture; FileNotFoundError where OpenCV gave none."""
    if picture is None:
        raise FileNotFoundError("a labelled photo is missing or cannot be read")
    return picture


def _real(faces: Faces, image: Pixels, mesh: Floats, row: dict[str, str]) -> Sample:
    return Sample(
        photo=row["photo"],
        eyes=faces.embed([reference.eye_strip(image, mesh)])[0],
        mouth=reference.mouth_shape(mesh),
        eyewear=KINDS.index(row["eyewear"]) if row["eyewear"] else None,
        smile=int(row["smile"]) if row["smile"] else None,
    )


def _drawn(faces: Faces, scene: Scene, photo: str, rng: np.random.Generator) -> list[Sample]:
    kinds = [kind for kind, count in _DRAWN for _ in range(count)]
    strips = [_strip(dressed(scene, kind, rng), rng) for kind in kinds]
    eyes = faces.embed(strips)
    return [Sample(photo=photo, eyes=e, eyewear=KINDS.index(k)) for e, k in zip(eyes, kinds, strict=True)]


def _strip(canvas: Pixels, rng: np.random.Generator) -> Pixels:
    """The eye strip of a drawn scene, a little moved, turned, scaled, and mirrored half the time."""
    unit = SIDE / SPANS * rng.uniform(0.93, 1.07)
    centre, turn = SIDE / 2 + rng.normal(0, 0.02, 2) * unit, rng.normal(0, 0.04)
    wide, high = reference.STRIP_WIDE * unit, reference.STRIP_HIGH * unit
    across = f32([np.cos(turn), np.sin(turn)])
    strip = reference.crop(canvas, reference.square_to(f32(centre), across, wide, high, 224), 224)
    return reference.evened(strip[:, ::-1] if rng.random() < 0.5 else strip)


class Linear:
    """A logistic model on standardised inputs, folded into one weight [k, d] and bias [k]."""

    def __init__(self, x: Floats, y: NDArray[np.int64], *, strength: float, weight: Floats | None = None) -> None:
        mean, spread = x.mean(0), x.std(0) + 1e-6
        model = LogisticRegression(C=strength, max_iter=300).fit((x - mean) / spread, y, sample_weight=weight)
        self.weight = f32(model.coef_ / spread)
        self.bias = f32(model.intercept_ - self.weight @ mean)

    def logits(self, x: Floats) -> Floats:
        """[n, k]."""
        return f32(x @ self.weight.T + self.bias)


def fit_eyes(real: list[Sample], drawn: list[Sample]) -> Linear:
    """The eyewear head."""
    both = [sample for sample in (*real, *drawn) if sample.eyewear is not None]
    y = np.array([sample.eyewear for sample in both], np.int64)
    weight = f32([1.0 if sample.mouth is None else _REAL_WEIGHT for sample in both])
    return Linear(f32([sample.eyes for sample in both]), y, strength=_EYES_C, weight=weight)


def _mouths(samples: list[Sample]) -> Floats:
    return f32(np.stack([sample.mouth for sample in samples if sample.mouth is not None]))


def fit_smile(real: list[Sample]) -> Linear:
    """The smile head."""
    known = [sample for sample in real if sample.smile is not None]
    y = np.array([sample.smile for sample in known], np.int64)
    return Linear(_mouths(known), y, strength=_SMILE_C)


def training_data(real: list[Sample], drawn: list[Sample]) -> list[dict[str, Any]]:
    """For the card: what was learnt from, and how much of it was drawn."""
    origin = {"source": "Open Images", "commit": "photo ids in face_labels.csv", "licence": "CC BY 2.0"}
    drawings = {"source": "training/vision/eyewear.py", "commit": "", "licence": "CC BY 2.0"}
    return [
        {"name": "hand-labelled faces", "rows": len(real), **origin},
        {"name": "eyewear drawn on the bare ones of these faces (synthetic)", "rows": len(drawn), **drawings},
    ]


def head_model(eyes: Linear, smile: Linear) -> ModelProto:
    """``eyewear`` [n, 3] (none, glasses, sunglasses) from ``eyes``; ``smile`` [n] from ``mouth``."""
    graph = Graph()
    logits = graph.add("Gemm", "eyes", graph.constant(eyes.weight), graph.constant(eyes.bias), transB=1)
    graph.add("Softmax", logits, axis=1, out="eyewear")
    logit = graph.add("Gemm", "mouth", graph.constant(smile.weight), graph.constant(smile.bias), transB=1)
    flat = graph.add("Reshape", logit, graph.constant(np.array([-1], np.int64)))
    graph.add("Sigmoid", flat, out="smile")
    value = helper.make_tensor_value_info
    inputs = [value("eyes", TensorProto.FLOAT, ["n", 1280]), value("mouth", TensorProto.FLOAT, ["n", 5])]
    outputs = [value("eyewear", TensorProto.FLOAT, ["n", 3]), value("smile", TensorProto.FLOAT, ["n"])]
    made = helper.make_graph(graph.nodes, "face-attributes", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model


def held_out(real: list[Sample], drawn: list[Sample]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(calibration, quality) from predictions on photos that the predicting model never saw."""
    known = [sample for sample in real if sample.eyewear is not None]
    groups = [sample.photo for sample in known]
    logits = np.zeros((len(known), len(KINDS)), np.float32)
    for train, test in GroupKFold(_FOLDS).split(known, groups=groups):
        out = {groups[i] for i in test}
        model = fit_eyes([known[i] for i in train], [sample for sample in drawn if sample.photo not in out])
        logits[test] = model.logits(f32([known[i].eyes for i in test]))
    truth = np.array([sample.eyewear for sample in known])
    results = [
        _binary("face.glasses", _against_rest(logits, 1), truth == 1, groups),
        _binary("face.sunglasses", _against_rest(logits, 2), truth == 2, groups),
    ]
    smiling = [sample for sample in real if sample.smile is not None]
    logit, groups = np.zeros(len(smiling), np.float32), [sample.photo for sample in smiling]
    for train, test in GroupKFold(_FOLDS).split(smiling, groups=groups):
        fitted = fit_smile([smiling[i] for i in train])
        logit[test] = fitted.logits(_mouths([smiling[i] for i in test]))[:, 0]
    results.append(_binary("face.smile", logit, np.array([sample.smile for sample in smiling]) == 1, groups))
    calibration = {label: constants for label, constants, _ in results}
    return calibration, [entry for *_, entries in results for entry in entries]


def _against_rest(logits: Floats, index: int) -> Floats:
    """Logit of class ``index``'s softmax probability."""
    rest = np.delete(logits, index, axis=1)
    return f32(logits[:, index] - np.logaddexp.reduce(rest, axis=1))


def _binary(
    label: str, logit: Floats, truth: NDArray[np.bool_], groups: list[str]
) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Platt constants (Platt 1999, with his smoothed targets) and quality of one label."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    # smoothed targets as two weighted copies of every sample
    high, low = (positive + 1) / (positive + 2), 1 / (negative + 2)
    target = np.where(truth, high, low)
    doubled, weight = np.concatenate([logit, logit])[:, None], np.concatenate([target, 1 - target])
    platt = LogisticRegression(C=1e6).fit(doubled, np.repeat([1, 0], len(logit)), sample_weight=weight)
    a, b = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    hit = a * logit + b >= 0
    data = f"{len(truth)} real faces, {positive} positive, held out by photo"
    entries = [
        {
            "metric": f"{label} AUC",
            "value": round(float(roc_auc_score(truth, logit)), 3),
            "ci95": _auc_interval(logit, truth, groups),
        },
        {
            "metric": f"{label} recall at .5",
            "value": round(float(hit[truth].mean()), 3),
            "ci95": wilson(int(hit[truth].sum()), positive),
        },
        {
            "metric": f"{label} false alarms at .5",
            "value": round(float(hit[~truth].mean()), 3),
            "ci95": wilson(int(hit[~truth].sum()), negative),
        },
    ]
    for entry in entries:
        entry |= {"dataset": data, "n": len(truth), "note": "the two Platt constants were fitted on these same faces"}
    constants = {"method": "platt", "a": round(a, 4), "b": round(b, 4), "on": "logit of the output"}
    return label, constants, entries


def _auc_interval(logit: Floats, truth: NDArray[np.bool_], groups: list[str]) -> list[float]:
    """95% interval by resampling photos."""
    rng, names = np.random.default_rng(3), sorted(set(groups))
    rows = {name: [i for i, group in enumerate(groups) if group == name] for name in names}
    values = []
    for _ in range(500):
        picked = [i for name in rng.choice(names, len(names)) for i in rows[str(name)]]
        if 0 < truth[picked].sum() < len(picked):
            values.append(roc_auc_score(truth[picked], logit[picked]))
    return [round(float(value), 3) for value in np.percentile(values, [2.5, 97.5])]


def wilson(hits: int, count: int) -> list[float]:
    """95% interval of a share (Wilson 1927)."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [round(float(max(middle - half, 0)), 4), round(float(min(middle + half, 1)), 4)]
