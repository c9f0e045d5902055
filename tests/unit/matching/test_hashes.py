"""The hash index: everything near a query, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.matching.hashes import HashIndex


def random_hashes(rng: np.random.Generator, count: int) -> NDArray[np.uint64]:
    return rng.integers(0, 2**64, (count, 4), dtype=np.uint64)


def flipped(rng: np.random.Generator, words: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """Flip that many bits, chosen at random."""
    changed = words.copy()
    for bit in rng.choice(256, bits, replace=False):
        changed[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return changed


def compared_with_all(hashes: NDArray[np.uint64], query: NDArray[np.uint64], distance: int) -> list[tuple[int, int]]:
    differ = np.bitwise_count(hashes ^ query).sum(axis=1)
    return sorted(((int(row), int(differ[row])) for row in np.flatnonzero(differ <= distance)), key=lambda m: m[::-1])


@pytest.mark.parametrize("count", [1, 300, 19_999, 20_000, 40_000])
@pytest.mark.parametrize("distance", [0, 15, 31, 32, 100, 256])
def test_agrees_with_comparing_all(count: int, distance: int) -> None:
    rng = np.random.default_rng(count + distance)
    hashes = random_hashes(rng, count)
    for row, bits in enumerate([0, 1, 30, 31, 32, 40, 100][:count]):
        hashes[row] = flipped(rng, hashes[0], bits)
    index = HashIndex(hashes)
    for query in (hashes[0], hashes[-1], random_hashes(rng, 1)[0]):
        assert index.within(query, distance=distance) == compared_with_all(hashes, query, distance)


def test_misses_nothing_at_31_bits() -> None:
    rng = np.random.default_rng(5)
    hashes = random_hashes(rng, 25_000)
    index = HashIndex(hashes)
    for row in range(400):
        found = index.within(flipped(rng, hashes[row], 31))
        assert found == [(row, 31)]


def test_spread_out_differences_are_found() -> None:
    """The worst case for the tables: 2 bits differ in 15 pieces, 1 in the last."""
    rng = np.random.default_rng(6)
    hashes = random_hashes(rng, 25_000)
    query = hashes[77].copy()
    for piece in range(16):
        query.view(np.uint16)[piece] ^= np.uint16(0b11 if piece < 15 else 0b1)
    assert HashIndex(hashes).within(query) == [(77, 31)]


def test_many_copies_of_one_hash() -> None:
    rng = np.random.default_rng(7)
    one = random_hashes(rng, 1)
    index = HashIndex(np.repeat(one, 30_000, axis=0))
    assert len(index.within(flipped(rng, one[0], 9))) == 30_000
    assert index.within(flipped(rng, one[0], 40)) == []


def test_empty_and_misshapen() -> None:
    empty = HashIndex(np.empty((0, 4), np.uint64))
    assert len(empty) == 0
    assert empty.within(np.zeros(4, np.uint64), distance=256) == []
    with pytest.raises(ValueError, match=r"\[n, 4\]"):
        HashIndex(np.zeros((3, 5), np.uint64))
