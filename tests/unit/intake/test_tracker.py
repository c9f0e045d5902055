"""Incidents open, grow and close; each is one, whatever the windows."""

from __future__ import annotations

import json
from dataclasses import replace

from evenhand.domain import Finding, Location, Source
from evenhand.intake.tracker import Open, Tracker


def found(label: str, begin: float, end: float, *, score: float = 0.9, source: Source = Source.FRAME) -> Finding:
    place = Location(source=source, time=(begin, end), box=(1.0, 2.0, 3.0, 4.0))
    return Finding(label=label, score=score, location=place, detector="test", version="1", reason="because")


def test_windows_of_one_incident_are_one_incident() -> None:
    tracker = Tracker()
    ids = set()
    for second in range(0, 60, 2):
        (one,) = tracker.take([found("violence.weapon", second, second + 1)])
        ids.add(one.id)
    assert len(ids) == 1
    assert (tracker.open[0].start, tracker.open[0].end) == (0, 59)
    assert tracker.open[0].incident().score >= 0.9
    assert tracker.close(40) == []
    (over,) = tracker.close(60)
    assert (over.start, over.end) == (0, 59)
    assert not tracker.open


def test_what_is_far_apart_or_of_another_kind_is_another() -> None:
    tracker = Tracker()
    tracker.take([found("violence.weapon", 0, 1), found("violence.threat", 2, 3, source=Source.SPEECH)])
    assert len(tracker.open) == 1
    tracker.take([found("ads.qrcode", 1, 2), found("violence.weapon", 30, 31)])
    assert sorted(one.key for one in tracker.open) == ["ads", "violence", "violence"]


def test_sound_that_is_judged_late_joins_what_was_seen() -> None:
    tracker = Tracker()
    (seen,) = tracker.take([found("violence.weapon", 20, 21)])
    (heard,) = tracker.take([found("violence.gunshot", 18.5, 19.0, source=Source.AUDIO)])
    assert heard.id == seen.id
    assert heard.start == 18.5


def test_what_is_no_harm_or_too_weak_opens_nothing() -> None:
    tracker = Tracker()
    untimed = replace(found("ads.qrcode", 0, 1), location=Location(source=Source.FRAME))
    assert tracker.take([found("face.glasses", 0, 1), found("ads.qrcode", 0, 1, score=0.1), untimed]) == []


def test_a_picture_that_stands_makes_its_incident_longer() -> None:
    tracker = Tracker()
    tracker.take([found("ads.qrcode", 5, 6, source=Source.CODE)])
    tracker.still(5, 9)
    assert tracker.open[0].end == 9
    tracker.still(100, 110)
    assert tracker.open[0].end == 9


def test_memory_is_bounded_and_the_strongest_stays() -> None:
    tracker = Tracker()
    tracker.take([found("ads.link", 0, 1, score=0.99)])
    for second in range(1, 3_000):
        tracker.take([found("ads.qrcode", second, second + 1, score=0.5)])
    (one,) = tracker.open
    assert len(one.findings) <= 48
    assert {finding.label for finding in one.findings} == {"ads.link", "ads.qrcode"}
    assert one.incident().labels["ads.link"] == 0.99


def test_it_survives_json() -> None:
    tracker = Tracker()
    (one,) = tracker.take([found("ads.qrcode", 5, 6, source=Source.CODE)])
    one.told, one.shown = "review", ("ads.qrcode", "read")
    back = Open.from_dict(json.loads(json.dumps(one.as_dict())))
    assert back == one
