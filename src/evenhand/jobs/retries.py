"""When a try that failed is made again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Exponential back-off with jitter, so that many that failed together do not come back together."""

    attempts: int  # tries in all
    first_s: float  # seconds before the second try, at most
    most_s: float = 3_600.0

    def after(self, failed: int) -> float | None:
        """Give the seconds until the next try, between half and all of the back-off; None: there is none.

        Args:
            failed: tries that failed so far, this one included.
        """
        if failed >= self.attempts:
            return None
        longest = min(self.most_s, self.first_s * 2.0 ** min(failed - 1, 32))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  (spreads load, hides nothing)
