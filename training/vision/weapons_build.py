"""Train, calibrate and measure the gun finder, for ``training.vision.violence``. Needs torch and the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from training.vision import weapons_measure as measure
from training.vision import weapons_network as network
from training.vision.graph import f32
from training.vision.weapons_data import FREE, LOOKALIKE, Kept

LABEL = "violence.weapon"
GUNS, CAMERA = "image/guns", "image/guns_basegun"
HELD_OUT = Path(__file__).with_name("weapons_held_out.txt")  # names of the pictures of the test split
REVIEW = 0.85  # where the default policy sends a picture to people


def build(kept: Kept, package: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Train on the rows of the train split, write ``weapon.onnx`` and give (calibration, quality) for the card."""
    rows = np.array([i for i, split in enumerate(kept.splits) if split == "train"], np.int64)
    model = network.model_of(network.fit(kept, rows))
    onnx.save(model, package / "weapon.onnx")
    write_held_out(kept)
    return judge(kept, model.SerializeToString())


def write_held_out(kept: Kept) -> None:
    """Write the names of what the head has not learnt from, for the tests of quality."""
    rows = zip(kept.names, kept.splits, kept.sources, strict=True)
    names = {name for name, split, source in rows if split == "test" and source.startswith(("image/", "neardup/"))}
    HELD_OUT.write_text("\n".join(sorted(names)) + "\n", "utf-8")


def judge(kept: Kept, model: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(calibration, quality) of a trained head, on rows that it did not learn from."""
    cells, reach, picture = measure.run(kept, model)
    logits = f32([(one.max() + two) / 2 for one, two in zip(cells, picture, strict=True)])
    plain = np.array([copy == 0 for copy in kept.copies])
    split, source = np.array(kept.splits), np.array(kept.sources)
    shows = np.array([len(boxes) > 0 or unsure for boxes, unsure in zip(kept.boxes, kept.unsure, strict=True)])
    aside = plain & (split == "calibrate")
    a, b = measure.platt(logits[aside], shows[aside])
    scores = f32(1 / (1 + np.exp(-(a * logits + b))))
    test = plain & (split == "test")
    boxed = [int(i) for i in np.flatnonzero(test & (source == GUNS)) if len(kept.boxes[i])]
    found = [measure.boxes(cells[i], reach[i]) for i in boxed]
    truth = [kept.boxes[i] for i in boxed]
    one = [max(range(len(s)), key=lambda k: s[k]) if len(s) else -1 for _, s in found]
    best = np.array([
        k >= 0 and float(measure.overlap(c[k], t).max()) >= 0.5
        for (c, _), t, k in zip(found, truth, one, strict=True)
    ])  # fmt: skip
    quality: list[dict[str, Any]] = []

    def note(metric: str, dataset: str, value: dict[str, Any], text: str = "") -> None:
        quality.append({"metric": metric, "dataset": dataset, **value, "note": text})

    for iou in (0.5, 0.3):
        value = measure.box_precision(found, truth, iou=iou)
        interval = measure.resampled(
            [kept.groups[i] for i in boxed],
            lambda rows, iou=iou: measure.box_precision([found[i] for i in rows], [truth[i] for i in rows], iou=iou),
        )
        note(f"box AP at {iou} IoU", "gun photos, held out by photo",
             {"value": round(value, 3), "n": len(boxed), "ci95": interval})  # fmt: skip
    note("best box overlaps a gun by half", "gun photos, held out by photo", measure.share(best))
    for name, negatives in (("gun-free crops of the same kind of photo", [FREE]), ("all harmless pictures", None)):
        chosen = test & (shows | (np.isin(source, negatives) if negatives else ~shows))
        here = np.flatnonzero(chosen)
        interval = measure.resampled(
            [kept.groups[i] for i in here],
            lambda rows, here=here: measure.picture_precision(logits[here[rows]], shows[here[rows]]),
        )
        value = measure.picture_precision(logits[here], shows[here])
        note(f"picture AP against {name}", "held out by photo",
             {"value": round(value, 3), "n": len(here), "ci95": interval})  # fmt: skip
    for bar in (0.5, REVIEW):
        note(f"recall at {bar}", "gun photos, held out by photo",
             measure.share(scores[test & (source == GUNS)] >= bar))  # fmt: skip
        note(f"recall at {bar}", "guns_basegun, an unseen camera", measure.share(scores[source == CAMERA] >= bar),
             "close-ups of 12 types; none learnt from")  # fmt: skip
        for folder in sorted(set(source[test & ~shows])):
            text = "drawn things on held-out pictures: synthetic" if folder == LOOKALIKE else ""
            note(f"false alarms at {bar}", str(folder), measure.share(scores[test & (source == folder)] >= bar), text)
    return {LABEL: {"method": "platt", "a": round(a, 4), "b": round(b, 4), "recommended": REVIEW}}, quality
