"""Which frames are looked at."""

from __future__ import annotations

from itertools import pairwise

import pytest

from evenhand.decode.media.choosing import Coded, Look, between, choose, scene_starts


def coded(count: int, *, fps: float = 25.0, keys: tuple[int, ...] = (0,), spikes: tuple[int, ...] = ()) -> list[Coded]:
    """Frames as an encoder gives them: small ones between, every third larger, keyframes and new scenes far larger."""
    sizes = dict.fromkeys(keys, 40_000) | dict.fromkeys(spikes, 30_000)
    return [
        Coded(time=place / fps, size=sizes.get(place, 6_000 if place % 3 == 0 else 1_500), key=place in keys)
        for place in range(count)
    ]


def sure(looks: list[Look]) -> list[float]:
    """Give the times of the looks that the detectors are shown in any case."""
    return [look.time for look in looks if look.sure]


@pytest.mark.parametrize("interval", [0.5, 1.0, 2.0, 7.0])
def test_no_gap_is_longer_than_the_interval(interval: float) -> None:
    times = sure(choose(coded(750), start=0, end=30, interval=interval))
    assert times[0] == 0
    assert max(after - before for before, after in pairwise([*times, 30.0])) <= interval + 0.041


def test_keyframes_and_new_scenes_are_looked_at() -> None:
    frames = coded(500, keys=(0, 130, 390), spikes=(211,))
    times = [look.time for look in choose(frames, start=0, end=20, interval=1_000)]
    assert times == [0.0, 130 / 25, 211 / 25, 390 / 25]


def test_frames_that_are_regularly_larger_are_no_new_scenes() -> None:
    assert scene_starts(coded(500)) == frozenset()


def test_many_keyframes_are_thinned_out() -> None:
    """Some are decoded, for changes of scene, and few shown."""
    looks = choose(coded(1_000, fps=100, keys=tuple(range(1_000))), start=0, end=10, interval=2)
    assert [look.time for look in looks] == pytest.approx([0.4 * place for place in range(25)])
    assert sure(looks) == [0.0, 2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize("distance", [12, 25, 30, 50, 52, 53, 60, 100, 250])
@pytest.mark.parametrize("interval", [0.5, 2.0, 5.0])
def test_keyframes_serve_where_they_are_close_enough(distance: int, interval: float) -> None:
    """Nothing else is decoded there; where they are not, the gaps are filled, to a twentieth."""
    frames = coded(750, keys=tuple(range(0, 750, distance)))
    looks = choose(frames, start=0, end=30, interval=interval)
    times = sure(looks)
    assert max(after - before for before, after in pairwise([*times, 29.96])) <= interval * 1.05 + 0.05
    between_keys = {look.time for look in looks} - {frame.time for frame in frames if frame.key}
    assert bool(between_keys) == (distance / 25 > interval * 1.05 + 0.011)


def test_keyframes_may_be_wanted_closer_than_other_frames() -> None:
    frames = coded(750, keys=(0, 40, 80, 400))
    times = sure(choose(frames, start=0, end=30, interval=12, keyframes=2))
    assert times[:3] == [0.0, 1.6, 3.2]
    assert 400 / 25 in times
    assert max(after - before for before, after in pairwise([*times, 30.0])) <= 12.05


@pytest.mark.parametrize(
    ("moments", "expected"),
    [((0.0,), [0.0]), ((), []), ((0.0, 100.0), [0.0, 100.0]), ((0.0, 0.1, 9.0), [0.0, 0.1, 9.0])],
)
def test_sparse_frames(moments: tuple[float, ...], expected: list[float]) -> None:
    frames = [Coded(time=moment, size=100, key=False) for moment in moments]
    assert sure(choose(frames, start=0, end=200, interval=2)) == expected


def test_frames_outside_the_segment_are_not_chosen() -> None:
    times = sure(choose(coded(500), start=4, end=8, interval=2))
    assert times[0] == 4
    assert times[-1] < 8


def test_closer_looks_lie_between_neighbours_and_are_few() -> None:
    known = [0.0, 2.0, 4.0, 6.0]
    assert between([4.0], known, most=8) == [3.0, 5.0]
    assert between([4.0, 2.0, 0.0], known, most=3) == [1.0, 3.0, 5.0]
    assert between([4.0], [3.5, 4.0, 4.3], most=8) == []
