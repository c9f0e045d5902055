"""Finds near-duplicates of known texts by their sketches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.matching.textsketch import NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR = 0.6  # share of equal numbers from which a text counts as a copy; what it finds is measured in the how-to
_ROWS = 4  # numbers that must be equal together for a sample to be looked at
_BANDS = NUMBERS // _ROWS
_MOST = 1_000  # samples looked at for one text; those found by most bands first


class SketchIndex:
    """Sketches to be found. Used from any number of threads; 0.8 kB a sample.

    A sample that shares 0.6 of its pieces with a text is looked at with a chance of 0.988, one that shares 0.7 with
    0.9998, one that shares 0.3 with 0.23 (32 bands of 4 numbers; Indyk and Motwani, 1998).

    Args:
        samples: uint32 [128] each.
    """

    def __init__(self, samples: Sequence[NDArray[np.uint32]]) -> None:
        self._samples = np.stack(samples) if samples else np.zeros((0, NUMBERS), np.uint32)
        keys = _keys(self._samples)
        self._order = np.argsort(keys, axis=0, kind="stable").astype(np.uint32)
        self._keys = np.take_along_axis(keys, self._order, 0)

    def __len__(self) -> int:
        """Count the samples."""
        return len(self._samples)

    def find(self, query: NDArray[np.uint32], *, least: float = NEAR) -> list[tuple[int, float]]:
        """Find the samples that a text is a near-duplicate of.

        Args:
            query: uint32 [128].
            least: share of equal numbers from which on it is one.

        Returns:
            Number of the sample and share of equal numbers, the most alike first.
        """
        if not len(self._samples):
            return []
        found: list[NDArray[np.uint32]] = []
        for band, key in enumerate(_keys(query[None])[0]):
            column = self._keys[:, band]
            low, high = int(np.searchsorted(column, key)), int(np.searchsorted(column, key, "right"))
            if high > low:
                found.append(self._order[low:high, band])
        if not found:
            return []
        rows, votes = np.unique(np.concatenate(found), return_counts=True)
        rows = rows[np.argsort(-votes, kind="stable")[:_MOST]]
        shares = (self._samples[rows] == query).mean(1)
        order = np.argsort(-shares, kind="stable")
        return [(int(rows[i]), float(shares[i])) for i in order if shares[i] >= least]


def _keys(sketches: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Give one key for each band: uint64 [n, 32]."""
    bands = sketches.reshape(-1, _BANDS, _ROWS).astype(np.uint64)
    keys = np.zeros(bands.shape[:2], np.uint64)
    for row in range(_ROWS):
        keys = (keys ^ bands[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys
