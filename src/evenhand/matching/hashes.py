"""An exact index of 256-bit hashes in memory: every hash within some bits of a query, none missed.

For sets that come with a library document. Large ones, and those that change while they are used, are kept in a bank
(`bank.py`), on the same tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenhand.matching.hashes_plan import WIDEST, plan_for
from evenhand.matching.hashes_tables import arrays_of, open_hashes, order_for

if TYPE_CHECKING:
    from numpy.typing import NDArray


class HashIndex:
    """Finds the hashes near a query. Built once; asked from any number of threads.

    Memory is 40 bytes a hash, and from 20,000 hashes on 40 to 60 bytes more for the tables, plus 4 MB.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        """Build the index.

        Args:
            hashes: uint64 [n, 4], n at most 16,777,216; repeated ones are all found.

        Raises:
            ValueError: the array has another shape, or is too long.
        """
        if hashes.ndim != 2 or hashes.shape[1] != 4:
            raise ValueError(f"hashes must be uint64 [n, 4], not {list(hashes.shape)}")
        plan = plan_for(len(hashes))
        hashes = np.ascontiguousarray(hashes, np.uint64)
        self._order = order_for(hashes, plan)
        self._sorted = open_hashes(dict(arrays_of(hashes[self._order], plan)), plan)

    def __len__(self) -> int:
        """Count the hashes."""
        return len(self._sorted)

    def within(self, query: NDArray[np.uint64], *, distance: int = WIDEST) -> list[tuple[int, int]]:
        """Find every hash that differs from the query in at most `distance` bits.

        Args:
            query: uint64 [4].
            distance: bits, 0 to 256; up to 31 is fast.

        Returns:
            (row, bits that differ), nearest first, then by row.
        """
        return [(row, bits) for _, row, bits in self.within_many(query[None], distance=distance)]

    def within_many(self, queries: NDArray[np.uint64], *, distance: int = WIDEST) -> list[tuple[int, int, int]]:
        """Find the same for many queries at a time, uint64 [n, 4].

        Returns:
            (number of the query, row, bits that differ), by query, nearest first, then by row.
        """
        look = self._sorted.search if distance <= WIDEST else self._sorted.scan
        query, row, bits = look(np.ascontiguousarray(queries, np.uint64), distance)
        row = self._order[row]
        order = np.lexsort((row, bits, query))
        return list(zip(query[order].tolist(), row[order].tolist(), bits[order].tolist(), strict=True))
