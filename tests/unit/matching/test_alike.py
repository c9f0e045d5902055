"""Packed vectors: what is compared, and that nothing is missed."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.matching.alike import PARTS, Least, Vectors, pack, unpack

DICE = np.random.default_rng(3)


def _unit(kind: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    parts = [DICE.normal(size=size).astype(np.float32) for size in PARTS[kind]]
    return np.concatenate([part / np.linalg.norm(part) for part in parts]).astype(np.float32)


@pytest.mark.parametrize(("kind", "size"), [("text", 1_160), ("image", 260)])
def test_a_vector_is_read_back_as_it_was_packed(kind: str, size: int) -> None:
    vector = _unit(kind)
    packed = pack(kind, 7 * vector)  # each part is brought to length 1
    assert len(packed) == size
    back = unpack(kind, packed)
    for one, other in zip(
        np.split(vector, np.cumsum(PARTS[kind])[:-1]), np.split(back, np.cumsum(PARTS[kind])[:-1]), strict=True
    ):
        assert float(one @ other) == pytest.approx(1, abs=0.002)


def test_the_nearest_comes_first_and_blocks_are_looked_through_to_the_end() -> None:
    rows = [_unit("image") for _ in range(9_000)]
    near = rows[8_999] + 0.2 * _unit("image")
    near /= np.linalg.norm(near)
    held = Vectors("image", [(number, pack("image", row)) for number, row in enumerate(rows)])
    assert len(held) == 9_000
    (found,) = held.find(near[None].astype(np.float32), least=Least(-1.0), most=3)
    assert found[0][0] == 8_999
    cosines = np.stack(rows) @ near
    assert found[0][1] == pytest.approx(float(cosines.max()), abs=0.005)
    assert [key for key, _ in found] == list(np.argsort(-cosines)[:3])


def test_both_parts_of_a_text_must_be_near() -> None:
    one, other = _unit("text"), _unit("text")
    same_words = np.concatenate([one[:768], other[768:]])
    held = Vectors("text", [("same", pack("text", one)), ("rewrite", pack("text", same_words))])
    (found,) = held.find(one[None], least=Least(0.9, 0.8), most=5)
    assert [key for key, _ in found] == ["same"]
    (found,) = held.find(one[None], least=Least(0.9), most=5)
    assert {key for key, _ in found} == {"same", "rewrite"}


def test_vectors_of_another_size_and_none_at_all() -> None:
    held = Vectors("text", [("broken", b"\x00" * 7), ("good", pack("text", _unit("text")))])
    assert len(held) == 1
    assert Vectors("image", []).find(_unit("image")[None], least=Least(0.1), most=5) == [[]]
    assert held.find(np.zeros((0, 1_152), np.float32), least=Least(0.1), most=5) == []
