"""The scale: monotone, without a gap between its labels, and only with a card that calibrates it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evenhand.detectors.sexual_scale import EXPLICIT, GRAPHIC, NUDITY, SUGGESTIVE, Scale, read_scale
from evenhand.errors import ModelError
from evenhand.inference.cards import load_card

STEPS = [step / 20 for step in range(-80, 121)]


@pytest.fixture(scope="module")
def scale() -> Scale:
    return read_scale(load_card("evenhand_models_vision", "image-safety"))


def test_no_strength_over_the_first_cut_goes_unnoticed(scale: Scale) -> None:
    for step in STEPS:
        scores = scale.scores(sexual=step, gore=0.04)
        strongest = max(scores[label] for label in (EXPLICIT, NUDITY, SUGGESTIVE))
        if step >= scale.suggestive_from + 0.25:  # what is taken off for explicit moves the cut a little
            assert strongest >= 0.5, step
        if step < scale.suggestive_from:
            assert strongest < 0.5, step


@pytest.mark.parametrize("label", [EXPLICIT, NUDITY])
def test_stronger_never_scores_less(scale: Scale, label: str) -> None:
    found = [scale.scores(sexual=step, gore=0.04)[label] for step in STEPS]
    assert found == sorted(found)
    assert found[0] < 0.01
    assert found[-1] > 0.99


def test_scores_are_probabilities_at_the_ends(scale: Scale) -> None:
    for sexual in (-1e9, 1e9):
        for gore in (0.0, 1.0):
            assert all(0.0 <= score <= 1.0 for score in scale.scores(sexual=sexual, gore=gore).values())


@pytest.mark.parametrize(("first", "second", "label", "reached"), [
    (0.03, 0.01, SUGGESTIVE, False),  # what the models give for a harmless picture
    (0.97, 0.01, SUGGESTIVE, False),  # one alone is not believed
    (0.03, 0.99, SUGGESTIVE, True),
    (0.65, 0.65, SUGGESTIVE, True),
    (0.75, 0.75, NUDITY, True),
    (0.75, 0.75, EXPLICIT, False),
    (0.9, 0.9, EXPLICIT, True),
])  # fmt: skip
def test_fusion(scale: Scale, first: float, second: float, label: str, reached: bool) -> None:
    assert (scale.scores(sexual=scale.mean(first, second), gore=0.0)[label] >= 0.5) is reached


@pytest.mark.parametrize(("probability", "reached"), [(0.04, False), (0.6, False), (0.85, False), (0.95, True)])
def test_gore_needs_to_be_sure(scale: Scale, probability: float, reached: bool) -> None:
    assert (scale.scores(sexual=-5.0, gore=probability)[GRAPHIC] >= 0.5) is reached


@pytest.mark.parametrize("label", [EXPLICIT, SUGGESTIVE, GRAPHIC])
def test_a_card_without_a_calibration_is_refused(label: str) -> None:
    card = load_card("evenhand_models_vision", "image-safety")
    for entry in (None, {"method": "guess"}):
        with pytest.raises(ModelError, match=label):
            read_scale(replace(card, calibration={**card.calibration, label: entry}))
