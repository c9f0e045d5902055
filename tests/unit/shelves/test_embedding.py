"""Embeddings of contents: what has one, and what never does."""

from __future__ import annotations

import pytest
from PIL import Image

from evenhand.detectors import drawings
from evenhand.domain import ImagePart
from evenhand.settings import Settings
from evenhand.shelves.embedding import Embedder


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(Settings(plugins=False, threads=1))


def test_a_face_is_never_compared_and_plain_pictures_cannot_be(embedder: Embedder) -> None:
    assert embedder.is_face(ImagePart(image=drawings.face().image))
    assert embedder.picture(ImagePart(image=drawings.face().image)) is None
    assert embedder.picture(ImagePart(image=Image.linear_gradient("L").convert("RGB"))) is None


def test_short_texts_have_none_and_group_names_make_no_difference(embedder: Embedder) -> None:
    made = embedder.texts(
        ["ok", "", "All the muslims of our town are coming to tea", "All the jews of our town are coming to tea"]
    )
    assert made[:2] == [None, None]
    assert made[2] is not None
    assert made[2].vector == (made[3].vector if made[3] is not None else b"")
