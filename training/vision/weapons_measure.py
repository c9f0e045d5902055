"""How good the gun finder is: average precision of boxes and of pictures, recall and false alarms, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from training.vision.checks import session
from training.vision.graph import Floats, f32
from training.vision.statistics import wilson
from training.vision.weapons_data import Kept

_DRAWS = 200  # of resampled groups, for an interval


def run(kept: Kept, model: bytes) -> tuple[list[Floats], list[Floats], Floats]:
    """(cells, reach, picture) of every row, by the model as it ships."""
    opened = session(model)
    cells, reach, picture = [], [], []
    for fine, coarse in zip(kept.fine, kept.coarse, strict=True):
        feed = {"fine": fine[None].astype(np.float32), "coarse": coarse[None].astype(np.float32)}
        one, two, three = opened.run(["cells", "reach", "picture"], feed)
        cells.append(one[0])
        reach.append(two[0])
        picture.append(three[0])
    return cells, reach, f32(picture)


def boxes(cells: Floats, reach: Floats, *, least: float = 0.02, most: int = 20) -> tuple[Floats, Floats]:
    """(corners [m, 4], scores [m]), best first, overlaps of .5 and more dropped; with a low bar, for a whole curve."""
    side = cells.shape[0]
    raw = 1 / (1 + np.exp(-cells))
    rows, columns = np.nonzero(raw >= least)
    x, y = (columns + 0.5) / side, (rows + 0.5) / side
    left, up, right, down = reach[:, rows, columns]
    corners = np.clip(np.stack([x - left, y - up, x + right, y + down], 1), 0, 1)
    order, kept = np.argsort(-raw[rows, columns]), []
    while len(order) and len(kept) < most:
        kept.append(order[0])
        order = order[1:][overlap(corners[order[0]], corners[order[1:]]) < 0.5]
    return f32(corners[kept]).reshape(-1, 4), f32(raw[rows, columns][kept])


def overlap(one: NDArray[Any], many: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of a box [4] with boxes [n, 4]."""
    low, far = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    both = np.clip(far - low, 0, None).prod(1)
    return np.asarray(both / ((many[:, 2:] - many[:, :2]).prod(1) + (one[2:] - one[:2]).prod() - both + 1e-9))


def box_precision(found: Sequence[tuple[Floats, Floats]], truth: Sequence[Floats], *, iou: float = 0.5) -> float:
    """Average precision of boxes over pictures (all-point, as PASCAL VOC from 2010)."""
    hits: list[tuple[float, bool]] = []
    for (corners, scores), true in zip(found, truth, strict=True):
        taken = np.zeros(len(true), bool)
        for corner, score in zip(corners, scores, strict=True):
            over = np.where(taken, 0, overlap(corner, true)) if len(true) else np.zeros(0)
            hit = len(true) > 0 and float(over.max()) >= iou
            if hit:
                taken[int(over.argmax())] = True
            hits.append((float(score), hit))
    total = sum(len(true) for true in truth)
    if not hits or not total:
        return 0.0
    flags = np.array([hit for _, hit in sorted(hits, key=lambda pair: -pair[0])])
    recall, precision = flags.cumsum() / total, flags.cumsum() / np.arange(1, len(flags) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def resampled(groups: Sequence[str], value: Any) -> list[float]:
    """95% interval of ``value(rows)`` by resampling groups."""
    rng, names = np.random.default_rng(3), sorted(set(groups))
    rows = {name: [i for i, group in enumerate(groups) if group == name] for name in names}
    values = [value([i for name in rng.choice(names, len(names)) for i in rows[str(name)]]) for _ in range(_DRAWS)]
    return [round(float(v), 3) for v in np.nanpercentile(values, [2.5, 97.5])]


def picture_precision(logits: Floats, shows: NDArray[np.bool_]) -> float:
    """Average precision of pictures; NaN where only one kind is there."""
    return float(average_precision_score(shows, logits)) if 0 < shows.sum() < len(shows) else float("nan")


def platt(logits: Floats, shows: NDArray[np.bool_]) -> tuple[float, float]:
    """Platt's two constants, both kinds weighted alike: .5 is where either kind is as likely."""
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(logits[:, None], shows)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def share(flags: NDArray[np.bool_]) -> dict[str, Any]:
    """Value, count and Wilson interval of a share."""
    return {"value": round(float(flags.mean()), 4), "n": len(flags), "ci95": wilson(int(flags.sum()), len(flags))}
