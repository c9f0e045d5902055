"""Brakes: a version that blocks, or asks people, much more or much less often than it should is stopped by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from evenhand.errors import ConflictError, InputError
from evenhand.publishing.course import RULED_S
from evenhand.store import Store
from evenhand.store.policieslive import BRAKE
from evenhand.store.policyrecords import SHIPPED, Live

WATCHED = ("block", "review")
_WIDER = 3.0  # a band that is set by itself reaches from a third to three times what was usual
_LEAST = 0.02  # and at least so far above it
_UNKNOWN = 0.5  # the highest rate, where nothing is known of what is usual


def read_brake(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Check a brake: `{"block": [least, most], "review": [...], "window_s": 600, "minimum": 100}`.

    Raises:
        InputError: it is none.
    """
    if given is None:
        return None
    unknown = sorted(set(given) - {*WATCHED, "window_s", "minimum"})
    if unknown:
        raise InputError(f"A brake has no {', '.join(unknown)[:200]}; it has block, review, window_s and minimum.")
    out: dict[str, Any] = {}
    for action in WATCHED:
        band = given.get(action)
        if band is None:
            continue
        numbers = isinstance(band, list | tuple) and len(band) == 2 and all(_is_number(one) for one in band)
        if not numbers or not 0 <= band[0] <= band[1] <= 1:
            raise InputError(f"The band of {action} is two rates from 0 to 1, the least and the most: [0, 0.05].")
        out[action] = [float(band[0]), float(band[1])]
    if not out:
        raise InputError("A brake needs the band of block or of review.")
    window, minimum = given.get("window_s", 600), given.get("minimum", 100)
    if not _is_number(window) or not 10 <= window <= 86_400:
        raise InputError("window_s is 10 to 86400 seconds.")
    if not isinstance(minimum, int) or isinstance(minimum, bool) or not 1 <= minimum <= 1_000_000:
        raise InputError("minimum is a count of decisions from 1 to 1000000.")
    return {**out, "window_s": float(window), "minimum": minimum}


def suggest(counts: Mapping[str, int], *, window_s: float = 600, minimum: int = 100) -> dict[str, Any]:
    """Suggest a brake from what was usual: action -> decisions. Of few decisions nothing is known: a wide one, then."""
    total = sum(counts.values())
    bands: dict[str, Any] = {action: [0.0, _UNKNOWN] for action in WATCHED}
    for action in WATCHED if total >= minimum else ():
        usual = counts.get(action, 0) / total
        bands[action] = [round(usual / _WIDER, 4), round(min(1.0, max(usual * _WIDER, usual + _LEAST)), 4)]
    return {**bands, "window_s": window_s, "minimum": minimum}


def broken(brake: Mapping[str, Any], counts: Mapping[str, int]) -> str | None:
    """Say how counts break a brake; None: they do not, or are too few."""
    total = sum(counts.values())
    if total < int(brake["minimum"]):
        return None
    for action in WATCHED:
        if action in brake:
            low, high = brake[action]
            rate = counts.get(action, 0) / total
            if not low <= rate <= high:
                told = f"{100 * rate:.1f}% of {total} decisions were {action}, outside of "
                return f"{told}{100 * low:.1f}% to {100 * high:.1f}%"
    return None


def watched(row: Live) -> str | None:
    """Give the id of the version that a brake would stop; None: there is nothing to go back to."""
    if row.candidate is not None:
        return row.candidate
    return row.live if row.live not in (None, SHIPPED) and row.previous is not None else None


def pull(store: Store, now: datetime | None = None) -> list[str]:
    """Stop the versions whose brakes are broken; give the names of their policies.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    now = now or datetime.now(UTC)
    stopped = []
    for row in store.policies_live.all():
        version_id = watched(row)
        if row.brake is None or version_id is None:
            continue
        since = max(row.since, now - timedelta(seconds=float(row.brake["window_s"])))
        since = datetime.fromtimestamp(since.timestamp() // RULED_S * RULED_S, UTC)  # counts have the start of theirs
        why = broken(row.brake, store.policy_counts.ruled(version_id, since))
        if why is None:
            continue
        try:
            done = store.policies_live.rollback(
                row.policy, actor=BRAKE, reason=why, only=version_id, event="policy.braked"
            )
        except ConflictError:
            continue  # somebody rolled it back at the same moment
        if done is not None:
            structlog.get_logger().error("a brake stopped a policy", policy=row.policy, version=version_id, why=why)
            stopped.append(row.policy)
    return stopped


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
