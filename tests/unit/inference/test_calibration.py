"""Calibration turns logits into probabilities with the constants of a card, and refuses a card without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evenhand.errors import ModelError
from evenhand.inference.calibration import Platt, apply, read_platt


@pytest.mark.parametrize(
    ("a", "b", "logit", "wanted"),
    [(1.0, 0.0, 0.0, 0.5), (2.0, -1.0, 0.5, 0.5), (1.0, 0.0, 1e9, 1.0), (1.0, 0.0, -1e9, 0.0), (1.0, 1.0, 0.0, 0.7311)],
)
def test_score(a: float, b: float, logit: float, wanted: float) -> None:
    one = Platt(a=a, b=b)
    assert one.score(logit) == pytest.approx(wanted, abs=1e-4)
    assert apply([one], np.array([[logit]], np.float32))[0, 0] == pytest.approx(wanted, abs=1e-4)


def test_read() -> None:
    card = {"x": {"method": "platt", "a": 2, "b": -1, "recommended": 0.8}, "y": {"method": "platt", "a": 1, "b": 0}}
    assert read_platt(card, ["y", "x"]) == (Platt(a=1, b=0), Platt(a=2, b=-1, recommended=0.8))


@pytest.mark.parametrize("card", [{}, {"x": {"method": "isotonic"}}, {"x": 3}])
def test_a_card_without_constants_is_refused(card: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="x"):
        read_platt(card, ["x"])
