"""The text reader: readings do not depend on neighbours, early readings, evidence with places, hostile input."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from evenhand.detectors.harm_models import LATEST
from evenhand.inference.packages import TEXT, TEXT_PAST
from evenhand.inference.reader import SoleReader, TextReader, runs

pytestmark = pytest.mark.skipif(importlib.util.find_spec(TEXT) is None, reason=f"{TEXT} is not installed")

TEXTS = ["You are an idiot", "谢谢你", "See you at five at the library, as always", "", "\ud800", "a" * 5000, "🙂"]


@pytest.fixture(scope="module", params=[LATEST, "text-2026.3"])
def reader(request: pytest.FixtureRequest) -> TextReader:
    if request.param == LATEST:
        return TextReader(LATEST, threads=2)
    if importlib.util.find_spec(TEXT_PAST) is None:
        pytest.skip(f"{TEXT_PAST} is not installed")
    return SoleReader(request.param, package=TEXT_PAST, threads=2)


@pytest.mark.parametrize(
    ("lengths", "together", "wanted"),
    [
        ([], 10, []),
        ([3, 5, 3, 3, 5], 6, [[0, 2], [3], [1], [4]]),
        ([3, 3], 0, [[0], [1]]),
        ([9, 9], 6, [[0], [1]]),
        ([2, 1, 2], 99, [[0, 2], [1]]),
    ],
)
def test_runs_hold_texts_of_one_length(lengths: list[int], together: int, wanted: list[list[int]]) -> None:
    assert list(runs(lengths, together)) == wanted


def test_a_reading_does_not_depend_on_its_neighbours(reader: TextReader) -> None:
    together = reader.read(TEXTS * 3)
    for text, reading in zip(TEXTS * 3, together, strict=True):
        (alone,) = reader.read([text])
        assert alone.logits == pytest.approx(reading.logits, abs=1e-4)  # the heads' sums may round otherwise


def test_there_is_a_logit_for_every_label(reader: TextReader) -> None:
    for reading in reader.read(TEXTS):
        assert reading.logits.shape == (len(reader.card.labels),)
        assert np.isfinite(reading.logits).all()


def test_a_text_is_settled_early_only_when_that_is_allowed(reader: TextReader) -> None:
    assert not any(reading.early for reading in reader.read(TEXTS))
    assert all(reading.early for reading in reader.read(TEXTS, enough=lambda logits: np.ones(len(logits), bool)))
    (early,), (late,) = reader.read(TEXTS[:1], enough=lambda logits: np.ones(len(logits), bool)), reader.read(TEXTS[:1])
    assert not np.array_equal(early.logits, late.logits)


def test_only_the_texts_that_are_not_settled_are_read_on(reader: TextReader) -> None:
    first = reader.read(TEXTS, enough=lambda logits: np.ones(len(logits), bool))
    middle = sorted(float(reading.logits[0]) for reading in first)[len(TEXTS) // 2]
    mixed = reader.read(TEXTS, enough=lambda logits: logits[:, 0] < middle)
    for whole, quick, reading in zip(reader.read(TEXTS), first, mixed, strict=True):
        assert reading.early == (quick.logits[0] < middle)
        assert reading.logits == pytest.approx((quick if reading.early else whole).logits, abs=1e-4)


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
