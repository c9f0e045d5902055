"""An exact index of 256-bit hashes: every hash within some bits of a query, none missed.

Multi-index hashing (Norouzi, Punjani, Fleet 2012): a hash is cut into 16 pieces of 16 bits. Two hashes that differ in
at most 31 bits differ in at most one bit in some piece, so it is enough to look up each piece and its 16 neighbours in
sorted tables. Small sets, wide distances and sets of look-alikes are compared one by one instead: first 128 bits,
which rules out nearly all, then the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECES = 16
_KEYS = 1 << 16
_FEW = 20_000  # hashes; below, comparing one by one is as fast as the tables, which take 4 MB at least
_BLOCK = 16_384  # hashes compared at a time, so that the intermediate results stay in the cache
_WIDEST = 2 * _PIECES - 1  # bits; beyond, two pieces' worth of differences may hide in every piece


class HashIndex:
    """Finds the hashes near a query. Built once; asked from any number of threads.

    Memory is 48 bytes a hash, and from 20,000 hashes on 64 bytes more for the tables, plus 4 MB.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        """Build the index.

        Args:
            hashes: uint64 [n, 4]; repeated ones are all found.

        Raises:
            ValueError: the array has another shape.
        """
        if hashes.ndim != 2 or hashes.shape[1] != 4:
            raise ValueError(f"hashes must be uint64 [n, 4], not {list(hashes.shape)}")
        self._hashes = np.ascontiguousarray(hashes, dtype=np.uint64)
        self._heads = np.ascontiguousarray(self._hashes[:, :2].T)  # first 128 bits, for comparing one by one
        self._rows: NDArray[np.int32] | None = None
        self._starts: NDArray[np.int32] | None = None
        if len(hashes) >= _FEW:
            self._rows, self._starts = _tables(self._hashes)

    def __len__(self) -> int:
        """Count the hashes."""
        return len(self._hashes)

    def within(self, query: NDArray[np.uint64], *, distance: int = _WIDEST) -> list[tuple[int, int]]:
        """Find every hash that differs from the query in at most `distance` bits.

        Args:
            query: uint64 [4].
            distance: bits, 0 to 256; up to 31 is fast.

        Returns:
            (row, bits that differ), nearest first, then by row.
        """
        if len(self) == 0:
            return []
        rows = self._candidates(query) if distance <= _WIDEST else None
        if rows is None:
            rows = self._scan(query, distance)
        differ = np.bitwise_count(self._hashes[rows] ^ query).sum(axis=1)
        near = differ <= distance
        found = {int(row): int(bits) for row, bits in zip(rows[near], differ[near], strict=True)}
        return sorted(found.items(), key=lambda match: (match[1], match[0]))

    def _candidates(self, query: NDArray[np.uint64]) -> NDArray[np.intp] | None:
        """Give the rows that share a piece with the query, up to one bit; None where comparing all is cheaper."""
        if self._rows is None or self._starts is None:
            return None
        neighbours = np.concatenate(([0], 1 << np.arange(16))).astype(np.uint16)
        keys = (np.ascontiguousarray(query).view(np.uint16)[:, None] ^ neighbours).astype(np.intp)
        table = np.arange(_PIECES)[:, None]
        start, end = self._starts[table, keys], self._starts[table, keys + 1]
        count = (end - start).ravel().astype(np.intp)
        total = int(count.sum())
        if total > len(self) // 2:
            return None
        first = (start + table * len(self)).ravel()
        # Places in the table of each stretch, one stretch after the other, without a loop in Python
        place = np.arange(total) + np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count)
        return self._rows[place].astype(np.intp)

    def _scan(self, query: NDArray[np.uint64], distance: int) -> NDArray[np.intp]:
        """Give the rows whose first 128 bits are near enough."""
        found = []
        for begin in range(0, len(self), _BLOCK):
            block = self._heads[:, begin : begin + _BLOCK]
            differ = np.bitwise_count(block ^ query[:2, None]).sum(axis=0, dtype=np.uint8)
            found.append(np.flatnonzero(differ <= distance) + begin)
        return np.concatenate(found)


def _tables(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Sort the rows by each piece.

    Returns:
        int32 [16 * n], the rows sorted by piece 0, then by piece 1...; int32 [16, 65537], where each key starts.
    """
    pieces = hashes.view(np.uint16).reshape(len(hashes), _PIECES)
    rows = np.empty((_PIECES, len(hashes)), np.int32)
    starts = np.zeros((_PIECES, _KEYS + 1), np.int32)
    for piece in range(_PIECES):
        keys = np.ascontiguousarray(pieces[:, piece])
        rows[piece] = np.argsort(keys, kind="stable")  # a radix sort, for 16-bit keys
        starts[piece, 1:] = np.cumsum(np.bincount(keys, minlength=_KEYS))
    return rows.ravel(), starts
