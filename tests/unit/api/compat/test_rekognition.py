"""Rekognition's taxonomy, places of objects, text filters, signatures: what needs no server."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from evenhand.api.compat.aws_errors import AwsError
from evenhand.api.compat.aws_sigv4 import Signed, canonical_request, signature
from evenhand.api.compat.rekognition_input import stored
from evenhand.api.compat.rekognition_labels import MAPPING, PARENTS, level, moderations, picture_scores, vendors
from evenhand.api.compat.rekognition_text import Filters, detections, read_filters
from evenhand.api.compat.rekognition_video import moments, segments
from evenhand.domain import TAXONOMY, Action, Finding, Location, Mark, Result, Seen, Source, TextPart
from evenhand.settings import Settings


def finding(label: str, score: float, source: Source = Source.IMAGE) -> Finding:
    return Finding(
        label=label, score=score, location=Location(source=source), detector="test.detector", version="1", reason="test"
    )


def result(*findings: Finding, scores: dict[str, float] | None = None, words: tuple[TextPart, ...] = ()) -> Result:
    return Result(
        id=None,
        decision_id="d",
        action=Action.PASS,
        labels={},
        findings=findings,
        rule=None,
        reason="",
        incomplete={},
        policy="p@1/default",
        models={},
        content_hash="sha256:0",
        kind="image",
        seen=Seen(size=(200, 100), scores=scores or {}, words=words),
    )


@pytest.mark.parametrize(
    ("label", "name", "depth"),
    [
        ("sexual.explicit", "Explicit", 1),
        ("sexual.nudity", "Explicit Nudity", 2),
        ("sexual.suggestive", "Non-Explicit Nudity", 2),
        ("violence.weapon", "Weapons", 2),
        ("violence.weapon.knife", "Weapons", 2),
        ("violence.graphic", "Blood & Gore", 3),
        ("violence.fight", "Physical Violence", 3),
        ("self_harm", "Self-Harm", 3),
        ("extremism.symbol", "Hate Symbols", 1),
        ("contraband.drugs", "Drugs & Tobacco", 1),
        ("contraband.gambling", "Gambling", 1),
        ("known.black", "Known Content", 1),
    ],
)
def test_labels_lead_into_the_taxonomy(label: str, name: str, depth: int) -> None:
    assert (vendors(label), level(name)) == (name, depth)


@pytest.mark.parametrize("label", ["politics", "face.present", "face.smile", "ads.qrcode", "spam.scam", "known.white"])
def test_labels_that_the_vendor_has_no_word_for(label: str) -> None:
    assert vendors(label) is None


def test_the_mapping_is_of_labels_that_there_are() -> None:
    assert set(MAPPING) <= set(TAXONOMY)
    assert set(MAPPING.values()) - {""} <= set(PARENTS)
    assert {parent for parent in PARENTS.values() if parent} <= set(PARENTS)


def test_a_general_label_is_as_sure_as_the_surest_below_it() -> None:
    rows = [one.as_dict() for one in moderations({"violence.graphic": 0.6, "violence.weapon": 0.9, "politics": 1.0})]
    assert [(row["Name"], row["ParentName"], row["TaxonomyLevel"], row["Confidence"]) for row in rows] == [
        ("Violence", "", 1, 90.0),
        ("Weapons", "Violence", 2, 90.0),
        ("Graphic Violence", "Violence", 2, 60.0),
        ("Blood & Gore", "Graphic Violence", 3, 60.0),
    ]


def test_words_in_a_picture_do_not_count_and_no_doubt_is_raised_to_a_finding() -> None:
    seen = result(
        finding("violence.weapon", 0.7),
        finding("sexual.explicit", 0.9, Source.OCR),
        scores={"violence.weapon": 0.6, "extremism.symbol": 0.6, "sexual.nudity": 0.2},
    )
    assert picture_scores(seen) == {"violence.weapon": 0.7, "extremism.symbol": 0.4999, "sexual.nudity": 0.2}


def test_objects_stay_in_their_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"x")
    (tmp_path / "out.png").write_bytes(b"x")
    (tmp_path / "in" / "sub").symlink_to(tmp_path)
    settings = Settings(s3_buckets={"uploads": str(tmp_path / "in"), "gone": str(tmp_path / "gone")})
    assert stored({"Bucket": "uploads", "Name": "a.png"}, settings) == (tmp_path / "in" / "a.png").resolve()
    for bucket, name in (
        ("uploads", "../out.png"),
        ("uploads", "sub/out.png"),
        ("uploads", str(tmp_path / "out.png")),
        ("uploads", "in/./a.png"),
        ("uploads", "a.png/"),
        ("gone", "a.png"),
        ("none", "a.png"),
    ):
        with pytest.raises(AwsError) as caught:
            stored({"Bucket": bucket, "Name": name}, settings)
        assert caught.value.kind == "InvalidS3ObjectException"


def chinese() -> TextPart:
    """Give two lines, read letter by letter."""
    marks = [Mark(start=i, end=i + 1, box=(10.0 * i, 0.0, 10.0 * i + 10, 10.0), score=0.9) for i in range(4)]
    marks += [
        Mark(start=i, end=i + 1, box=(10.0 * (i - 5), 50.0, 10.0 * (i - 5) + 10, 60.0), score=0.5) for i in (5, 6, 8)
    ]
    return TextPart(text="今天天气\n很好 吗", origin=Location(source=Source.OCR), marks=tuple(marks))


def test_letters_without_spaces_are_one_word() -> None:
    found = detections(result(words=(chinese(),)), read_filters({}))
    assert [(one["Type"], one["DetectedText"], one.get("ParentId")) for one in found] == [
        ("LINE", "今天天气", None),
        ("LINE", "很好 吗", None),
        ("WORD", "今天天气", 0),
        ("WORD", "很好", 1),
        ("WORD", "吗", 1),
    ]
    assert found[2]["Geometry"]["BoundingBox"] == {"Width": 0.2, "Height": 0.1, "Left": 0.0, "Top": 0.0}
    assert found[2]["Confidence"] == pytest.approx(90)


def test_what_was_read_from_codes_is_no_text_in_the_picture() -> None:
    code = TextPart(text="https://example.org", origin=Location(source=Source.CODE))
    assert detections(result(words=(code,)), read_filters({})) == []


def test_regions_may_be_polygons() -> None:
    triangle = ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4))
    filters = Filters(confidence=0, height=0, width=0, regions=(triangle,))
    found = detections(result(words=(chinese(),)), filters)
    assert [one["DetectedText"] for one in found] == ["今天天气", "今天天气"]
    assert read_filters({"Filters": {"WordFilter": {"MinConfidence": 60}}}).confidence == 60


def test_moments_are_joined_to_segments() -> None:
    def at(start: float, score: float) -> dict[str, object]:
        place = {"source": "frame", "time": [start, start + 1]}
        return {"label": "violence.weapon", "score": score, "location": place}

    spoken = {"label": "sexual.explicit", "score": 1.0, "location": {"source": "speech", "time": [0, 1]}}
    found = moments([at(0, 0.6), at(2, 0.9), at(10, 0.7), at(20, 0.4), spoken], least=50)
    assert sorted({(one.start, one.label.name) for one in found}) == [
        (start, name) for start in (0, 2000, 10_000) for name in ("Violence", "Weapons")
    ]
    weapons = [one for one in segments(found, gap_ms=3000) if one.label.name == "Weapons"]
    assert [(one.start, one.end, one.label.score) for one in weapons] == [(0, 3000, 0.9), (10_000, 11_000, 0.7)]


# The worked example of the vendor's documentation: GET ListUsers of IAM.
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def test_the_vendors_worked_example_of_a_signature() -> None:
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"Action=ListUsers&Version=2010-05-08",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    canonical = canonical_request(
        request, tuple(headers), host="iam.amazonaws.com", digest=hashlib.sha256(b"").hexdigest()
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    signed = Signed(
        access_id="AKIDEXAMPLE",
        day="20150830",
        region="us-east-1",
        service="iam",
        headers=tuple(headers),
        signature="",
        moment=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
        date="20150830T123600Z",
    )
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert signature(EXAMPLE_SECRET, signed, canonical) == expected


def test_the_page_says_what_leads_where() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "dialects.md").read_text("utf-8")
    table = page.split("## AWS Rekognition", 1)[1].split("### Faces", 1)[0]
    for label, name in MAPPING.items():
        row = next(line for line in table.splitlines() if f"`{label}`" in line and line.startswith("|"))
        assert name in row
