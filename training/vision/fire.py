"""A head that knows fire and smoke, so that the gore model's mistake about them can be taken back in part.

Logistic regression on lite0's embedding of the whole picture, judged with whole groups of near-duplicate frames held
out. Negatives are all other pictures and *drawn red blots* (synthetic): were red alone fire, gore would pass for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from training.vision import weapons_data
from training.vision.checks import session
from training.vision.graph import OPSET, Floats, Graph, f32
from training.vision.reference import Pixels
from training.vision.statistics import wilson
from training.vision.weapons_data import Kept

FIRE = "image/fire_smoke"
BLOTS = "red blots (synthetic)"
_STRENGTH, _FOLDS = 20.0, 5
_ON = ("image/neutral", "image/ocr", "image/qr", "neardup/image")


def blotted(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A copy with red blots and runs on it: paint, sauce or worse, nobody can tell."""
    high, wide = picture.shape[:2]
    cover = np.zeros((high, wide), np.uint8)
    for _ in range(int(rng.integers(3, 25))):
        at = (int(rng.integers(wide)), int(rng.integers(high)))
        size = int(rng.uniform(0.01, 0.15) * min(high, wide)) + 2
        cv2.ellipse(cover, at, (size, int(size * rng.uniform(0.4, 1))), float(rng.uniform(0, 180)), 0, 360, 255, -1)
        if rng.random() < 0.4:
            cv2.line(cover, at, (at[0], at[1] + int(size * rng.uniform(1, 5))), 255, max(2, size // 4))
    soft = cv2.GaussianBlur(cover, (0, 0), 1.5)[:, :, None].astype(np.float32) / 255 * rng.uniform(0.75, 1)
    red = np.array([rng.integers(90, 190), rng.integers(0, 30), rng.integers(0, 30)])
    return np.asarray(picture * (1 - soft) + (red + rng.normal(0, 8, picture.shape)).clip(0, 255) * soft, np.uint8)


def burning(media: Path) -> set[str]:
    """Names of the pictures whose boxes tell of fire (0) or smoke (2)."""
    names = set()
    for path in (media / FIRE).rglob("*.jpg"):
        text = Path(str(path.with_suffix(".txt")).replace("/images/", "/labels/"))
        if text.is_file() and {line.split()[0] for line in text.read_text("utf-8").splitlines() if line.strip()} & {
            "0",
            "2",
        }:
            names.add(str(path.relative_to(media)))
    return names


def rows(kept: Kept, media: Path, package: Path) -> tuple[Floats, NDArray[np.bool_], list[str], list[str]]:
    """(embeddings of length 1, burns, group, folder); frames of the fire folder without fire or smoke are left out."""
    lit, model, rng = burning(media), session(package / "lite0.onnx"), np.random.default_rng(8)
    folders = {"image/guns", "image/guns_basegun", *weapons_data.HARMLESS, *weapons_data.VIDEOS}
    found = [
        (name, source, group, embedding)
        for name, source, group, copy, embedding in zip(
            kept.names, kept.sources, kept.groups, kept.copies, kept.embeddings, strict=True
        )
        if copy == 0 and source in folders
    ] + kept.others
    found = [row for row in found if row[1] != FIRE or row[0] in lit]
    for name, source, group, _ in list(found):
        if source in _ON:
            pixels = blotted(weapons_data.read_rgb(media / name), rng)
            embedding = model.run(["embedding"], {"pixels": weapons_data.square(pixels, weapons_data.EMBED_SIDE)})[0][0]
            found.append((name, BLOTS, group, embedding))
    raw = f32(np.stack([embedding for *_, embedding in found]))
    burns = np.array([source == FIRE for _, source, _, _ in found])
    unit = f32(raw / np.linalg.norm(raw, axis=1, keepdims=True))
    return unit, burns, [group for _, _, group, _ in found], [source for _, source, _, _ in found]


def build(kept: Kept, media: Path, package: Path) -> list[dict[str, Any]]:
    """Fit and write ``fire.onnx``; gives the quality for its card, judged out of fold."""
    x, burns, groups, folders = rows(kept, media, package)
    out = np.zeros(len(x))
    for train, test in GroupKFold(_FOLDS).split(x, groups=groups):
        out[test] = _fit(x[train], burns[train]).decision_function(x[test])
    fitted = _fit(x, burns)
    onnx.save(model_of(f32(fitted.coef_), f32(fitted.intercept_)), package / "fire.onnx")
    quality = [
        {"metric": "AUC", "dataset": "fire and smoke frames against all others, out of fold by group", "n": len(x),
         "value": round(float(roc_auc_score(burns, out)), 4), "ci95": None,
         "note": f"{len({g for g, b in zip(groups, burns, strict=True) if b})} groups of fire and smoke"}
    ]  # fmt: skip
    for folder in sorted(set(folders)):
        flags = out[np.array(folders) == folder] > 0
        quality.append({
            "metric": "recall at .5" if folder == FIRE else "taken for fire at .5",
            "dataset": folder, "n": len(flags), "value": round(float(flags.mean()), 4),
            "ci95": wilson(int(flags.sum()), len(flags)), "note": "out of fold by group",
        })  # fmt: skip
    return quality


def _fit(x: Floats, burns: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=_STRENGTH, max_iter=300, class_weight="balanced").fit(x, burns)


def model_of(weight: Floats, bias: Floats) -> ModelProto:
    """``fire`` [n], a probability, from ``embedding`` [n, 1280] of length 1."""
    graph = Graph()
    logit = graph.add("Gemm", "embedding", graph.constant(weight), graph.constant(bias), transB=1)
    graph.add("Sigmoid", graph.add("Reshape", logit, graph.constant(np.array([-1], np.int64))), out="fire")
    value = helper.make_tensor_value_info
    inputs, outputs = [value("embedding", TensorProto.FLOAT, ["n", 1280])], [value("fire", TensorProto.FLOAT, ["n"])]
    made = helper.make_graph(graph.nodes, "fire", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model
