"""How far chance alone may have moved a share: the interval that every fairness and evaluation figure is given with."""

from __future__ import annotations

Interval = tuple[float, float]

_Z95 = 1.959963984540054  # the normal distribution's 97.5% point


def wilson(part: int, whole: int) -> Interval | None:
    """Give the 95% score interval of a proportion (Wilson 1927); None without any trial.

    Unlike the textbook's p +- 1.96 s it stays inside [0, 1] and is not empty at 0 of n.

    Args:
        part: how many of the trials, 0 to `whole`.
        whole: how many trials.
    """
    if not whole:
        return None
    share, z2 = part / whole, _Z95 * _Z95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z95 * ((share * (1 - share) / whole + z2 / (4 * whole * whole)) ** 0.5) / (1 + z2 / whole)
    # Rounding must not push the interval off its own estimate at 0 of n and n of n.
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
