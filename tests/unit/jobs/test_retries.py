"""Pauses double up to a limit, with jitter, and end."""

from __future__ import annotations

import pytest

from evenhand.jobs.retries import Retries


@pytest.mark.parametrize(("failed", "longest"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (9, 10.0)])
def test_a_pause_is_between_half_and_all_of_the_back_off(failed: int, longest: float) -> None:
    retries = Retries(attempts=10, first_s=2.0, most_s=10.0)
    pauses = [retries.after(failed) for _ in range(50)]
    assert all(pause is not None and longest / 2 <= pause <= longest for pause in pauses)
    assert len(set(pauses)) > 1


def test_after_the_last_try_there_is_none() -> None:
    assert Retries(attempts=3, first_s=1.0).after(3) is None
    assert Retries(attempts=5_000, first_s=1.0).after(4_000) is not None
