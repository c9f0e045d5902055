"""Custom classes of real pictures, taught with 20 examples each and tried on the rest.

`python -m tests.quality.test_classes` prints the table of "Custom classes" in quality/pictures.md. Only pictures
that the shipped background was not made of are used.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import pytest

from evenhand.domain import ImagePart
from evenhand.inference.fewshot import fit, score
from evenhand.inference.space import PictureSpace
from tests.quality.test_likeness import held_back, models, opened
from tests.quality.test_pictures import MEDIA

KINDS = ("image/guns", "image/fire_smoke", "image/ocr", "image/qr")
EXAMPLES, DRAWS = 20, 4
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="needs the test pictures in ../shared/data/media")


@cache
def vectors(kind: str, *, step: int = 1) -> Floats:
    """Embed the held-back pictures of a kind."""
    embedder = models()[0]
    return np.stack([embedder.of(ImagePart(image=opened(path))) for path in held_back(kind)[::step]])


def figures(kind: str, *, step: int = 1) -> Floats:
    """Give AUC, recall, false alarms, and cross-validated recall and false alarms: means of the draws."""
    own, others = vectors(kind, step=step), np.concatenate([vectors(k, step=step) for k in KINDS if k != kind])
    rows = []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(own))
        head = fit([own[i][None] for i in order[:EXAMPLES]], PictureSpace().background())
        right, wrong = score(head.weights, own[order[EXAMPLES:]]), score(head.weights, others)
        auc = float((right[:, None] > wrong[None]).mean())
        shares = [(part >= 0.5).mean() for part in (right, wrong, head.positives, head.negatives)]
        rows.append([auc, *shares])
    return np.asarray(np.mean(rows, axis=0), np.float32)


def test_twenty_examples_are_enough_to_rank() -> None:
    auc, recall, false_alarms = figures("image/fire_smoke", step=4)[:3]
    assert auc >= 0.95
    assert recall >= 0.5
    assert false_alarms <= 0.05


def main() -> None:
    """Print the table."""
    for kind in KINDS:
        shown = " | ".join(f"{value:.3f}" for value in figures(kind))
        sys.stdout.write(f"| {kind} | {len(vectors(kind)) - EXAMPLES} | {shown} |\n")


if __name__ == "__main__":
    main()
