"""Rekognition's picture calls with boto3 over a real server: answers, limits, errors as boto3 types them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.detectors import drawings
from evenhand.domain import ImagePart
from tests.compat import compared, fifty_at_once
from tests.rekognition import HEAVY, Served, encoded, png, rekognition

pytest.importorskip("boto3", reason="boto3 is a test dependency")
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with rekognition(tmp_path_factory.mktemp("rekognition")) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    return served.client()


def known() -> bytes:
    """Give a picture that the server's library holds, as a weapon."""
    return png(drawings.landscape())


def test_a_label_comes_with_all_above_it(client: Any) -> None:
    answer = client.detect_moderation_labels(Image={"Bytes": known()})
    rows = [(one["Name"], one["ParentName"], one["TaxonomyLevel"]) for one in answer["ModerationLabels"]]
    assert rows == [("Violence", "", 1), ("Weapons", "Violence", 2)]
    assert {one["Confidence"] for one in answer["ModerationLabels"]} == {100.0}
    assert (answer["ModerationModelVersion"], answer["ContentTypes"]) == ("7.0", [])
    assert answer["ResponseMetadata"]["RequestId"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-request-id"]


def test_harmless_pictures_have_no_labels_until_low_scores_are_asked_for(client: Any) -> None:
    image = {"Bytes": encoded(drawings.face(), "JPEG")}
    assert client.detect_moderation_labels(Image=image)["ModerationLabels"] == []
    low = client.detect_moderation_labels(Image=image, MinConfidence=0)["ModerationLabels"]
    assert {one["TaxonomyLevel"] for one in low} == {1, 2, 3}
    by_name = {one["Name"]: one for one in low}
    assert all(0 < one["Confidence"] < 50 for one in low)
    assert all(by_name[one["ParentName"]]["Confidence"] >= one["Confidence"] for one in low if one["ParentName"])
    assert client.detect_moderation_labels(Image=image, MinConfidence=100)["ModerationLabels"] == []


def test_what_is_on_the_operators_list_never_reads_as_clean(client: Any) -> None:
    (label,) = client.detect_moderation_labels(Image={"Bytes": png(drawings.dog())})["ModerationLabels"]
    assert (label["Name"], label["TaxonomyLevel"], label["Confidence"]) == ("Known Content", 1, 100.0)


def test_the_decision_is_recorded_and_named_in_a_header(served: Served, client: Any) -> None:
    answer = client.detect_moderation_labels(Image={"Bytes": known()})
    decision_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-decision-id"]
    decision = served.http.get(f"/v1/decisions/{decision_id}").json()
    assert decision["decision_id"] == decision_id
    assert decision["labels"]["violence.weapon"] == 1.0


def test_faces_with_glasses_and_a_smile(client: Any) -> None:
    image = {"Bytes": png(drawings.face(smile=True, eyewear="glasses"))}
    (face,) = client.detect_faces(Image=image, Attributes=["ALL"])["FaceDetails"]
    assert face["Smile"]["Value"]
    assert face["Eyeglasses"]["Value"]
    assert not face["Sunglasses"]["Value"]
    assert all(50 <= face[name]["Confidence"] <= 100 for name in ("Smile", "Eyeglasses", "Sunglasses"))
    assert not face["FaceOccluded"]["Value"]
    box = face["BoundingBox"]
    assert 0.2 < box["Width"] < 1
    assert 0.3 < box["Left"] + box["Width"] / 2 < 0.7
    assert 0.3 < box["Top"] + box["Height"] / 2 < 0.7
    assert face["Confidence"] > 50
    assert all(abs(face["Pose"][name]) < 30 for name in ("Roll", "Yaw", "Pitch"))
    assert 0 <= face["Quality"]["Sharpness"] <= 100
    assert not {"AgeRange", "Gender", "Emotions", "Beard", "Mustache", "Landmarks", "EyesOpen"} & set(face)
    (plain,) = client.detect_faces(Image=image)["FaceDetails"]
    assert set(plain) == {"BoundingBox", "Confidence", "Pose", "Quality"}
    (one,) = client.detect_faces(Image=image, Attributes=["SUNGLASSES", "DEFAULT"])["FaceDetails"]
    assert set(one) - set(plain) == {"Sunglasses"}
    assert client.detect_faces(Image={"Bytes": png(drawings.landscape())})["FaceDetails"] == []


def test_boxes_are_shares_of_the_picture_also_when_it_is_shrunk(client: Any) -> None:
    small = drawings.face()
    large = ImagePart(image=small.image.resize((small.image.width * 16, small.image.height * 16)))
    boxes = []
    for part in (small, large):
        (face,) = client.detect_faces(Image={"Bytes": encoded(part, "JPEG", quality=60)})["FaceDetails"]
        boxes.append(face["BoundingBox"])
    assert boxes[0] == pytest.approx(boxes[1], abs=0.03)


@pytest.mark.parametrize("name", ["AGE_RANGE", "GENDER", "EMOTIONS", "BEARD", "MUSTACHE"])
def test_what_a_person_is_or_feels_is_refused_by_name(client: Any, name: str) -> None:
    with pytest.raises(client.exceptions.AccessDeniedException, match=f"{name}: evenhand says of faces"):
        client.detect_faces(Image={"Bytes": png(drawings.face())}, Attributes=["SMILE", name])


@pytest.mark.parametrize("name", ["EYES_OPEN", "MOUTH_OPEN", "EYE_DIRECTION", "HAIR"])
def test_what_is_not_looked_at_is_refused_by_name(client: Any, name: str) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match=name):
        client.detect_faces(Image={"Bytes": png(drawings.face())}, Attributes=[name])


def test_text_by_lines_and_words(client: Any) -> None:
    found = client.detect_text(Image={"Bytes": png(drawings.notice())})["TextDetections"]
    lines = [one for one in found if one["Type"] == "LINE"]
    words = [one for one in found if one["Type"] == "WORD"]
    assert [line["DetectedText"] for line in lines] == ["Library", "Monday to Friday 9 to 5", "Please close the door"]
    assert [one["Id"] for one in found] == list(range(len(found)))
    assert [word["DetectedText"] for word in words if word["ParentId"] == 1] == [
        "Monday",
        "to",
        "Friday",
        "9",
        "to",
        "5",
    ]
    assert all("ParentId" not in line for line in lines)
    assert all(50 <= one["Confidence"] <= 100 for one in found)
    tops = [line["Geometry"]["BoundingBox"]["Top"] for line in lines]
    assert tops == sorted(tops)
    corner = lines[0]["Geometry"]["Polygon"][0]
    box = lines[0]["Geometry"]["BoundingBox"]
    assert (corner["X"], corner["Y"]) == (box["Left"], box["Top"])
    assert box["Left"] == pytest.approx(24 / 420, abs=0.02)


def test_text_in_regions_and_of_a_size(client: Any) -> None:
    image = {"Bytes": png(drawings.notice())}

    def lines(**filters: Any) -> list[str]:
        found = client.detect_text(Image=image, Filters=filters)["TextDetections"]
        return [one["DetectedText"] for one in found if one["Type"] == "LINE"]

    top = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 1, "Height": 0.35}}
    assert lines(RegionsOfInterest=[top]) == ["Library"]
    corners = [{"X": x, "Y": y} for x, y in ((0.0, 0.65), (1.0, 0.65), (1.0, 1.0), (0.0, 1.0))]
    assert lines(RegionsOfInterest=[top, {"Polygon": corners}]) == ["Library", "Please close the door"]
    assert lines(WordFilter={"MinConfidence": 100}) == []
    assert lines(WordFilter={"MinBoundingBoxHeight": 0.9}) == []
    wide = lines(WordFilter={"MinBoundingBoxWidth": 0.12})
    assert "Library" in wide
    assert "Friday" in " ".join(wide)
    assert " to " not in " ".join(wide)
    assert client.detect_text(Image={"Bytes": png(drawings.warm_gradient())})["TextDetections"] == []


def test_pictures_in_buckets_are_files_of_a_folder(served: Served, client: Any) -> None:
    (served.bucket / "Müller 上海").mkdir(exist_ok=True)
    (served.bucket / "Müller 上海" / "знак.png").write_bytes(known())
    place = {"Bucket": "uploads", "Name": "Müller 上海/знак.png"}
    answer = client.detect_moderation_labels(Image={"S3Object": place})
    assert [one["Name"] for one in answer["ModerationLabels"]] == ["Violence", "Weapons"]


def test_nothing_outside_the_folder_is_read(served: Served, client: Any) -> None:
    outside = served.bucket.parent / "outside.png"
    outside.write_bytes(known())
    link = served.bucket / "link.png"
    if not link.is_symlink():
        link.symlink_to(outside)
        os.mkfifo(served.bucket / "pipe.png")
        (served.bucket / "loop").symlink_to(served.bucket / "loop")
    names = [
        "../outside.png",
        str(outside),
        "a/../../outside.png",
        "link.png",
        "pipe.png",
        "loop",
        "none.png",
        ".",
        "a//b",
    ]
    names += ["..\\outside.png", "x" * 1000, "a\x00b"]
    for name in names:
        with pytest.raises(client.exceptions.InvalidS3ObjectException, match="Unable to get object metadata") as caught:
            client.detect_moderation_labels(Image={"S3Object": {"Bucket": "uploads", "Name": name}})
        assert str(served.bucket) not in str(caught.value)
    for place in ({"Bucket": "other", "Name": "a.png"}, {"Bucket": "uploads", "Name": "link.png", "Version": "1"}):
        with pytest.raises(client.exceptions.InvalidS3ObjectException):
            client.detect_faces(Image={"S3Object": place})


def test_limits_on_pictures(served: Served, client: Any) -> None:
    errors = client.exceptions
    noise = ImagePart(image=_noise(1800, 1000))
    large = encoded(noise, "PNG")
    assert 5 * 2**20 < len(large) < 15 * 2**20
    with pytest.raises(errors.ImageTooLargeException, match="over 5242880 bytes"):
        client.detect_moderation_labels(Image={"Bytes": large})
    (served.bucket / "large.png").write_bytes(large)
    place = {"Bucket": "uploads", "Name": "large.png"}
    assert client.detect_faces(Image={"S3Object": place})["FaceDetails"] == []
    (served.bucket / "huge.png").write_bytes(large + bytes(15 * 2**20))
    with pytest.raises(errors.ImageTooLargeException, match="over 15728640 bytes"):
        client.detect_faces(Image={"S3Object": {"Bucket": "uploads", "Name": "huge.png"}})
    with pytest.raises(errors.ImageTooLargeException, match="10001 x 100 exceed maximum dimension size"):
        client.detect_moderation_labels(Image={"Bytes": png(_plain(10_001, 100))})
    with pytest.raises(errors.InvalidParameterException, match="79 x 300 pixels"):
        client.detect_moderation_labels(Image={"Bytes": png(_plain(79, 300))})
    for wrong in (
        encoded(drawings.dog(), "GIF"),
        encoded(drawings.dog(), "WEBP"),
        encoded(drawings.dog(), "BMP"),
        b"plain text",
        known()[:200],
        known()[:-40],
        encoded(drawings.dog(), "JPEG")[:300],
    ):
        for call in (client.detect_moderation_labels, client.detect_faces, client.detect_text):
            with pytest.raises(errors.InvalidImageFormatException):
                call(Image={"Bytes": wrong})


def test_parameters_that_boto3_does_not_check(client: Any) -> None:
    image = {"Bytes": known()}
    wrong: list[dict[str, Any]] = [
        {"Image": image, "MinConfidence": 101},
        {"Image": {}},
        {"Image": {**image, "S3Object": {"Bucket": "uploads", "Name": "a"}}},
        {"Image": {"S3Object": {"Bucket": "u" * 300, "Name": "a"}}},
        {"Image": {"S3Object": {"Bucket": "uploads"}}},
        {"Image": {"S3Object": {"Bucket": "up loads", "Name": "a"}}},
        {"Image": {"S3Object": {"Bucket": "uploads", "Name": "a" * 1025}}},
    ]
    for request in wrong:
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.detect_moderation_labels(**request)
    regions: list[Any] = [{"BoundingBox": {"Left": 0, "Top": 0, "Width": 1, "Height": 1}}] * 11
    filters: dict[str, Any]
    for filters in (
        {"RegionsOfInterest": regions},
        {"RegionsOfInterest": [{}]},
        {"RegionsOfInterest": [{"Polygon": [{"X": 0, "Y": 0}]}]},
        {"WordFilter": {"MinConfidence": 101}},
        {"WordFilter": {"MinBoundingBoxWidth": 2}},
    ):
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.detect_text(Image=image, Filters=filters)


def test_adapters_are_refused(client: Any) -> None:
    adapter = "arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1"
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="no adapters"):
        client.detect_moderation_labels(Image={"Bytes": known()}, ProjectVersion=adapter)


IDENTITY: dict[str, dict[str, Any]] = {
    "compare_faces": {"SourceImage": {"Bytes": b"x"}, "TargetImage": {"Bytes": b"x"}},
    "search_faces": {"CollectionId": "c", "FaceId": "11111111-1111-1111-1111-111111111111"},
    "search_faces_by_image": {"CollectionId": "c", "Image": {"Bytes": b"x"}},
    "index_faces": {"CollectionId": "c", "Image": {"Bytes": b"x"}},
    "create_collection": {"CollectionId": "c"},
    "list_collections": {},
    "recognize_celebrities": {"Image": {"Bytes": b"x"}},
    "start_celebrity_recognition": {"Video": {"S3Object": {"Bucket": "uploads", "Name": "v"}}},
    "start_face_search": {"Video": {"S3Object": {"Bucket": "uploads", "Name": "v"}}, "CollectionId": "c"},
    "start_person_tracking": {"Video": {"S3Object": {"Bucket": "uploads", "Name": "v"}}},
    "create_user": {"CollectionId": "c", "UserId": "u"},
    "search_users_by_image": {"CollectionId": "c", "Image": {"Bytes": b"x"}},
}


@pytest.mark.parametrize("name", sorted(IDENTITY))
def test_who_somebody_is_is_never_answered(client: Any, name: str) -> None:
    with pytest.raises(ClientError, match="evenhand never finds out who a person is") as caught:
        getattr(client, name)(**IDENTITY[name])
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("name", ["detect_protective_equipment", "detect_labels"])
def test_other_operations_are_unknown(client: Any, name: str) -> None:
    with pytest.raises(ClientError, match=r"there are .*DetectModerationLabels") as caught:
        getattr(client, name)(Image={"Bytes": known()})
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_fifty_callers_at_a_time(tmp_path: Path) -> None:
    pictures = [known(), png(drawings.notice())]
    with rekognition(tmp_path, disabled_detectors=HEAVY) as served:
        client = served.client(config={"max_pool_connections": 50})

        def ask(number: int) -> list[str]:
            answer = client.detect_moderation_labels(Image={"Bytes": pictures[number % 2]})
            return [one["Name"] for one in answer["ModerationLabels"]]

        answers = fifty_at_once(ask, 200)
    assert answers == [["Violence", "Weapons"], []] * 100


def test_too_many_requests(tmp_path: Path) -> None:
    with rekognition(tmp_path, rate_limit=2, disabled_detectors=HEAVY) as served:
        client = served.client()
        for _ in range(2):
            client.detect_moderation_labels(Image={"Bytes": known()})
        with pytest.raises(
            client.exceptions.ProvisionedThroughputExceededException, match="requests a minute"
        ) as caught:
            client.detect_moderation_labels(Image={"Bytes": known()})
        assert int(caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) > 0


@pytest.mark.parametrize("mode", ["error", "worst"])  # the vendor has an error for it, so the setting changes nothing
def test_a_detector_that_did_not_answer_never_reads_as_clean(tmp_path: Path, mode: str) -> None:
    with rekognition(tmp_path, detector_timeout_s=0.001, dialect_incomplete=mode) as served:
        client = served.client()
        image = {"Bytes": png(drawings.notice())}
        for call in (client.detect_moderation_labels, client.detect_faces, client.detect_text):
            with pytest.raises(client.exceptions.InternalServerError, match="Not all that the answer rests on"):
                call(Image=image)


def test_what_is_switched_off_is_said(tmp_path: Path) -> None:
    with rekognition(tmp_path, disabled_detectors=("text.harm", "image.face", "image.ocr")) as served:
        client = served.client()
        for call in (client.detect_faces, client.detect_text):
            with pytest.raises(client.exceptions.AccessDeniedException, match="switched off"):
                call(Image={"Bytes": known()})


def test_shadow_mode_asks_the_old_vendor_with_its_own_keys(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    with rekognition(tmp_path / "old", disabled_detectors=HEAVY) as old:
        shadow: dict[str, Any] = {
            "shadow_urls": {"rekognition": old.address},
            "shadow_keys": {"rekognition": f"{old.pair.access_id}:{old.pair.secret}"},
            "data_dir": tmp_path / "new",
        }
        with rekognition(tmp_path / "new", disabled_detectors=HEAVY, **shadow) as served:
            answer = served.client().detect_moderation_labels(Image={"Bytes": known()}, MinConfidence=60)
            (row,) = compared(tmp_path / "new" / "shadow.jsonl", 1)
    assert row["decision_id"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-decision-id"]
    assert row["scores"]["Weapons"] == row["scores"]["Violence"] == [1.0, 1.0]
    assert row["scores"]["Explicit"] == [0.0, 0.0]
    assert old.pair.secret not in json.dumps(row)


def _noise(width: int, height: int) -> Any:
    from PIL import Image

    return Image.frombytes("RGB", (width, height), os.urandom(3 * width * height))


def _plain(width: int, height: int) -> ImagePart:
    from PIL import Image

    return ImagePart(image=Image.new("RGB", (width, height), "white"))
