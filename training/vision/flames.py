"""A head that finds flames in pictures: ``python -m training.vision.flames`` at the root.

Logistic regression on the mean of lite0's coarse map at 256 x 256, the look that guns and blades have already had. It
is judged with whole groups of near-duplicate frames held out, for a few fixed cameras make up most frames. Frames of
smoke without flames are neither learnt nor counted as false; frames of the same cameras without fire count thrice, as
do those of street and shop cameras, or "a camera on a wall" would come to mean fire. Drawn look-alikes (synthetic) are
learnt of some kinds and only measured of others. `fire`, which doubts gore, is another head: it takes smoke too.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from evenhand.domain import ImagePart
from evenhand.inference.pictures import resized
from training.common.fetch import sha256_of
from training.vision import fire_twins, weapons_data
from training.vision.build import MEASURED, MEDIA, PACKAGE, write_card
from training.vision.checks import session
from training.vision.fire import BLOTS, FIRE, blotted
from training.vision.graph import OPSET, Floats, Graph, f32
from training.vision.reference import Pixels
from training.vision.statistics import wilson

LABEL, NAME = "violence.fire", "flames"
FLAMES, SMOKE, NEITHER = "flames", "smoke alone", "same cameras, no fire"
CAMERAS = "video/fight_surv"
_DRAWN, _EACH = "drawn: ", 100  # look-alikes of a kind
_STRENGTH, _FOLDS, _HARD = 50.0, 5, 3.0
_COMMON = 0.1  # share of pictures with flames that the calibration is for
_ON = ("image/neutral", "image/ocr", "image/qr", "neardup/image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Everything that is learnt from and measured on."""

    x: Floats  # [n, 1280], length 1
    kinds: NDArray[np.str_]  # FLAMES, SMOKE, NEITHER, or the folder, BLOTS, "drawn: ..."
    groups: NDArray[np.str_]

    @property
    def burns(self) -> NDArray[np.bool_]:
        """[n]: shows flames."""
        return np.asarray(self.kinds == FLAMES)

    @property
    def learnt(self) -> NDArray[np.bool_]:
        """[n]: may be learnt from."""
        never = [_DRAWN + kind for kind in fire_twins.NEVER_LEARNT]
        return ~np.isin(self.kinds, [SMOKE, *never])


def kind_of(path: Path) -> str:
    """What the boxes of a frame of the fire folder tell: 0 is fire, 2 smoke."""
    text = Path(str(path.with_suffix(".txt")).replace("/images/", "/labels/"))
    told = {line.split()[0] for line in text.read_text("utf-8").splitlines() if line.strip()} if text.is_file() else ""
    return FLAMES if "0" in told else SMOKE if "2" in told else NEITHER


def rows(media: Path, package: Path) -> Rows:
    """Look at every picture, and draw on some (about three minutes)."""
    model, rng = session(package / "lite0.onnx"), np.random.default_rng(8)
    x: list[Floats] = []
    names: list[str] = []
    kinds: list[str] = []
    folders: list[str] = []
    photos: list[tuple[str, Pixels]] = []

    def add(name: str, kind: str, folder: str, pixels: Pixels) -> None:
        side = weapons_data.SIDE
        shown = resized(ImagePart(image=Image.fromarray(pixels)), side, side)[None]
        mean = model.run(["coarse"], {"pixels": shown})[0][0].mean((1, 2))
        x.append(f32(mean / np.linalg.norm(mean)))
        names.append(name)
        kinds.append(kind)
        folders.append(folder)

    for folder, shown in weapons_data.photos(media):
        add(shown.name, kind_of(media / shown.name) if folder == FIRE else folder, folder, shown.pixels)
        if folder in _ON:
            add(shown.name, BLOTS, "", blotted(shown.pixels, rng))
        if folder == "image/guns":
            photos.append((shown.name, shown.pixels))
    for kind, draw in {**fire_twins.LEARNT, **fire_twins.NEVER_LEARNT}.items():
        for _ in range(_EACH):
            name, pixels = photos[int(rng.integers(len(photos)))]
            add(name, _DRAWN + kind, "", fire_twins.drawn(draw, pixels, rng))
    table, real = f32(x), [i for i, folder in enumerate(folders) if folder]
    own = weapons_data.groups(table[real], np.array([folders[i] for i in real]), [names[i] for i in real])
    of = dict(zip((names[i] for i in real), own, strict=True))
    return Rows(x=table, kinds=np.array(kinds), groups=np.array([of[name] for name in names]))


def fit(found: Rows, chosen: NDArray[np.bool_]) -> LogisticRegression:
    """The head, from the chosen rows: as much weight on flames as on all else, less on each frame of a large group."""
    _, place, size = np.unique(found.groups, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(size[place])
    weight[np.isin(found.kinds, [NEITHER, CAMERAS])] *= _HARD
    weight, burns = weight[chosen], found.burns[chosen]
    weight = weight / np.where(burns, weight[burns].sum(), weight[~burns].sum()) * len(weight) / 2
    return LogisticRegression(C=_STRENGTH, max_iter=400).fit(found.x[chosen], burns, sample_weight=weight)


def out_of_fold(found: Rows) -> NDArray[np.float64]:
    """[n]: log-odds from a head that has seen nothing of the row's group."""
    out = np.zeros(len(found.x))
    for train, test in GroupKFold(_FOLDS).split(found.x, groups=found.groups):
        chosen = np.zeros(len(out), bool)
        chosen[train] = True
        out[test] = fit(found, chosen & found.learnt).decision_function(found.x[test])
    return out


def platt(found: Rows, out: NDArray[np.float64]) -> tuple[float, float]:
    """(a, b) on rows out of fold: every group of flames counts alike, real pictures without fire count alike."""
    real = ~np.char.startswith(found.kinds, _DRAWN) & ~np.isin(found.kinds, [SMOKE, BLOTS])
    _, place, size = np.unique(found.groups, return_inverse=True, return_counts=True)
    weight = np.where(found.burns, 1 / size[place], 1.0)
    weight[found.burns] *= _COMMON / weight[found.burns].sum()
    rest = real & ~found.burns
    weight[rest] *= (1 - _COMMON) / rest.sum()
    fitted = LogisticRegression(C=1e4).fit(out[real, None], found.burns[real], sample_weight=weight[real] * real.sum())
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def quality(found: Rows, out: NDArray[np.float64], scores: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The card's entries, all out of fold by group."""
    real = ~np.char.startswith(found.kinds, _DRAWN) & ~np.isin(found.kinds, [SMOKE, BLOTS])
    groups = sorted(set(found.groups[found.burns]))
    entries: list[dict[str, Any]] = [
        {"metric": "AUC", "dataset": "frames with flames against real pictures without fire", "n": int(real.sum()),
         "value": round(float(roc_auc_score(found.burns[real], out[real])), 4), "ci95": None,
         "note": f"out of fold by group; {len(groups)} groups of flames"}
    ]  # fmt: skip
    for bar in (0.5, 0.85):
        flags = scores >= bar
        shares = np.array([flags[found.burns & (found.groups == group)].mean() for group in groups])
        drawn = np.random.default_rng(3).choice(shares, (1000, len(shares))).mean(1)
        entries.append(
            {"metric": f"recall at {bar}, mean over groups", "dataset": FLAMES, "n": len(groups),
             "value": round(float(shares.mean()), 4),
             "ci95": [round(float(v), 4) for v in np.percentile(drawn, [2.5, 97.5])], "note": "resampled groups"}
        )  # fmt: skip
        for kind in sorted(set(found.kinds)):
            own = flags[found.kinds == kind]
            metric = "recall" if kind == FLAMES else "found" if kind == SMOKE else "false alarms"
            entries.append(
                {"metric": f"{metric} at {bar}", "dataset": str(kind), "n": len(own),
                 "value": round(float(own.mean()), 4), "ci95": wilson(int(own.sum()), len(own)),
                 "note": f"{int(own.sum())}; out of fold by group"}
            )  # fmt: skip
    return entries


def model_of(weight: Floats, bias: Floats) -> ModelProto:
    """``flames`` [n], log-odds, from ``coarse`` [n, 1280, 8, 8]."""
    graph = Graph()
    mean = graph.add("Flatten", graph.add("GlobalAveragePool", "coarse"))
    unit = graph.add("LpNormalization", mean, axis=1, p=2)
    logit = graph.add("Gemm", unit, graph.constant(weight), graph.constant(bias), transB=1)
    graph.add("Reshape", logit, graph.constant(np.array([-1], np.int64)), out=NAME)
    value, side = helper.make_tensor_value_info, weapons_data.SIDE // 32
    inputs = [value("coarse", TensorProto.FLOAT, ["n", weight.size, side, side])]
    made = helper.make_graph(graph.nodes, NAME, inputs, [value(NAME, TensorProto.FLOAT, ["n"])], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    model.ir_version = 8
    checker.check_model(model, full_check=True)
    return model


def build(found: Rows, package: Path) -> None:
    """Fit, measure, and write ``flames.onnx`` and its card."""
    fitted = fit(found, found.learnt)
    onnx.save(model_of(f32(fitted.coef_), f32(fitted.intercept_)), package / f"{NAME}.onnx")
    out = out_of_fold(found)
    a, b = platt(found, out)
    scores = 1 / (1 + np.exp(-(a * out + b)))
    known = json.loads(MEASURED.read_text("utf-8"))
    known[NAME] = {
        "calibration": {LABEL: {"method": "platt", "a": round(a, 4), "b": round(b, 4), "recommended": 0.5}},
        "quality": quality(found, out, scores),
        "training_data": [
            {"name": "frames with flames", "rows": int(found.burns.sum()), "commit": "",
             "source": "Abonia1/YOLOv8-Fire-and-Smoke-Detection", "licence": "CC BY 4.0, declared"},
            {"name": "pictures without fire", "rows": int((found.learnt & ~found.burns).sum()), "commit": "",
             "source": "gun photos, cameras, documents, codes, neutral photos", "licence": "various; as negatives"},
            {"name": "of these drawn look-alikes and red blots (synthetic)", "commit": "", "licence": "Apache-2.0",
             "rows": int((found.learnt & (np.char.startswith(found.kinds, _DRAWN) | (found.kinds == BLOTS))).sum()),
             "source": "training/vision/fire_twins.py, fire.py"},
        ],
    }  # fmt: skip
    MEASURED.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", "utf-8")
    source = {"package": "evenhand", "version": "0.1.0", "file": "training/vision/flames.py"}
    write_card(NAME, package=package, source=source | {"sha256": sha256_of(Path(__file__))}, differences={})


def main() -> None:
    """Train, write ``flames.onnx`` and its card."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--media", type=Path, default=MEDIA, help="folder of training pictures")
    build(rows(reader.parse_args().media, PACKAGE), PACKAGE)


if __name__ == "__main__":
    main()
