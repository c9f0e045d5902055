"""The general picture model."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from evenhand.domain import ImagePart
from evenhand.inference.general import CROPS, DIMENSIONS, GeneralEmbedder, crops


@pytest.fixture(scope="module")
def embedder() -> GeneralEmbedder:
    return GeneralEmbedder(threads=1)


def _rings(size: int = 300, *, hue: int = 20) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Coloured rings on a gradient."""
    radial = np.asarray(Image.radial_gradient("L").resize((size, size)))
    across = np.asarray(Image.linear_gradient("L").resize((size, size)))
    return np.asarray(np.stack([radial // 16 % 2 * 200, across, np.full_like(across, hue)], axis=2), np.uint8)


def test_rows_have_length_one_and_do_not_depend_on_their_batch(embedder: GeneralEmbedder) -> None:
    pictures = [np.roll(_rings(), 17 * i, axis=1) for i in range(19)]
    rows = embedder.embeddings(pictures)
    assert rows.shape == (19, DIMENSIONS)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows[18], embedder.embeddings(pictures[18:])[0], atol=1e-4)


def test_a_resized_picture_stays_near_and_another_does_not(embedder: GeneralEmbedder) -> None:
    rings = _rings()
    small = np.asarray(Image.fromarray(rings).resize((160, 160)))
    stripes = np.tile(np.array([[[255, 255, 255], [0, 0, 0]]], np.uint8), (300, 150, 1))
    one, near, far = embedder.embeddings([rings, small, stripes])
    assert one @ near > 0.9
    assert one @ far < 0.7


def test_no_pictures_give_no_rows(embedder: GeneralEmbedder) -> None:
    assert embedder.embeddings([]).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3000, 2), (224, 224)])
def test_any_size_is_read(embedder: GeneralEmbedder, size: tuple[int, int]) -> None:
    rows = embedder.embeddings([np.full((*size, 3), 90, np.uint8)])
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(
    embedder: GeneralEmbedder, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    with pytest.raises(ValueError, match="a picture is uint8"):
        embedder.embeddings([array])


def test_a_part_is_embedded_once_and_cannot_be_changed(embedder: GeneralEmbedder) -> None:
    part = ImagePart(image=Image.fromarray(_rings()))
    row = embedder.of(part)
    assert embedder.of(part) is row
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 1
    assert row @ embedder.embeddings([_rings()])[0] > 0.99


def test_the_version_names_the_model(embedder: GeneralEmbedder) -> None:
    assert embedder.version.startswith("lite0 ")


def test_crops_are_the_parts_that_are_named() -> None:
    picture = np.arange(100 * 60 * 3, dtype=np.uint32).reshape(100, 60, 3).astype(np.uint8)
    parts = dict(zip(CROPS, crops(picture), strict=True))
    assert parts["whole"].shape == (100, 60, 3)
    assert parts["centre"].shape == (70, 42, 3)
    assert np.array_equal(parts["lower right"], picture[50:, 30:])
    assert [part.shape for part in crops(np.zeros((1, 9, 3), np.uint8))] == [(1, 9, 3)] * 6
