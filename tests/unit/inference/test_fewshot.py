"""Few-shot heads on made-up vectors: what can be told apart is, what cannot is not claimed."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.inference import fewshot

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def _cloud(count: int, *, seed: int, towards: float = 0.0) -> Floats:
    """Give vectors of length 1, pulled along one direction."""
    rng = np.random.default_rng(seed)
    rows = np.abs(rng.normal(size=(count, 1280))).astype(np.float32)
    rows[:, :40] += towards
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _views(rows: Floats) -> list[Floats]:
    return [row[None] for row in rows]


def test_what_differs_is_learnt() -> None:
    head = fewshot.fit(_views(_cloud(20, seed=1, towards=3)), _cloud(300, seed=2))
    assert (head.positives >= 0.5).mean() >= 0.9
    assert (head.negatives >= 0.5).mean() <= 0.02
    assert (fewshot.score(head.weights, _cloud(50, seed=3, towards=3)) >= 0.5).mean() >= 0.9
    assert (fewshot.score(head.weights, _cloud(200, seed=4)) >= 0.5).mean() <= 0.02


def test_what_does_not_differ_is_not_claimed() -> None:
    head = fewshot.fit(_views(_cloud(20, seed=1)), _cloud(300, seed=2))
    assert (head.positives >= 0.5).mean() <= 0.3
    assert abs(float((head.positives[:, None] > head.negatives[None]).mean()) - 0.5) < 0.25


def test_copies_do_not_vouch_for_each_other() -> None:
    """Ten pictures, each twice: were copies split over folds, chance would look like knowledge."""
    noise = _cloud(10, seed=5)
    twice = np.concatenate([noise, noise])
    head = fewshot.fit(_views(twice), _cloud(300, seed=6))
    assert (head.positives >= 0.5).mean() <= 0.3


def test_copies_and_copies_of_copies_are_one_group() -> None:
    base = np.zeros((4, 1280), np.float32)
    for row, angle in enumerate((0.0, 0.3, 0.6, 1.5)):
        base[row, 0], base[row, 1] = np.cos(angle), np.sin(angle)
    found = fewshot.groups(base).tolist()
    assert found[0] == found[1] == found[2] != found[3]


@pytest.mark.parametrize("count", [1, 2, 8])
def test_few_examples_still_give_a_head(count: int) -> None:
    head = fewshot.fit(_views(_cloud(count, seed=7, towards=3)), _cloud(20, seed=8))
    assert head.weights.shape == (1281,)
    assert np.isfinite(head.weights).all()
    assert ((head.positives >= 0) & (head.positives <= 1)).all()
