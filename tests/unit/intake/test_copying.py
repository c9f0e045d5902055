"""Matches of a stream's frames become one copy that grows, over windows and over more than what is kept."""

from __future__ import annotations

from evenhand.domain import Finding, Location, Source
from evenhand.intake.copying import Copies, supersedes
from evenhand.intake.tracker import Tracker
from evenhand.timeline.copies import DETECTOR


def match(moment: float, at: float, *, share: float = 0.01, sample: int = 1) -> Finding:
    """Make a match of one frame with one moment of a sample."""
    return Finding(
        label="known.black",
        score=0.35,
        location=Location(source=Source.FRAME, time=(moment, moment)),
        detector=DETECTOR,
        version="1",
        reason="resembles",
        library="ours",
        facts={"sample": sample, "sample_start": at, "sample_end": at, "sample_share": share},
    )


def other(moment: float) -> Finding:
    """Make a finding of another detector."""
    place = Location(source=Source.FRAME, time=(moment, moment))
    return Finding(label="violence.weapon", score=0.9, location=place, detector="image.weapon", version="1", reason="")


def test_what_others_found_is_passed_on_and_lone_frames_are_not() -> None:
    joined = Copies(interval=1)
    assert joined.take([other(3)]) == [other(3)]
    assert joined.take([match(4, 1)]) == []
    assert joined.take([match(5, 2), other(5)]) == [other(5)]


def test_a_copy_is_given_from_its_third_moment_on_and_grows() -> None:
    joined = Copies(interval=1)
    assert joined.take([match(10, 4), match(11, 5)]) == []
    (first,) = joined.take([match(12, 6), match(13, 7)])
    assert first.location.time == (10, 13)
    assert first.score == 1.0
    (second,) = joined.take([match(14, 8), match(15, 9)])
    assert second.location.time == (10, 15)
    assert second.facts == {"sample": 1, "sample_start": 4, "sample_end": 9, "sample_share": 0.06}
    assert supersedes(second, first)
    assert not supersedes(first, second)


def test_an_hour_long_copy_is_one_with_all_of_its_time() -> None:
    joined, tracker = Copies(interval=1), Tracker()
    for second in range(0, 3_000, 2):
        tracker.take(joined.take([match(50 + second, second, share=1 / 3_600), match(51 + second, second + 1)]))
    (one,) = tracker.open
    assert (one.start, one.end) == (50, 3_049)
    assert len(one.findings) == 1
    facts = one.findings[0].facts or {}
    assert (facts["sample_start"], facts["sample_end"]) == (0, 2_999)


def test_another_place_of_the_sample_and_a_later_time_are_copies_of_their_own() -> None:
    joined = Copies(interval=1)
    joined.take([match(10 + t, 4 + t) for t in range(4)])
    (jumped,) = joined.take([match(14 + t, 40 + t) for t in range(4)])
    assert jumped.location.time == (14, 17)
    (later,) = joined.take([match(60 + t, 4 + t) for t in range(4)])
    assert later.location.time == (60, 63)


def test_a_picture_that_stands_counts_for_as_long() -> None:
    joined = Copies(interval=1)
    still = match(10, 4, share=0.3)
    joined.take([still])
    joined.still(10, 14)
    (one,) = joined.take([match(15, 9, share=0.3)])
    assert one.location.time == (10, 15)


def test_matches_are_forgotten() -> None:
    joined = Copies(interval=1)
    joined.take([match(10, 4), match(11, 5)])
    assert joined.take([match(400, 394)]) == []
