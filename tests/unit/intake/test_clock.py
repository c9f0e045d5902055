"""One time line, whatever the sender's clock does."""

from __future__ import annotations

import pytest

from evenhand.intake.clock import Clock


def test_second_0_is_the_first_packet() -> None:
    clock = Clock()
    assert clock.read(5_000.0, 100.0).time == 0.0
    assert clock.read(5_001.5, 101.5).time == 1.5
    assert clock.wall(1.5) == pytest.approx(101.5)


def test_a_new_connection_with_the_same_clock_goes_on_and_tells_the_gap() -> None:
    clock = Clock()
    clock.read(0.0, 100.0)
    clock.read(10.0, 110.0)
    clock.reconnected()
    reading = clock.read(14.0, 114.0)
    assert reading.time == 14.0
    assert reading.gap == (10.0, 14.0)


def test_a_new_connection_with_another_clock_is_put_where_it_came() -> None:
    clock = Clock()
    clock.read(700_000.0, 100.0)
    clock.read(700_010.0, 110.0)
    clock.reconnected()
    reading = clock.read(3.0, 115.0)
    assert reading.time == pytest.approx(15.0)
    assert reading.gap is not None
    assert reading.gap == pytest.approx((10.0, 15.0))
    assert clock.read(4.0, 116.0).time == pytest.approx(16.0)


@pytest.mark.parametrize("jump", [-50_000.0, 95_443.7])
def test_a_clock_that_jumps_is_set_anew(jump: float) -> None:
    clock = Clock()
    clock.read(60_000.0, 100.0)
    clock.read(60_002.0, 102.0)
    reading = clock.read(60_002.1 + jump, 102.1)
    assert reading.jumped
    assert reading.time == pytest.approx(2.1)
    assert reading.gap is None


def test_drift_is_measured_and_wall_times_follow_it() -> None:
    clock = Clock()
    for second in range(1_000):  # the sender's clock loses one part in a hundred
        clock.read(second * 0.99, 100.0 + second)
    assert clock.drift == pytest.approx(9.4, abs=0.7)
    assert clock.wall(999 * 0.99) == pytest.approx(1_099, abs=0.7)


def test_bursts_are_no_drift() -> None:
    clock = Clock()
    for burst in range(30):  # HLS: six seconds at once, every six seconds
        for second in range(6):
            clock.read(burst * 6 + second, 100.0 + burst * 6 + second * 0.01)
    assert abs(clock.drift) < 1


def test_a_file_waits_and_is_taken_up_where_it_was() -> None:
    clock = Clock(began=100.0, position=30.0, offset=-2.0)
    clock.paced = clock.resumed = True
    clock.reconnected()
    assert clock.read(27.0, 500.0).time == 25.0  # read again from the keyframe before
    reading = clock.read(32.5, 501.0)
    assert (reading.time, reading.gap) == (30.5, None)


def test_a_stream_taken_up_by_another_worker_goes_on_behind_its_gap() -> None:
    clock = Clock(began=100.0, position=30.0, offset=-700.0)
    reading = clock.read(745.0, 145.5)
    assert reading.time == 45.0
    assert reading.gap == (30.0, 45.0)
