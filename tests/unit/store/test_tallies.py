"""Tallies count every decision once, whoever counts and whenever they are read; on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from evenhand.domain import Action
from evenhand.store import Store
from evenhand.store.tallies import DetectorTally, Of
from evenhand.telemetry import Metrics
from tests.unit.store.factory import id_at, record

_NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _fill(store: Store, count: int, *, at: datetime = _NOON, first: int = 0) -> None:
    store.record(
        [
            record(
                decision_id=id_at(at, number),
                action=Action.BLOCK if number % 4 == 0 else Action.PASS,
                labels={"spam.scam": 0.95, "hate": 0.31} if number % 2 else {"spam.scam": 0.0},
                languages=("de",) if number % 3 else (),
            )
            for number in range(first, first + count)
        ]
    )


def _actions(store: Store, of: Of | None = None) -> dict[tuple[str, ...], int]:
    return dict(store.tallies.count("action", _NOON.date(), _NOON.date(), of=of))


def test_the_same_before_and_after_counting(store: Store) -> None:
    _fill(store, 40)
    wanted = {("block",): 10, ("pass",): 30}
    assert _actions(store) == wanted
    assert store.tallies.behind() is None
    assert store.tallies.catch_up() == 40
    assert _actions(store) == wanted
    assert store.tallies.catch_up() == 0
    assert store.tallies.behind() == _NOON


def test_counted_and_fresh_decisions_add_up(store: Store) -> None:
    _fill(store, 40)
    store.tallies.catch_up()
    _fill(store, 20, first=40)
    assert sum(_actions(store).values()) == 60
    store.tallies.catch_up()
    assert sum(_actions(store).values()) == 60


def test_what_was_just_decided_is_counted_as_it_is_read(store: Store) -> None:
    now = datetime.now(UTC)
    _fill(store, 8, at=now)
    assert store.tallies.catch_up() == 0  # somebody may still be recording an earlier one
    days = store.tallies.count("action", now.date() - timedelta(days=1), now.date() + timedelta(days=1))
    assert sum(days.values()) == 8
    assert store.tallies.catch_up(now=now + timedelta(minutes=5)) == 8


def test_labels_and_the_tenths_of_their_scores(store: Store) -> None:
    _fill(store, 40)
    for _ in range(2):
        labels = store.tallies.count("label", _NOON.date(), _NOON.date())
        assert dict(labels) == {("spam.scam",): 20, ("hate",): 20}
        bins = store.tallies.count("bin", _NOON.date(), _NOON.date())
        assert dict(bins) == {("spam.scam#9",): 20, ("hate#3",): 20}
        store.tallies.catch_up()


def test_filters_and_columns(store: Store) -> None:
    _fill(store, 30)
    for _ in range(2):
        assert sum(_actions(store, Of(language="de")).values()) == 20
        assert sum(_actions(store, Of(language="fr")).values()) == 0
        assert sum(_actions(store, Of(line="default", kind="text")).values()) == 30
        days = store.tallies.count("action", _NOON.date(), _NOON.date(), by=("period", "language"))
        assert dict(days) == {("2026-03-10", "de"): 20, ("2026-03-10", ""): 10}
        hours = store.tallies.count("hour", _NOON.date(), _NOON.date(), by=("period",))
        assert dict(hours) == {("2026-03-10T12",): 30}
        store.tallies.catch_up()
    assert not store.tallies.count("action", _NOON.date() - timedelta(days=3), _NOON.date() - timedelta(days=1))


def test_several_count_at_once_and_nothing_twice(store: Store) -> None:
    _fill(store, 2_500)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            store.tallies.catch_up()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert sum(_actions(store).values()) == 2_500


def test_deleting_decisions_leaves_the_totals(store: Store) -> None:
    _fill(store, 10)
    store.tallies.catch_up()
    store.delete_content("sha256:" + "ab" * 32, decisions_too=True)
    assert store.log.count() == 0
    assert sum(_actions(store).values()) == 10


def test_detectors_cost_is_written_once(store: Store) -> None:
    from evenhand.store.tallydetectors import DetectorMeter

    metrics = Metrics()
    meter = DetectorMeter(metrics, store.tallies)
    for seconds in (0.002, 0.002, 0.3):
        metrics.detector_seconds.labels("text.words").observe(seconds)
    meter.flush()
    meter.flush()
    metrics.detector_seconds.labels("text.words").observe(90)
    meter.flush()
    today = datetime.now(UTC).date()
    ((_, found),) = store.tallies.detectors(today - timedelta(days=1), today)
    assert (found.calls, round(found.seconds, 3)) == (4, 90.304)
    assert {edge: count for edge, count in found.buckets.items() if count} == {0.005: 2, 0.5: 1, float("inf"): 1}


def test_detectors_of_several_processes_add_up(store: Store) -> None:
    one = DetectorTally(detector="a", calls=2, seconds=1.5, buckets={1.0: 2})
    for _ in range(3):
        store.tallies.note_detectors(_NOON.date(), [one])
    ((day, found),) = store.tallies.detectors(_NOON.date(), _NOON.date())
    assert (day, found.calls, found.seconds, dict(found.buckets)) == ("2026-03-10", 6, 4.5, {1.0: 6})
