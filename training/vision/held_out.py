"""Quality of the face heads on photos that no part of them has seen, and their calibration.

Nested cross-validation by photo: the outer folds are predicted by heads and Platt constants (Platt 1999) that were
both fitted without them, the constants on inner folds of the same training photos.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from training.vision import heads
from training.vision.faceset import Sample
from training.vision.graph import Floats, f32
from training.vision.statistics import wilson

OUTER, INNER = 5, 3
SPAN_MIN = 20.0  # px between the outer eye corners; smaller faces are not inspected
# Share of faces that a score of .5 takes for granted: a calibrated score needs one, and these photos' own shares
# (photos that show guns) are nobody else's.
BASE_RATES: Mapping[str, float] = {
    "face.glasses": 0.3,
    "face.sunglasses": 0.15,
    "face.smile": 0.5,
    "eyes_covered": 0.2,
    "mouth_covered": 0.2,
}
_EYEWEAR = ("face.glasses", "face.sunglasses")
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """Constants of one label."""

    a: float
    b: float

    def card(self, base_rate: float) -> dict[str, Any]:
        """As the card states it."""
        a, b = round(self.a, 4), round(self.b, 4)
        return {"method": "platt", "a": a, "b": b, "on": "logit of the output", "base_rate": base_rate}

    def score(self, logits: Floats) -> Floats:
        """Probabilities."""
        return f32(1 / (1 + np.exp(-np.clip(self.a * logits + self.b, -60, 60))))


def truth(sample: Sample, label: str) -> bool | None:
    """What was seen on the face; None where it is not clear, or hidden."""
    if label in ("eyes_covered", "mouth_covered"):
        return label.partition("_")[0] in sample.covered
    if label == "face.smile":
        return None if sample.smile is None or "mouth" in sample.covered else bool(sample.smile)
    if sample.eyewear is None or "eyes" in sample.covered:
        return None
    return sample.eyewear == (1 if label == "face.glasses" else 2)


def folds(samples: Sequence[Sample], count: int, *, seed: int) -> NDArray[np.int64]:
    """A fold a sample; all of a photo in one."""
    photos = sorted({sample.label.photo for sample in samples})
    order = np.random.default_rng(seed).permutation(len(photos))
    of_photo = {photos[place]: fold % count for fold, place in enumerate(order)}
    return np.array([of_photo[sample.label.photo] for sample in samples], np.int64)


def calibrate(samples: list[Sample], *, seed: int) -> dict[str, Platt]:
    """Platt constants from predictions on inner folds."""
    fold = folds(samples, INNER, seed=seed)
    seen: dict[str, tuple[list[float], list[bool]]] = {label: ([], []) for label in BASE_RATES}
    for k in range(INNER):
        made = heads.fit([s for s, f in zip(samples, fold, strict=True) if f != k])
        _collect(made, [s for s, f in zip(samples, fold, strict=True) if f == k], seen)
    return {label: _platt(f32(x), np.array(y), BASE_RATES[label]) for label, (x, y) in seen.items()}


def _collect(made: heads.Heads, test: list[Sample], seen: dict[str, tuple[list[float], list[bool]]]) -> None:
    for label, (logits, answers) in seen.items():
        # covers are drawn for the most part: real photos alone would give almost none
        kinds = {"real", "covered"} if label.endswith("covered") else {"real", "version"}
        chosen = [s for s in test if s.kind in kinds and s.mouth is not None and s.eyes.size]
        if label == "mouth_covered":
            chosen = [s for s in test if s.kind in kinds and s.mouth is not None]
        known = [(s, t) for s in chosen if (t := truth(s, label)) is not None]
        if known:
            logits.extend(made.one(label, [s for s, _ in known]).tolist())
            answers.extend(t for _, t in known)


def _platt(logits: Floats, positive: Flags, rate: float) -> Platt:
    """Platt's fit with his smoothed targets, weighted to a share of ``rate`` positives."""
    high, low = (positive.sum() + 1) / (positive.sum() + 2), 1 / ((~positive).sum() + 2)
    target = np.where(positive, high, low)
    share = np.where(positive, rate / positive.mean(), (1 - rate) / (1 - positive.mean()))
    doubled, weight = np.concatenate([logits, logits])[:, None], np.concatenate([target * share, (1 - target) * share])
    fitted = LogisticRegression(C=1e6).fit(doubled, np.repeat([1, 0], len(logits)), sample_weight=weight)
    return Platt(a=float(fitted.coef_[0, 0]), b=float(fitted.intercept_[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Heads and their calibration."""

    heads: heads.Heads
    platt: dict[str, Platt]

    def scores(self, label: str, samples: list[Sample]) -> Floats:
        """Calibrated scores of one label, as ``image.face`` gives them."""
        if label not in _EYEWEAR:
            return self.platt[label].score(self.heads.one(label, samples))
        both = {one: self.platt[one].score(self.heads.one(one, samples)) for one in _EYEWEAR}
        return f32(both[label] / np.maximum(sum(both.values()), 1.0))  # a face wears the one or the other


def outer_models(samples: list[Sample]) -> tuple[NDArray[np.int64], list[Model]]:
    """A fold a sample, and for each fold the model that has seen none of it."""
    fold, models = folds(samples, OUTER, seed=1), []
    for k in range(OUTER):
        train = [s for s, f in zip(samples, fold, strict=True) if f != k]
        models.append(Model(heads=heads.fit(train), platt=calibrate(train, seed=2)))
    return fold, models


def predict(
    models: list[Model], of_photo: Mapping[str, int], label: str, tested: Sequence[Sample]
) -> tuple[list[Sample], Flags, Floats]:
    """The samples with a known answer, that answer, and scores from the model of their photo's fold."""
    known = [(s, t) for s in tested if (t := truth(s, label)) is not None]
    scores = np.zeros(len(known), np.float32)
    for k, model in enumerate(models):
        rows = [i for i, (s, _) in enumerate(known) if of_photo[s.label.photo] == k]
        if rows:
            scores[rows] = model.scores(label, [known[i][0] for i in rows])
    return [s for s, _ in known], np.array([t for _, t in known], bool), scores


def quality(samples: list[Sample], harder: list[tuple[str, Sample]]) -> list[dict[str, Any]]:
    """The card's quality entries: each label on the photos as they are, then by condition.

    Args:
        samples: all of faceset.
        harder: (condition, sample) of the same photos.
    """
    fold, models = outer_models(samples)
    of_photo = {sample.label.photo: int(k) for sample, k in zip(samples, fold, strict=True)}
    whole = [s for s in samples if s.kind in ("real", "covered") and s.mouth is not None]
    out: list[dict[str, Any]] = []
    for label in BASE_RATES:
        cover = label.endswith("covered")
        tested = [s for s in whole if s.eyes.size or label == "mouth_covered"]
        tested = tested if cover else [s for s in tested if s.kind == "real" and s.facts["eye_span"] >= SPAN_MIN]
        out += entries(label, *predict(models, of_photo, label, tested), condition="covers drawn" if cover else "")
    for condition in dict.fromkeys(name for name, _ in harder):
        tested = [s for name, s in harder if name == condition]
        for label in BASE_RATES:
            if label.endswith("covered") != condition.startswith("cover"):
                continue
            known, positive, scores = predict(models, of_photo, label, tested)
            if len(known) and positive.any():
                out += entries(label, known, positive, scores, condition=condition)
    return out


def training_data(samples: list[Sample]) -> list[dict[str, Any]]:
    """For the card: what was learnt from, and how much of it was drawn."""
    origin = {"source": "Open Images", "commit": "photo ids in face_labels.csv", "licence": "CC BY 2.0"}
    names = {
        "real": "hand-labelled faces",
        "version": "versions of these faces: mirrored, lit, shrunk, blurred, compressed",
        "drawn": "eyewear drawn on the bare ones of these faces (synthetic)",
        "covered": "masks, hands and things drawn over these faces (synthetic)",
    }
    return [{"name": text, "rows": sum(s.kind == kind for s in samples), **origin} for kind, text in names.items()]


def entries(
    label: str, known: list[Sample], positive: Flags, scores: Floats, *, condition: str = ""
) -> list[dict[str, Any]]:
    """The card's quality entries of one label; ``condition`` says what was done to the photos."""
    hit, data = scores >= 0.5, f"{len(positive)} faces, {int(positive.sum())} positive"
    data += f"; {condition}" if condition else ""
    note = "nested cross-validation by photo: neither heads nor calibration saw the photo"
    if positive.all():
        share = round(float(hit.mean()), 3)
        interval = wilson(int(hit.sum()), len(hit))
        return [
            {
                "metric": f"{label} recall at .5",
                "value": share,
                "ci95": interval,
                "dataset": data,
                "n": len(hit),
                "note": note,
            }
        ]
    ranked = round(float(roc_auc_score(positive, scores)), 3)
    rows = [("AUC", ranked, auc_interval(scores, positive, [s.label.photo for s in known]))]
    for name, flags in (("recall", hit[positive]), ("false alarms", hit[~positive]), ("accuracy", hit == positive)):
        rows.append((f"{name} at .5", round(float(flags.mean()), 3), wilson(int(flags.sum()), len(flags))))
    return [
        {"metric": f"{label} {name}", "value": value, "ci95": interval, "dataset": data, "n": len(hit), "note": note}
        for name, value, interval in rows
    ]


def auc_interval(scores: Floats, positive: Flags, photos: list[str]) -> list[float]:
    """95% interval by resampling photos."""
    rng, names = np.random.default_rng(3), sorted(set(photos))
    rows = {name: [i for i, photo in enumerate(photos) if photo == name] for name in names}
    values = []
    for _ in range(500):
        picked = [i for name in rng.choice(names, len(names)) for i in rows[str(name)]]
        if 0 < positive[picked].sum() < len(picked):
            values.append(roc_auc_score(positive[picked], scores[picked]))
    return [round(float(value), 3) for value in np.percentile(values, [2.5, 97.5])]
