"""The sexual score: two models fused, its constants, and its false alarms on harmless pictures.

No sexual picture is used, so nothing is fitted on positives. The constants are declared, on the scales of the models'
own published advice, and checked on harmless pictures only: at most 0.5% of them may reach .5.

With m the mean of the two models' NSFW logits, an ordinal logistic model (McCullagh 1980) gives
P(suggestive or more) = s(k (m - t1)) and P(explicit) = s(k (m - t2)); suggestive is their difference.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.vision import reference
from training.vision.checks import session
from training.vision.faceset import read_rgb
from training.vision.graph import Floats, f32
from training.vision.statistics import wilson

SLOPE = 2.0
SUGGESTIVE_FROM = 0.25  # mean logit: both models just over .5, or one sure and one in doubt
EXPLICIT_FROM = 1.5  # both near .82; opennsfw's authors call .8 and more NSFW
LIMIT = 0.005  # of harmless pictures may reach .5
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
GORE_SHIFT = 2.2  # gore needs .9 before calibration to reach .5: the model takes fire for gore

CALIBRATION: dict[str, dict[str, Any]] = {
    "sexual.explicit": {
        "method": "ordinal-fusion",
        "inputs": ["image-safety NSFW", "opennsfw NSFW"],
        "weights": [0.5, 0.5],
        "slope": SLOPE,
        "from": EXPLICIT_FROM,
    },
    "sexual.suggestive": {
        "method": "ordinal-fusion",
        "inputs": ["image-safety NSFW", "opennsfw NSFW"],
        "weights": [0.5, 0.5],
        "slope": SLOPE,
        "from": SUGGESTIVE_FROM,
        "less": "sexual.explicit",
    },
    "violence.graphic": {"method": "platt", "a": 1.0, "b": -GORE_SHIFT, "on": "logit of the output"},
}


def logit(probability: Floats) -> Floats:
    """Of a probability, kept finite."""
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    return f32(np.log(kept / (1 - kept)))


def sigmoid(value: NDArray[np.floating[Any]]) -> Floats:
    """1 / (1 + exp(-value))."""
    return f32(1 / (1 + np.exp(-value)))


def fuse(image_safety_nsfw: Floats, opennsfw_nsfw: Floats) -> tuple[Floats, Floats]:
    """(explicit, suggestive) from the two NSFW probabilities; their sum is "sexual at all"."""
    mean = (logit(image_safety_nsfw) + logit(opennsfw_nsfw)) / 2
    explicit = sigmoid(SLOPE * (mean - EXPLICIT_FROM))
    return explicit, sigmoid(SLOPE * (mean - SUGGESTIVE_FROM)) - explicit


def harmless_scores(media: Path, package: Path) -> dict[str, Floats]:
    """For each folder of ``media``: rows of gore, image-safety NSFW, opennsfw NSFW."""
    first, second = session(package / "image-safety.onnx"), session(package / "opennsfw.onnx")
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for path in sorted(entry for entry in media.rglob("*") if entry.suffix.lower() in _SUFFIXES):
        image = np.ascontiguousarray(read_rgb(path))
        one = first.run(["probabilities"], {"pixels": reference.image_safety_pixels(image)[None]})[0][0]
        two = second.run(["probabilities"], {"pixels": reference.opennsfw_pixels(image)[None]})[0][0]
        rows["/".join(path.relative_to(media).parts[:2])].append([one[0], one[1], two[1]])
    return {folder: f32(values) for folder, values in rows.items()}


def false_alarms(scores: dict[str, Floats]) -> list[dict[str, Any]]:
    """Quality entries of the card; fire pictures are told apart, for they are what the gore score mistakes."""
    everything = np.concatenate(list(scores.values()))
    fire = scores.get("image/fire_smoke", f32(np.zeros((0, 3))))
    other = np.concatenate([rows for folder, rows in scores.items() if folder != "image/fire_smoke"])
    explicit, suggestive = fuse(everything[:, 1], everything[:, 2])
    gore = CALIBRATION["violence.graphic"]["b"]
    alarms = {
        "sexual (explicit + suggestive)": explicit + suggestive >= 0.5,
        "sexual.explicit": explicit >= 0.5,
        "image-safety NSFW alone": everything[:, 1] >= 0.5,
        "opennsfw NSFW alone": everything[:, 2] >= 0.5,
        "violence.graphic, not fire": logit(other[:, 0]) + gore >= 0,
        "violence.graphic, fire and smoke": logit(fire[:, 0]) + gore >= 0,
        "NSFL uncalibrated, fire and smoke": fire[:, 0] >= 0.5,
    }
    return [
        {
            "metric": f"{name}: false alarms at .5",
            "dataset": "harmless pictures (guns, fire and smoke, documents, codes, neutral)",
            "n": len(flags),
            "value": round(float(flags.mean()), 4),
            "ci95": wilson(int(flags.sum()), len(flags)),
            "note": f"{int(flags.sum())} pictures",
        }
        for name, flags in alarms.items()
        if len(flags)
    ]
