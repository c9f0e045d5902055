"""Which frames are looked at."""

from __future__ import annotations

from itertools import pairwise

import pytest

from evenhand.decode.media.choosing import Coded, between, choose, scene_starts


def coded(count: int, *, fps: float = 25.0, keys: tuple[int, ...] = (0,), spikes: tuple[int, ...] = ()) -> list[Coded]:
    """Frames as an encoder gives them: small ones between, every third larger, keyframes and new scenes far larger."""
    sizes = dict.fromkeys(keys, 40_000) | dict.fromkeys(spikes, 30_000)
    return [
        Coded(time=place / fps, size=sizes.get(place, 6_000 if place % 3 == 0 else 1_500), key=place in keys)
        for place in range(count)
    ]


@pytest.mark.parametrize("interval", [0.5, 1.0, 2.0, 7.0])
def test_no_gap_is_longer_than_the_interval(interval: float) -> None:
    times = choose(coded(750), start=0, end=30, interval=interval)
    assert times[0] == 0
    assert max(after - before for before, after in pairwise([*times, 30.0])) <= interval + 0.041


def test_keyframes_and_new_scenes_are_looked_at() -> None:
    frames = coded(500, keys=(0, 130, 390), spikes=(211,))
    times = choose(frames, start=0, end=20, interval=1_000)
    assert times == [0.0, 130 / 25, 211 / 25, 390 / 25]


def test_frames_that_are_regularly_larger_are_no_new_scenes() -> None:
    assert scene_starts(coded(500)) == frozenset()


def test_many_keyframes_are_thinned_out() -> None:
    times = choose(coded(1_000, fps=1_000, keys=tuple(range(1_000))), start=0, end=1, interval=2)
    assert times == [0.0, 0.4, 0.8]


@pytest.mark.parametrize(
    ("moments", "expected"),
    [((0.0,), [0.0]), ((), []), ((0.0, 100.0), [0.0, 100.0]), ((0.0, 0.1, 9.0), [0.0, 0.1, 9.0])],
)
def test_sparse_frames(moments: tuple[float, ...], expected: list[float]) -> None:
    frames = [Coded(time=moment, size=100, key=False) for moment in moments]
    assert choose(frames, start=0, end=200, interval=2) == expected


def test_frames_outside_the_segment_are_not_chosen() -> None:
    times = choose(coded(500), start=4, end=8, interval=2)
    assert times[0] == 4
    assert times[-1] < 8


def test_closer_looks_lie_between_neighbours_and_are_few() -> None:
    known = [0.0, 2.0, 4.0, 6.0]
    assert between([4.0], known, most=8) == [3.0, 5.0]
    assert between([4.0, 2.0, 0.0], known, most=3) == [1.0, 3.0, 5.0]
    assert between([4.0], [3.5, 4.0, 4.3], most=8) == []
