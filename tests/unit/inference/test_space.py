"""The space of whole pictures."""

from __future__ import annotations

import numpy as np

from evenhand.inference.general import DIMENSIONS
from evenhand.inference.space import KEPT, PictureSpace


def test_unlike_pictures_lie_apart_and_like_ones_together() -> None:
    space = PictureSpace()
    ordinary = space.background()
    rows = space.compact(ordinary)
    assert rows.shape == (len(ordinary), KEPT)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    others = (rows @ rows.T)[~np.eye(len(rows), dtype=bool)]
    assert abs(float(np.median(others))) < 0.1
    moved = ordinary[:5] + 0.0005
    near = space.compact(np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32))
    assert float((near * rows[:5]).sum(axis=1).min()) > 0.9


def test_the_background_is_ordinary_vectors() -> None:
    ordinary = PictureSpace().background()
    assert ordinary.shape == (512, DIMENSIONS)
    assert np.allclose(np.linalg.norm(ordinary, axis=1), 1, atol=1e-5)
    assert ordinary.min() >= 0


def test_no_pictures_give_no_rows() -> None:
    assert PictureSpace().compact(np.zeros((0, DIMENSIONS), np.float32)).shape == (0, KEPT)


def test_the_version_names_model_and_space() -> None:
    assert PictureSpace().version == "lite0 0.1.0 picture-space 0.1.0"
