"""The encoder gives the same vector alone, in a batch and in any order, and takes any text."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from evenhand.inference.encoder import TextEncoder
from evenhand.inference.packages import TEXT_PAST as PACKAGE

pytestmark = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder(threads=1)


def test_shapes_and_length(encoder: TextEncoder) -> None:
    vectors = encoder.encode(["good morning", "早上好"])
    assert vectors.shape == (2, 512)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    features = encoder.features(["good morning"])
    assert features.shape == (1, 1792)
    assert features[0, :512] == pytest.approx(vectors[0], abs=1e-5)


@pytest.mark.parametrize(("method", "width"), [("encode", 512), ("features", 1792)])
def test_no_texts(encoder: TextEncoder, method: str, width: int) -> None:
    assert getattr(encoder, method)([]).shape == (0, width)


def test_a_batch_changes_nothing(encoder: TextEncoder) -> None:
    texts = ["hi", "", "a longer sentence about nothing much " * 12, "你好，世界", "x" * 3000, "the end"] * 3
    together = encoder.features(texts)
    alone = np.concatenate([encoder.features([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-4


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800 lone surrogate", "\U0010ffff", "a\u0301" * 3000, "\u202e"])
def test_odd_texts_give_finite_vectors(encoder: TextEncoder, text: str) -> None:
    assert np.isfinite(encoder.features([text])).all()


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("The train is late again", "火车又晚点了", "我家猫睡了一整天"),
        ("Happy birthday to you", "Alles Gute zum Geburtstag", "Das Parlament hat das Gesetz beschlossen"),
        ("I cooked soup yesterday", "Hier j'ai fait une soupe", "La police a arrêté un homme"),
    ],
)
def test_meaning_is_near_across_languages(encoder: TextEncoder, text: str, near: str, far: str) -> None:
    base, close, distant = encoder.encode([text, near, far])
    assert base @ close > base @ distant + 0.1
