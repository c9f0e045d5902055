"""What detectors cost, out of the metrics of this process into the store: the check path counts nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from evenhand.store.tallies import DetectorTally, Tallies
from evenhand.telemetry import Metrics

_EVERY_S = 60.0


class DetectorMeter:
    """Writes what was spent since it last wrote. Safe to share between threads.

    Args:
        metrics: of this process.
        tallies: where to.
    """

    def __init__(self, metrics: Metrics, tallies: Tallies) -> None:
        self._metrics, self._tallies = metrics, tallies
        self._told: Mapping[str, DetectorTally] = {}
        self._lock = threading.Lock()
        self._wrote = time.monotonic()

    def flush(self, *, due: bool = False) -> None:
        """Write what was spent since.

        Args:
            due: only if the last time is a minute ago.

        Raises:
            StoreError: nothing was written; it is written next time.
        """
        with self._lock:
            if due and time.monotonic() - self._wrote < _EVERY_S:
                return
            now = self._read()
            spent = [one for name, total in now.items() if (one := _less(total, self._told.get(name))).calls]
            self._wrote = time.monotonic()
            self._tallies.note_detectors(datetime.now(UTC).date(), spent)
            self._told = now

    def _read(self) -> dict[str, DetectorTally]:
        calls: dict[str, int] = {}
        seconds: dict[str, float] = {}
        up_to: dict[str, list[tuple[float, int]]] = {}
        for family in self._metrics.detector_seconds.collect():
            for sample in family.samples:
                name = sample.labels.get("detector", "")
                if sample.name.endswith("_count"):
                    calls[name] = int(sample.value)
                elif sample.name.endswith("_sum"):
                    seconds[name] = sample.value
                elif sample.name.endswith("_bucket"):
                    up_to.setdefault(name, []).append((float(sample.labels["le"]), int(sample.value)))
        found = {}
        for name, count in calls.items():
            below, buckets = 0, {}
            for edge, total in sorted(up_to.get(name, ())):  # Prometheus' buckets hold those below them
                buckets[edge], below = total - below, total
            found[name] = DetectorTally(detector=name, calls=count, seconds=seconds.get(name, 0.0), buckets=buckets)
        return found


def _less(total: DetectorTally, told: DetectorTally | None) -> DetectorTally:
    if told is None:
        return total
    return DetectorTally(
        detector=total.detector,
        calls=total.calls - told.calls,
        seconds=total.seconds - told.seconds,
        buckets={edge: count - told.buckets.get(edge, 0) for edge, count in total.buckets.items()},
    )
