"""Custom classes of real texts, taught with 20, 100 and 500 examples and as many against, and tried on the rest.

`python -m tests.quality.test_classes_text` prints the table of quality/classes.md.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenhand.detectors.classes_space import Depth, TextSpace
from evenhand.detectors.classes_train_text import RIDGE
from evenhand.inference.fewshot import fit

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "text"
_LONGEST, _MOST = 400, 850  # characters of a text; texts of a side
_Row = dict[str, Any]
# Name -> file, what is of the class, what is not. The first was in no model's training with these labels.
TASKS: dict[str, tuple[str, Callable[[_Row], bool], Callable[[_Row], bool]]] = {
    "a news list among mailing lists": (
        "spamassassin",
        lambda row: "[zzzzteana]" in row["text"][:40],
        lambda row: not row["labels"]["spam"] and "[zzzzteana]" not in row["text"][:200],
    ),
    "spam by e-mail": ("spamassassin", lambda row: row["labels"]["spam"] == 1, lambda row: row["labels"]["spam"] == 0),
    "spam by SMS": ("sms_spam", lambda row: row["labels"]["spam"] == 1, lambda row: row["labels"]["spam"] == 0),
    "spam on Telegram (Russian)": (
        "tg_spam",
        lambda row: row["labels"]["spam"] == 1,
        lambda row: row["labels"]["spam"] == 0,
    ),
    "abuse among insults (German)": (
        "germeval2018",
        lambda row: row["labels"]["fine"] == "ABUSE",
        lambda row: row["labels"]["fine"] == "INSULT",
    ),
    "offensive (Chinese)": (
        "cold",
        lambda row: row["labels"]["offensive"] == 1,
        lambda row: row["labels"]["offensive"] == 0,
    ),
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the texts in ../shared/data/text")
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@cache
def vectors(task: str, depth: Depth) -> tuple[Floats, Floats]:
    """Embed both sides of a task."""
    name, of, other = TASKS[task]
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    space, rng = TextSpace(threads=2), np.random.default_rng(1)
    sides = []
    for wanted in (of, other):
        texts = [_body(row["text"], task) for row in rows if wanted(row)]
        chosen = rng.permutation(len(texts))[:_MOST]
        sides.append(space.of([texts[i] for i in chosen if texts[i].strip()], depth))
    return sides[0], sides[1]


def _body(text: str, task: str) -> str:
    """Without the list's own name, which would give it away."""
    return (text.partition("]")[2] if "news list" in task and "]" in text[:60] else text)[:_LONGEST]


def auc(task: str, depth: Depth, examples: int, *, draws: int = 3) -> float | None:
    """Give the mean AUC on texts that were not shown; None: there are too few."""
    own, others = vectors(task, depth)
    if min(len(own), len(others)) < examples + 50:
        return None
    found = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        p, n = rng.permutation(len(own)), rng.permutation(len(others))
        shown = [own[i][None] for i in p[:examples]]
        head = fit(shown, others[n[:examples]], ridge=RIDGE, same=np.arange(examples))
        right, wrong = (side[left[examples:]] @ head.weights[:-1] for side, left in ((own, p), (others, n)))
        found.append(float((right[:, None] > wrong[None]).mean()))
    return float(np.mean(found))


@pytest.mark.parametrize(("task", "least"), [("a news list among mailing lists", 0.8), ("spam by SMS", 0.97)])
def test_twenty_examples_are_enough_to_rank(task: str, least: float) -> None:
    assert (auc(task, Depth.LOWER, 20) or 0.0) >= least


def main() -> None:
    """Print the table."""
    for task in TASKS:
        cells = [auc(task, depth, examples) for examples in (20, 100, 500) for depth in Depth]
        sys.stdout.write(f"| {task} | {' | '.join('–' if x is None else f'{x:.3f}' for x in cells)} |\n")


if __name__ == "__main__":
    main()
