"""Train, calibrate and measure the blade head: ``python -m training.vision.blades_build`` at the root.

A linear head on lite0's coarse map; lite0 itself is not trained. Nothing here is a real picture of a knife, so every
recall is that of drawings. lite0's own classes of ImageNet (cleaver, letter opener) found a quarter of what this head
finds at as many false alarms, and starting from their vectors or a hidden layer of 48 changed nothing for the better.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.linear_model import LogisticRegression

from training.common.fetch import sha256_of
from training.vision import blades_data, blades_shapes, blades_twins
from training.vision import weapons_measure as measure
from training.vision.build import MEASURED, MEDIA, PACKAGE, write_card
from training.vision.graph import OPSET, Floats, Graph, f32

LABEL = "violence.weapon"
NAME = "blade"
REVIEW = 0.85
_STRENGTH = 0.002  # of .0003, .002 and .02 the one with the best AP on held-out grounds
_COMMON = 0.33  # share of pictures with blades that the calibration is for: where blades are rare, scores are too high


def fit(rows: blades_data.Rows) -> tuple[Floats, float]:
    """(weight [1280], bias) of the head, from the windows of the train split."""
    means, learnable = np.stack(rows.means), rows.learnable()
    train = np.array(rows.splits) == "train"
    drawn = np.isin(rows.kinds, list(blades_shapes.LEARNT))
    blade = learnable & (train & drawn)[:, None]
    other = np.repeat((train & ~drawn)[:, None], means.shape[1], 1)
    x = np.concatenate([means[blade], means[other]])
    y = np.r_[np.ones(blade.sum()), np.zeros(other.sum())]
    weights = {1: float(other.sum() / blade.sum()) / 3, 0: 1}
    fitted = LogisticRegression(C=_STRENGTH, max_iter=400, class_weight=weights).fit(x, y)
    return f32(fitted.coef_[0]), float(fitted.intercept_[0])


def logits(rows: blades_data.Rows, weight: Floats, bias: float) -> Floats:
    """[n]: the highest of a picture's ten windows."""
    return f32((np.stack(rows.means) @ weight + bias).max(1))


def judge(rows: blades_data.Rows, out: Floats) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(calibration, quality) for the card, on rows that nothing was learnt from."""
    kinds, folders, splits = np.array(rows.kinds), np.array(rows.folders), np.array(rows.splits)
    blades = list(blades_shapes.LEARNT | blades_shapes.UNSEEN)
    shows = np.isin(kinds, blades)
    seen = rows.learnable().any(1)
    aside = (splits == "calibrate") & (~shows | seen)
    weight = (
        np.where(shows, _COMMON / max((aside & shows).sum(), 1), (1 - _COMMON) / (aside & ~shows).sum()) * aside.sum()
    )
    fitted = LogisticRegression(C=1e4).fit(out[aside, None], shows[aside], sample_weight=weight[aside])
    a, b = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    scores = 1 / (1 + np.exp(-(a * out + b)))
    test = splits == "test"
    quality: list[dict[str, Any]] = []

    def note(metric: str, dataset: str, flags: NDArray[np.bool_]) -> None:
        if len(flags):
            quality.append({"metric": metric, "dataset": dataset, **measure.share(flags), "note": ""})

    chosen = test & (~shows | seen)
    ranked = round(measure.picture_precision(out[chosen], shows[chosen]), 3)
    against = "drawn blades (synthetic) against all else, held-out grounds"
    quality.append(
        {"metric": "picture AP", "dataset": against, "n": int(chosen.sum()), "value": ranked, "ci95": None, "note": ""}
    )
    for bar in (0.5, REVIEW):
        for name, of in (("learnt", blades_shapes.LEARNT), ("never learnt", blades_shapes.UNSEEN)):
            note(
                f"recall at {bar}",
                f"drawn blades of kinds {name} (synthetic)",
                scores[test & seen & np.isin(kinds, list(of))] >= bar,
            )
        for kind in blades:
            note(f"recall at {bar}", f"drawn {kind} (synthetic)", scores[test & seen & (kinds == kind)] >= bar)
        for name, of in (("learnt", blades_twins.LEARNT), ("never learnt", blades_twins.UNSEEN)):
            note(
                f"false alarms at {bar}",
                f"drawn twins of kinds {name} (synthetic)",
                scores[test & np.isin(kinds, list(of))] >= bar,
            )
        for kind in blades_twins.LEARNT | blades_twins.UNSEEN:
            note(f"false alarms at {bar}", f"drawn {kind} (synthetic)", scores[test & (kinds == kind)] >= bar)
        for folder in sorted(set(folders)):
            note(f"false alarms at {bar}", folder, scores[test & (kinds == "photo") & (folders == folder)] >= bar)
    return {LABEL: {"method": "platt", "a": round(a, 4), "b": round(b, 4), "recommended": REVIEW}}, quality


def model_of(weight: Floats, bias: float) -> ModelProto:
    """``windows`` [n, 10], log-odds of a blade in each window of WINDOWS, from ``coarse`` [n, 1280, 8, 8]."""
    graph = Graph()
    kernel, shift = graph.constant(weight.reshape(1, -1, 1, 1)), graph.constant(f32([bias]))
    cells = graph.add("Conv", "coarse", kernel, shift)
    whole = graph.add("GlobalAveragePool", cells)
    half = graph.add("AveragePool", cells, kernel_shape=[blades_data.HALF] * 2, strides=[blades_data.HALF // 2] * 2)
    flat = [graph.add("Flatten", value) for value in (whole, half)]
    graph.add("Concat", *flat, axis=1, out="windows")
    value, side = helper.make_tensor_value_info, blades_data.CELLS
    made = helper.make_graph(
        graph.nodes, NAME, [value("coarse", TensorProto.FLOAT, ["n", weight.size, side, side])],
        [value("windows", TensorProto.FLOAT, ["n", len(blades_data.WINDOWS)])], graph.constants,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model


def write(rows: blades_data.Rows) -> None:
    """Fit on the rows and write ``blade.onnx`` and its card."""
    weight, bias = fit(rows)
    onnx.save(model_of(weight, bias), PACKAGE / f"{NAME}.onnx")
    calibration, quality = judge(rows, logits(rows, weight, bias))
    known = json.loads(MEASURED.read_text("utf-8"))
    known[NAME] = {"calibration": calibration, "quality": quality, "training_data": training_data(rows)}
    MEASURED.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", "utf-8")
    here = Path(__file__)
    source = {
        "package": "evenhand",
        "version": "0.1.0",
        "file": f"training/vision/{here.name}",
        "sha256": sha256_of(here),
    }
    write_card(NAME, package=PACKAGE, source=source, differences={})


def main() -> None:
    """Train, write ``blade.onnx`` and its card."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--media", type=Path, default=MEDIA, help="folder of training pictures")
    write(blades_data.keep(reader.parse_args().media, PACKAGE))


def training_data(rows: blades_data.Rows) -> list[dict[str, Any]]:
    """What was learnt from, for the card."""
    train, kinds = np.array(rows.splits) == "train", np.array(rows.kinds)
    own = {"source": "training/vision/blades_shapes.py, blades_twins.py", "commit": "", "licence": "Apache-2.0"}
    photos = {
        "source": "Open Images and others, see the cards of weapon and fire",
        "commit": "",
        "licence": "various; as negatives",
    }
    return [
        {
            "name": "drawn blades (synthetic)",
            "rows": int((train & np.isin(kinds, list(blades_shapes.LEARNT))).sum()),
            **own,
        },
        {
            "name": "drawn twins (synthetic)",
            "rows": int((train & np.isin(kinds, list(blades_twins.LEARNT))).sum()),
            **own,
        },
        {"name": "photos without blades", "rows": int((train & (kinds == "photo")).sum()), **photos},
    ]


if __name__ == "__main__":
    main()
