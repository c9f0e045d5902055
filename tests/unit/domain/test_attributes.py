"""Perspective's attributes from labels."""

from __future__ import annotations

import pytest

from evenhand.domain.attributes import ATTRIBUTES, perspective_attributes
from evenhand.domain.labels import is_label


def test_all_seven_are_given_for_all_scores() -> None:
    labels = {label for own in ATTRIBUTES.values() for label in own}
    assert set(perspective_attributes(dict.fromkeys(labels, 0.2))) == {*ATTRIBUTES, "SEVERE_TOXICITY"}
    assert len(ATTRIBUTES) == 6
    assert all(is_label(label) for label in labels)


@pytest.mark.parametrize(
    ("scores", "name", "score"),
    [
        ({"harassment.insult": 0.9, "harassment": 0.7}, "TOXICITY", 0.9),
        ({"harassment.insult": 0.9}, "INSULT", 0.9),
        ({"hate.attack": 0.8, "harassment": 0.5}, "IDENTITY_ATTACK", 0.8),
        ({"hate.attack": 0.8, "harassment": 0.5}, "SEVERE_TOXICITY", 0.64),
        ({"harassment.insult": 0.9, "harassment.profanity": 0.1}, "SEVERE_TOXICITY", 0.09),
        ({"violence.threat": 0.6}, "THREAT", 0.6),
        ({"sexual.explicit": 0.3, "sexual.solicitation": 0.7}, "SEXUALLY_EXPLICIT", 0.7),
    ],
)
def test_an_attribute_is_the_highest_of_its_labels(scores: dict[str, float], name: str, score: float) -> None:
    assert perspective_attributes(scores)[name] == pytest.approx(score)


def test_what_was_not_scored_is_not_given() -> None:
    assert perspective_attributes({"spam.scam": 0.9}) == {}
