"""Frames of a stream: which are looked at, and which of too many are left out."""

from __future__ import annotations

import av
import numpy as np
from PIL import Image

from evenhand.intake.sampling import Sampler, Shown, thinned
from tests.recordings import landscape, written


def frame(image: Image.Image) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")


def test_a_look_a_second_and_a_window_every_two() -> None:
    sampler = Sampler(interval=1.0, window=2.0)
    given = [sampler.take(frame(landscape(n * 3 / 10)), n / 10, aspect=1.0) for n in range(50)]
    assert sampler.looks == 5
    windows = [(n / 10, len(shown)) for n, shown in enumerate(given) if shown]
    assert [moment for moment, _ in windows] == [2.0, 4.0]
    assert sum(count for _, count in windows) + len(sampler.flush()) + sampler.repeated == 5


def test_what_stands_is_looked_at_once_and_its_end_is_told() -> None:
    sampler = Sampler(interval=1.0, window=2.0)
    shown: list[Shown] = []
    for second in range(9):
        shown += sampler.take(frame(written("the same")), float(second), aspect=1.0)
    shown += sampler.flush()
    assert len(shown) == 1
    assert shown[0].until == 8.0
    assert sampler.still == [(0.0, float(until)) for until in range(3, 9)]


def test_of_too_many_the_ones_that_show_something_new_stay() -> None:
    plain = [np.full((36, 64), 100 + n, np.int16) for n in range(10)]
    plain[6] = np.full((36, 64), 250, np.int16)
    shown = [Shown(Image.new("RGB", (8, 8)), float(n), float(n), form) for n, form in enumerate(plain)]
    left = thinned(shown, 3)
    assert len(left) == 3
    assert shown[6] in left
    assert [one.begin for one in left] == sorted(one.begin for one in left)
