"""How findings of a recording become incidents, and what they amount to together."""

from __future__ import annotations

import math

import pytest

from evenhand.domain import Finding, Location, Modality, Source
from evenhand.timeline import incidents
from evenhand.timeline.incidents import combined


def found(
    label: str,
    score: float,
    start: float,
    end: float | None = None,
    *,
    source: Source = Source.FRAME,
    library: str = "",
) -> Finding:
    """Make a finding."""
    return Finding(
        label=label,
        score=score,
        location=Location(source=source, time=(start, start if end is None else end)),
        detector="a.b",
        version="1",
        reason="",
        library=library or None,
    )


def spans(*findings: Finding, interval: float = 2.0) -> list[tuple[float, float, str]]:
    """Give start, end and label of each incident."""
    return [(one.start, one.end, one.label) for one in incidents(findings, interval=interval)]


def test_findings_near_each_other_are_one_incident_and_far_ones_are_not() -> None:
    near = [found("ads.qrcode", 0.9, 12.0), found("ads.link", 0.5, 14.4), found("ads.qrcode", 0.8, 16.9)]
    assert spans(*near, found("ads.qrcode", 0.7, 40, 42)) == [(12, 16.9, "ads.qrcode"), (40, 42, "ads.qrcode")]


def test_a_long_one_holds_what_falls_into_it() -> None:
    assert spans(found("hate", 0.5, 0, 60), found("hate.attack", 0.9, 30), found("hate", 0.4, 62)) == [
        (0, 62, "hate.attack")
    ]


def test_the_gap_grows_with_the_interval_of_looks() -> None:
    pair = (found("violence", 0.9, 0), found("violence", 0.9, 10))
    assert len(spans(*pair, interval=2)) == 2
    assert len(spans(*pair, interval=8)) == 1


def test_families_are_apart_and_libraries_too() -> None:
    apart = (
        found("violence.weapon", 0.9, 5),
        found("ads.contact", 0.9, 5),
        found("known.black", 0.9, 5, library="one"),
        found("known.black", 0.9, 5, library="two"),
    )
    assert len(spans(*apart)) == 4


def test_what_belongs_to_no_incident() -> None:
    cover = Finding(
        label="ads.qrcode", score=0.9, location=Location(source=Source.IMAGE), detector="a.b", version="1", reason=""
    )
    assert incidents([cover, found("face.smile", 0.9, 3), found("hate", 0.2, 3)], interval=2) == []


def test_seen_and_heard_is_one_incident_and_surer_than_either() -> None:
    (one,) = incidents(
        [found("violence.weapon", 0.6, 5), found("violence.weapon", 0.7, 6, 7, source=Source.AUDIO)], interval=2
    )
    assert one.modalities == (Modality.SEEN, Modality.HEARD)
    assert one.score == pytest.approx(1 - 0.4 * 0.3)
    assert (one.count, one.seconds, one.labels) == (2, 2, {"violence.weapon": 0.7})


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([(Modality.SEEN, 0.6, 1)], 0.6),
        ([(Modality.SEEN, 0.6, 4)], 1 - 0.4**1.2),
        ([(Modality.SEEN, 0.6, 10_000)], 1 - 0.4**1.4),
        ([(Modality.SAID, 0.6, 1), (Modality.CAPTIONED, 0.5, 1)], 0.6),
        ([(Modality.SEEN, 0.6, 1), (Modality.READ, 0.2, 1)], 0.6),
        ([(Modality.SEEN, 0.9, 1), (Modality.READ, 0.9, 1), (Modality.HEARD, 0.9, 1)], 0.995),
        ([(Modality.READ, 1.0, 1), (Modality.HEARD, 0.9, 1)], 1.0),
    ],
)
def test_scores_together(scores: list[tuple[Modality, float, int]], expected: float) -> None:
    assert combined(scores) == pytest.approx(expected)


def test_more_evidence_never_makes_less_sure() -> None:
    steps = [combined([(Modality.SEEN, 0.5, n), (Modality.HEARD, s / 10, 1)]) for s in range(10) for n in (1, 2, 9)]
    assert all(0.5 <= score <= 1 for score in steps)
    assert not any(math.isnan(score) for score in steps)


def test_several_findings_of_one_frame_are_one_moment() -> None:
    (one,) = incidents(
        [found("ads.qrcode", 0.9, 12.0), found("ads.link", 0.9, 12.0), found("ads", 0.9, 14)], interval=2
    )
    assert one.count == 2
    document = one.as_dict()
    assert document["modalities"] == ["seen"]
    assert len(document["findings"]) == 3  # type: ignore[arg-type]
