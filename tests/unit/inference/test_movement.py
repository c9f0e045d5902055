"""What moves in two seconds: measures, their place, and scenes in which nothing does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.inference import movement


def frames(count: int = movement.FRAMES, *, step: int = 0, shake: int = 0) -> NDArray[np.uint8]:
    """Noise with a brighter patch that goes to the right by `step` a frame, the whole picture shaken by `shake`."""
    rng = np.random.default_rng(5)
    ground = rng.integers(60, 120, (120, 160, 3)).astype(np.uint8).repeat(2, 0).repeat(2, 1)
    patch = rng.integers(150, 250, (60, 60, 3)).astype(np.uint8)
    out = []
    for number in range(count):
        frame = np.roll(ground, shake * (number % 2), axis=1)
        frame[150:210, 20 + step * number : 80 + step * number] = patch
        out.append(frame)
    return np.stack(out)


def test_a_still_scene_does_not_move() -> None:
    found = movement.measure(frames())
    assert found.speed == pytest.approx(0.0, abs=0.05)
    assert found.measures.shape == (55,)
    assert np.isfinite(found.measures).all()


def test_the_square_is_where_it_moves() -> None:
    found = movement.measure(frames(step=8))
    x0, y0, x1, y1 = found.box
    assert found.speed > 1
    assert x1 > 20  # its way is from 20 to 232, between 150 and 210, of 320 x 240
    assert x0 < 232
    assert 20 < y0 < 180 < y1


def test_a_camera_that_shakes_moves_little() -> None:
    assert movement.measure(frames(shake=2)).speed < movement.measure(frames(step=8)).speed / 2


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="16 frames"):
        movement.measure(frames(movement.LEAST - 1))


@pytest.mark.parametrize(
    ("size", "wanted"), [((480, 360), (480, 360)), ((1920, 1080), (640, 360)), ((3, 2000), (1, 640))]
)
def test_frames_are_shrunk_to_the_longest_side(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    shrunk = movement.shrunk(np.zeros((size[1], size[0], 3), np.uint8))
    assert shrunk.shape == (wanted[1], wanted[0], 3)


def test_moments_are_first_to_last() -> None:
    assert movement.moments(20) == [0, 4, 8, 11, 15, 19]
