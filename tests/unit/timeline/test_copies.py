"""Frames that resemble a sample's become copies only where they follow each other as in the sample."""

from __future__ import annotations

from evenhand.domain import Finding, Location, Source
from evenhand.timeline.copies import DETECTOR, copies


def match(moment: float, at: float, *, end: float | None = None, sample: int = 1, share: float = 0.05) -> Finding:
    """Make a match of one frame with one moment of a sample."""
    return Finding(
        label="known.black",
        score=0.35,
        location=Location(source=Source.FRAME, time=(moment, moment)),
        detector=DETECTOR,
        version="1",
        reason="resembles",
        library="ours",
        facts={
            "sample": sample,
            "sample_start": at,
            "sample_end": at if end is None else end,
            "sample_share": share,
        },
    )


def test_a_row_of_frames_in_order_is_a_copy_with_its_time_in_both() -> None:
    (one,) = copies([match(10 + t, 4 + t) for t in (0, 2, 4, 6)], interval=2)
    assert one.location.time == (10, 16)
    assert one.facts == {"sample": 1, "sample_start": 4, "sample_end": 10, "sample_share": 0.2}
    assert one.score == 1.0


def test_frames_alone_or_out_of_order_are_none() -> None:
    assert copies([match(10, 4), match(12, 6)], interval=2) == []
    assert copies([match(10, 40), match(12, 20), match(14, 31), match(16, 2)], interval=2) == []


def test_one_picture_that_stands_for_long_is_none() -> None:
    assert copies([match(t, 4.0, end=9.0) for t in range(4, 10)], interval=2) == []


def test_half_of_a_sample_that_hardly_moves_is_one() -> None:
    (one,) = copies([match(t, 0.0, end=9.0, share=0.6) for t in range(4, 10)], interval=2)
    assert one.location.time == (4, 9)


def test_two_copies_at_two_times_and_of_two_samples_are_apart() -> None:
    found = [match(t, t) for t in (0, 2, 4)] + [match(100 + t, t) for t in (0, 2, 4)]
    found += [match(t, 50 + t, sample=2) for t in (0, 2, 4)]
    made = copies(found, interval=2)
    assert sorted((one.location.time, (one.facts or {})["sample"]) for one in made) == [
        ((0, 4), 1),
        ((0, 4), 2),
        ((100, 104), 1),
    ]


def test_what_others_found_stays() -> None:
    other = Finding(
        label="sexual", score=0.9, location=Location(source=Source.FRAME), detector="d", version="1", reason="r"
    )
    assert copies([other, match(1, 1)], interval=2) == [other]
