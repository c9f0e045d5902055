"""Intervals."""

from __future__ import annotations

import numpy as np


def wilson(hits: int, count: int) -> list[float]:
    """95% interval of a share (Wilson 1927)."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [round(float(max(middle - half, 0)), 4), round(float(min(middle + half, 1)), 4)]
