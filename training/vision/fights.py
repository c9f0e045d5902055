"""A head that knows movement of fights: ``python -m training.vision.fights`` at the root.

Two logistic regressions whose log-odds are added: on measures of optical flow in the square that moves, and on how
lite0's map of that square changes. Judged with whole recordings held out (clips of the same place and day are near-
duplicates across classes, and folds that leak flatter by ten points and more), and sampled by the clock: taking every
second or third frame instead tells the classes apart by their frame rates, and reads as AUC .87. Inputs are held
within what was seen here, so that a scene unlike any of these is not taken for an extreme one.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from evenhand.inference import movement
from evenhand.inference.sessions import LazySession
from training.common.fetch import sha256_of
from training.vision import weapons_data
from training.vision.build import MEASURED, MEDIA, PACKAGE, write_card
from training.vision.graph import OPSET, Floats, Graph, f32
from training.vision.statistics import wilson

LABEL, NAME = "violence.fight", "fights"
CLIPS, NEUTRAL = "video/fight_surv", ("video/neutral", "video/fire")
_STRENGTH = (0.03, 0.003)  # of the regressions on flow and on looks
_FOLDS, _SEEDS = 6, (0, 1, 2)
_COMMON = 0.1  # share of looks with fights that the calibration is for
_LONGEST_S, _EVERY_S = 60, 4  # of other videos: what is looked at, and how often


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What is learnt from, or measured on."""

    measures: Floats  # [n, 55]
    change: Floats  # [n, 1280]
    fights: NDArray[np.bool_]  # [n]
    groups: NDArray[np.str_]  # [n]


def sampled(path: Path) -> list[NDArray[np.uint8]]:
    """The frames of a clip that the product would look at: RATE a second, shrunk, RGB."""
    clip = cv2.VideoCapture(str(path))
    rate = clip.get(cv2.CAP_PROP_FPS) or 25.0
    out: list[NDArray[np.uint8]] = []
    number = 0
    while number < rate * _LONGEST_S:
        there, frame = clip.read()
        if not there:
            break
        if number / rate >= len(out) / movement.RATE - 1e-6:
            out.append(movement.shrunk(np.ascontiguousarray(frame[..., ::-1])))
        number += 1
    return out


def looks(media: Path, folders: tuple[str, ...]) -> Looks:
    """Look at every clip (about a minute)."""
    general = LazySession("evenhand_models_vision", "lite0", threads=1)
    measures: list[Floats] = []
    change: list[Floats] = []
    files: list[str] = []
    rows: list[Floats] = []
    names: list[str] = []
    for path in sorted(p for folder in folders for p in (media / folder).rglob("*") if p.suffix in {".mp4", ".mkv"}):
        frames, name = sampled(path), str(path.relative_to(media))
        step = movement.RATE * _EVERY_S
        for start in range(0, len(frames) - movement.LEAST + 1, step):
            look = np.stack(frames[start : start + movement.FRAMES])
            if len(look) < movement.LEAST:
                continue
            found = movement.measure(look)
            measures.append(found.measures)
            change.append(movement.changes(general, look, found))
            files.append(name)
            for frame in look[movement.moments(len(look))]:
                small = cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA)[None]
                rows.append(general.run(["embedding"], {"pixels": small.astype(np.uint8)})[0][0])
                names.append(f"{name}#{len(names)}")
    table = f32(rows)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    own = weapons_data.groups(table, np.array([CLIPS] * len(names)), names)
    of = {name.partition("#")[0]: group for name, group in zip(names, own, strict=True)}
    return Looks(
        measures=f32(measures),
        change=f32(change),
        fights=np.array(["/fight/" in name for name in files]),
        groups=np.array([of[name] for name in files]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Log-odds, linear in inputs that are held within [low, high]."""

    low: Floats
    high: Floats
    weight: Floats
    bias: float

    def __call__(self, x: Floats) -> NDArray[np.float64]:
        """[n], log-odds."""
        return np.clip(x, self.low, self.high).astype(float) @ self.weight + self.bias


def linear(x: Floats, fights: NDArray[np.bool_], strength: float) -> Linear:
    """Fit on standardised inputs, and fold the standard into the weights."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    fitted = LogisticRegression(C=strength, max_iter=3000).fit((x - mean) / spread, fights)
    weight = fitted.coef_[0] / spread
    return Linear(low=x.min(0), high=x.max(0), weight=f32(weight), bias=float(fitted.intercept_[0] - mean @ weight))


def fit(found: Looks, rows: NDArray[Any]) -> tuple[Linear, Linear]:
    """The two regressions, from some rows."""
    inputs = (found.measures, found.change)
    one, two = (linear(x[rows], found.fights[rows], c) for x, c in zip(inputs, _STRENGTH, strict=True))
    return one, two


def out_of_fold(found: Looks) -> NDArray[np.float64]:
    """[n]: log-odds by heads that have seen nothing of the recording, means over some ways to fold."""
    out = np.zeros(len(found.fights))
    for seed in _SEEDS:
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        for train, test in folds.split(found.measures, found.fights, found.groups):
            flow, look = fit(found, train)
            out[test] += (flow(found.measures[test]) + look(found.change[test])) / len(_SEEDS)
    return out


def platt(found: Looks, out: NDArray[np.float64]) -> tuple[float, float]:
    """(a, b) for the share of fights that is taken to be common."""
    share = found.fights.mean()
    weight = np.where(found.fights, _COMMON / share, (1 - _COMMON) / (1 - share))
    fitted = LogisticRegression(C=1e4).fit(out[:, None], found.fights, sample_weight=weight)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _auc(found: Looks, out: NDArray[np.float64]) -> dict[str, Any]:
    names, rng, drawn = np.unique(found.groups), np.random.default_rng(0), []
    while len(drawn) < 1000:
        rows = np.concatenate([np.flatnonzero(found.groups == name) for name in rng.choice(names, len(names))])
        if 0 < found.fights[rows].mean() < 1:
            drawn.append(roc_auc_score(found.fights[rows], out[rows]))
    return {
        "metric": "AUC",
        "dataset": "two-second clips of cameras in streets and shops",
        "n": len(out),
        "value": round(float(roc_auc_score(found.fights, out)), 4),
        "ci95": [round(float(v), 4) for v in np.percentile(drawn, [2.5, 97.5])],
        "note": f"out of fold by recording, {len(names)} of them, which were resampled for the interval",
    }


def quality(found: Looks, out: NDArray[np.float64], others: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The card's entries; `out` and `others` are log-odds before calibration."""
    a, b = platt(found, out)
    sets = {
        ("recall", "fights", "out of fold by recording"): out[found.fights],
        ("false alarms", "the same cameras, no fight", "out of fold by recording"): out[~found.fights],
        ("false alarms", "signing, goods on a belt, carving ice, a burning house", "8 videos"): others,
    }
    entries = [_auc(found, out)]
    for bar in (0.5, 0.85):
        for (metric, dataset, note), logits in sets.items():
            hits = int((1 / (1 + np.exp(-(a * logits + b))) >= bar).sum())
            entries.append(
                {"metric": f"{metric} at {bar}", "dataset": dataset, "n": len(logits),
                 "value": round(hits / len(logits), 4), "ci95": wilson(hits, len(logits)), "note": f"{hits}; {note}"}
            )  # fmt: skip
    return entries


def model_of(flow: Linear, look: Linear) -> ModelProto:
    """``fight`` [n], log-odds, from ``measures`` [n, 55] and ``change`` [n, 1280]."""
    graph = Graph()
    sums = []
    for name, part in (("measures", flow), ("change", look)):
        held = graph.add("Min", graph.add("Max", name, graph.constant(part.low)), graph.constant(part.high))
        weight, bias = graph.constant(part.weight[None]), graph.constant(f32([part.bias]))
        sums.append(graph.add("Gemm", held, weight, bias, transB=1))
    graph.add("Reshape", graph.add("Add", *sums), graph.constant(np.array([-1], np.int64)), out="fight")
    value = helper.make_tensor_value_info
    sizes = {"measures": flow.weight.size, "change": look.weight.size}
    inputs = [value(name, TensorProto.FLOAT, ["n", size]) for name, size in sizes.items()]
    made = helper.make_graph(graph.nodes, NAME, inputs, [value("fight", TensorProto.FLOAT, ["n"])], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model


def build(found: Looks, other: Looks, package: Path) -> None:
    """Fit, measure, and write ``fights.onnx`` and its card."""
    flow, look = fit(found, np.arange(len(found.fights)))
    onnx.save(model_of(flow, look), package / f"{NAME}.onnx")
    out = out_of_fold(found)
    a, b = platt(found, out)
    known = json.loads(MEASURED.read_text("utf-8"))
    known[NAME] = {
        "calibration": {LABEL: {"method": "platt", "a": round(a, 4), "b": round(b, 4), "recommended": 0.5}},
        "quality": quality(found, out, flow(other.measures) + look(other.change)),
        "training_data": [
            {"name": "clips with fights", "rows": int(found.fights.sum()), "commit": "", "licence": "MIT, declared",
             "source": "seymanurakti/fight-detection-surv-dataset"},
            {"name": "clips without", "rows": int((~found.fights).sum()), "commit": "", "licence": "MIT, declared",
             "source": "seymanurakti/fight-detection-surv-dataset"},
        ],
    }  # fmt: skip
    MEASURED.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", "utf-8")
    source = {"package": "evenhand", "version": "0.1.0", "file": "training/vision/fights.py"}
    write_card(NAME, package=package, source=source | {"sha256": sha256_of(Path(__file__))}, differences={})


def main() -> None:
    """Train, write ``fights.onnx`` and its card."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--media", type=Path, default=MEDIA, help="folder of training videos")
    media = reader.parse_args().media
    build(looks(media, (CLIPS,)), looks(media, NEUTRAL), PACKAGE)


if __name__ == "__main__":
    main()
