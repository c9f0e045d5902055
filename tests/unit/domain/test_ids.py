"""Ids: version 7, rising, unique over threads and forks, and readable as times."""

from __future__ import annotations

import multiprocessing
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.domain import first_id, id_time, new_id
from evenhand.domain.ids import IdMaker


def _many(count: int, out: list[str]) -> None:
    out.extend(new_id() for _ in range(count))


def _send(count: int, queue: multiprocessing.Queue[list[str]]) -> None:
    queue.put([new_id() for _ in range(count)])


def test_is_a_uuid_of_version_7() -> None:
    for made in (new_id() for _ in range(5_000)):
        value = uuid.UUID(made)
        assert (value.version, value.variant, str(value)) == (7, uuid.RFC_4122, made)


def test_rises_and_says_its_time() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert before <= id_time(made[0]) <= datetime.now(UTC)


def test_rises_when_the_clock_stands_still_or_goes_back() -> None:
    ticks = iter([10**18] * 3_000 + [10**18 - 10**12] * 3_000)
    make = IdMaker(clock=lambda: next(ticks))
    made = [make() for _ in range(6_000)]
    assert made == sorted(set(made))
    assert id_time(made[-1]) == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def test_a_full_millisecond_goes_on_in_the_next() -> None:
    make = IdMaker(clock=lambda: 10**18)
    first = make()
    make._node = 2**48 - 1
    second = make()
    assert second > first
    assert id_time(second) - id_time(first) == timedelta(milliseconds=1)
    assert uuid.UUID(second).version == 7


def test_unique_over_threads() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=_many, args=(5_000, out)) for out in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for out in made for one in out}) == 40_000
    assert all(out == sorted(out) for out in made)


def test_unique_over_forks() -> None:
    new_id()  # the parent has random words left that a child must not use again
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[list[str]] = context.Queue()
    children = [context.Process(target=_send, args=(2_000, queue)) for _ in range(3)]
    for child in children:
        child.start()
    made = [one for _ in children for one in queue.get(timeout=30)]
    for child in children:
        child.join()
    _many(2_000, made)
    assert len(set(made)) == 8_000


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "d-1",
        "01890a5d-ac96-474b-bcce-b302099a8057",  # version 4
        "01890A5D-AC96-774B-BCCE-B302099A8057",  # upper case
        "01890a5dac96774bbcceb302099a8057",  # no hyphens
        "01890a5d-ac96-774b-bcce-b302099a8057\x00",
        "{01890a5d-ac96-774b-bcce-b302099a8057}",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",  # a time beyond year 9999
    ],
)
def test_refuses_what_is_no_id(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a decision id"):
        id_time(wrong)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1)))
def test_first_id_is_the_edge_of_its_millisecond(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    edge = first_id(aware)
    assert id_time(edge) == aware.replace(microsecond=aware.microsecond // 1000 * 1000)
    make = IdMaker(clock=lambda: (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000)
    assert edge <= make() < first_id(aware + timedelta(milliseconds=1))


def test_first_id_of_another_zone_and_of_wrong_moments() -> None:
    assert first_id(datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))) == first_id(
        datetime(2024, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(ValueError, match="time zone"):
        first_id(datetime(2024, 1, 1))
    with pytest.raises(ValueError, match="1970"):
        first_id(datetime(1969, 1, 1, tzinfo=UTC))
