"""The text reader: readings do not depend on neighbours, early readings, evidence with places, hostile input."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from evenhand.detectors.harm_models import READER
from evenhand.inference.encoder import PACKAGE
from evenhand.inference.reader import TextReader

pytestmark = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")

TEXTS = ["You are an idiot", "谢谢你", "See you at five at the library, as always", "", "\ud800", "a" * 5000, "🙂"]


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader(PACKAGE, READER, threads=2)


def test_a_reading_does_not_depend_on_its_neighbours(reader: TextReader) -> None:
    together = reader.read(TEXTS * 3)
    for text, reading in zip(TEXTS * 3, together, strict=True):
        (alone,) = reader.read([text])
        assert np.array_equal(alone.logits, reading.logits)


def test_there_is_a_logit_for_every_label(reader: TextReader) -> None:
    for reading in reader.read(TEXTS):
        assert reading.logits.shape == (len(reader.card.labels),)
        assert np.isfinite(reading.logits).all()


def test_a_text_is_settled_early_only_when_that_is_allowed(reader: TextReader) -> None:
    assert not any(reading.early for reading in reader.read(TEXTS))
    assert all(reading.early for reading in reader.read(TEXTS, enough=lambda logits: True))
    (early,), (late,) = reader.read(TEXTS[:1], enough=lambda logits: True), reader.read(TEXTS[:1])
    assert not np.array_equal(early.logits, late.logits)


def test_evidence_points_into_the_text(reader: TextReader) -> None:
    text = "Well, 世界, you are such an idiot."
    evidence = reader.evidence(text)
    assert evidence.share.shape == (len(evidence.places), len(reader.card.labels))
    assert len(evidence.toxic) == len(evidence.places)
    assert [a for a, _ in evidence.places] == sorted(a for a, _ in evidence.places)
    assert "".join(text[a:b] for a, b in evidence.places).replace(" ", "") == text.replace(" ", "")
    (a, b) = evidence.places[int(evidence.toxic.argmax())]
    assert text[a:b].strip() in "idiot"


@pytest.mark.parametrize("text", ["", " ", "\ud800\udfff"])
def test_evidence_of_nothing_is_nothing_or_harmless(reader: TextReader, text: str) -> None:
    evidence = reader.evidence(text)
    assert len(evidence.places) == len(evidence.toxic) <= 4
