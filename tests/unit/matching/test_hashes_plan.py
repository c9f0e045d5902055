"""Cutting hashes into pieces: no pair within 31 bits may escape all tables and their checks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from evenhand.matching.hashes_plan import WIDEST, Piece, cut, keys_of, neighbours, plan_for
from evenhand.matching.hashes_tables import SortedHashes, arrays_of, open_hashes, order_for


@pytest.mark.parametrize(("pieces", "width"), [(16, 16), (13, 19), (11, 20), (11, 23), (8, 24)])
def test_radii_leave_no_gap(pieces: int, width: int) -> None:
    plan = cut(pieces, width)
    # were every piece beyond its radius, more than 31 bits would differ
    assert sum(piece.radius + 1 for piece in plan) == WIDEST + 1
    assert all(a.start + a.width <= b.start for a, b in itertools.pairwise(plan))
    assert plan[-1].start + plan[-1].width <= 256


def test_plans_by_size() -> None:
    assert [len(plan_for(count)) for count in (0, 19_999, 20_000, 1_000_000, 2_000_000, 10_000_000)] == [
        0,
        0,
        16,
        16,
        11,
        11,
    ]
    assert [plan_for(count)[0].width for count in (2_000_000, 10_000_000)] == [21, 23]


def test_neighbours_are_all_masks_within_the_radius() -> None:
    masks = neighbours(Piece(start=0, width=10, radius=2)).tolist()
    assert masks == sorted(mask for mask in range(1024) if mask.bit_count() <= 2)


def test_keys_across_words() -> None:
    words = np.array([[0x8000000000000000, 0b101, 0, 0]], np.uint64)
    assert keys_of(words, 63, 8).tolist() == [0b1011]
    with pytest.raises(ValueError, match="8 to 16"):
        cut(16, 17)


@pytest.mark.parametrize(("pieces", "width"), [(16, 16), (11, 20)])
@pytest.mark.parametrize("seed", range(4))
def test_pairs_made_to_escape_are_found(pieces: int, width: int, seed: int) -> None:
    """31 differences, as evenly over the pieces, and as close to the pieces' first bits, as can be."""
    rng = np.random.default_rng(seed)
    plan = cut(pieces, width)
    held = rng.integers(0, 2**64, (500, 4), dtype=np.uint64)
    queries = held.copy()
    for row in range(len(queries)):
        over = [piece.radius + 1 for piece in plan]
        over[rng.integers(pieces)] -= 1
        for piece, bits in zip(plan, over, strict=True):
            room = piece.width if row % 2 else 8  # odd: anywhere in the key; even: in the part that is checked
            for bit in rng.choice(room, bits, replace=False):
                place = piece.start + int(bit)
                queries[row, place // 64] ^= np.uint64(1) << np.uint64(place % 64)
    order = order_for(held, plan)
    tables: SortedHashes = open_hashes(dict(arrays_of(held[order], plan)), plan)
    query, row_found, bits_found = tables.search(queries, WIDEST)
    assert query.tolist() == list(range(500))
    assert order[row_found].tolist() == list(range(500))
    assert set(bits_found.tolist()) == {31}


def test_a_key_with_very_many_rows() -> None:
    plan = cut(16, 16)
    rng = np.random.default_rng(3)
    held = rng.integers(0, 2**64, (150_000, 4), dtype=np.uint64)
    held[:70_000, :2] = 7  # half of the tables have one key with 70,000 rows
    order = order_for(held, plan)
    tables = open_hashes(dict(arrays_of(held[order], plan)), plan)
    for query in (held[:1], held[-1:]):
        _, row, bits = tables.search(query, WIDEST)
        wanted = np.flatnonzero(np.bitwise_count(held ^ query).sum(axis=1) <= WIDEST)
        assert sorted(order[row].tolist()) == wanted.tolist()
        assert 0 in bits.tolist()
    assert order[tables.find(held[69_990:70_010])].tolist() == list(range(69_990, 70_010))
