"""Videos of buckets with boto3: jobs that are started once, states, pages, order, segments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from evenhand.detectors import drawings
from tests.rekognition import HEAVY, Served, rekognition

pytest.importorskip("boto3", reason="boto3 is a test dependency")
pytest.importorskip("av", reason="PyAV writes the test videos")
pytest.importorskip("dbos", reason="jobs need the extra")
from tests.recordings import landscape, sound, tone, video

MOST = 5_000_000  # bytes of a video
PLACE = {"S3Object": {"Bucket": "uploads", "Name": "ünter/clip.mp4"}}


def scene(moment: float) -> Image.Image:
    """Show the picture that the library knows as a weapon twice, from 2 to 6 and from 12 seconds to the end."""
    if 2 <= moment < 6 or moment >= 12:
        return drawings.landscape().image
    return landscape(moment, (480, 320))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("videos")
    settings: dict[str, Any] = {
        "disabled_detectors": (*HEAVY, "audio.speech"),
        "blobs": folder / "blobs",
        "data_dir": folder,
    }
    settings["max_job_bytes"] = MOST
    with rekognition(folder, work=True, **settings) as running:
        (running.bucket / "ünter").mkdir()
        (running.bucket / "ünter" / "clip.mp4").write_bytes(video(scene, seconds=16, fps=5))
        (running.bucket / "sound.wav").write_bytes(sound(tone(2.0)))
        (running.bucket / "text.txt").write_text("no video")
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    return served.client()


@pytest.fixture(scope="module")
def done(client: Any) -> str:
    """Give the id of a job that is done."""
    job_id: str = client.start_content_moderation(Video=PLACE, JobTag="tag-1", ClientRequestToken="once")["JobId"]
    assert ended(client, job_id)["JobStatus"] == "SUCCEEDED"
    return job_id


def ended(client: Any, job_id: str) -> Any:
    """Wait until a job has ended; give the answer."""
    for _ in range(1200):
        answer = client.get_content_moderation(JobId=job_id)
        if answer["JobStatus"] != "IN_PROGRESS":
            return answer
        assert answer["ModerationLabels"] == []
        time.sleep(0.25)
    raise AssertionError("the job did not end")


def test_labels_with_their_moments(served: Served, client: Any, done: str) -> None:
    answer = client.get_content_moderation(JobId=done)
    assert (answer["JobId"], answer["JobTag"], answer["Video"]) == (done, "tag-1", PLACE)
    assert answer["ModerationModelVersion"] == "7.0"
    assert answer["GetRequestMetadata"] == {"SortBy": "TIMESTAMP", "AggregateBy": "TIMESTAMPS"}
    meta = answer["VideoMetadata"]
    assert (meta["Codec"], meta["FrameWidth"], meta["FrameHeight"], meta["Format"]) == ("h264", 480, 320, "video/mp4")
    assert meta["DurationMillis"] == pytest.approx(16_000, abs=300)
    assert meta["FrameRate"] == pytest.approx(5, abs=0.3)
    rows = answer["ModerationLabels"]
    stamps = [row["Timestamp"] for row in rows]
    assert stamps == sorted(stamps)
    names = {row["ModerationLabel"]["Name"] for row in rows}
    assert names == {"Violence", "Weapons"}
    weapons = [row["Timestamp"] for row in rows if row["ModerationLabel"]["Name"] == "Weapons"]
    assert weapons
    assert all(1_700 <= stamp <= 6_300 or stamp >= 11_700 for stamp in weapons)
    assert all(row["ModerationLabel"]["Confidence"] >= 50 for row in rows)
    assert "StartTimestampMillis" not in rows[0]
    decision_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-decision-id"]
    assert served.http.get(f"/v1/decisions/{decision_id}").json()["kind"] == "video"


def test_pages_of_every_size_hold_all_labels_once(client: Any, done: str) -> None:
    for order in ({}, {"SortBy": "NAME"}, {"AggregateBy": "SEGMENTS"}):
        whole = client.get_content_moderation(JobId=done, **order)["ModerationLabels"]
        for size in (1, 2, len(whole)):
            pages: list[Any] = []
            token: dict[str, str] = {}
            while True:
                page = client.get_content_moderation(JobId=done, MaxResults=size, **order, **token)
                assert len(page["ModerationLabels"]) <= size
                pages += page["ModerationLabels"]
                if "NextToken" not in page:
                    break
                token = {"NextToken": page["NextToken"]}
            assert pages == whole


def test_by_name_and_by_segment(client: Any, done: str) -> None:
    by_name = client.get_content_moderation(JobId=done, SortBy="NAME")["ModerationLabels"]
    names = [row["ModerationLabel"]["Name"] for row in by_name]
    assert names == sorted(names)
    joined = client.get_content_moderation(JobId=done, AggregateBy="SEGMENTS")["ModerationLabels"]
    assert [row["ModerationLabel"]["Name"] for row in joined] == ["Violence", "Weapons"] * 2
    assert joined[0]["EndTimestampMillis"] <= 9_000 < joined[2]["StartTimestampMillis"]
    for row in joined:
        assert row["DurationMillis"] == row["EndTimestampMillis"] - row["StartTimestampMillis"] >= 0
        assert row["Timestamp"] == row["StartTimestampMillis"]


def test_a_token_starts_one_job_and_no_other(client: Any, done: str) -> None:
    again = client.start_content_moderation(Video=PLACE, JobTag="tag-1", ClientRequestToken="once")
    assert again["JobId"] == done
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.start_content_moderation(Video=PLACE, JobTag="tag-2", ClientRequestToken="once")


def test_tokens_of_pages_belong_to_their_question(client: Any, done: str) -> None:
    token = client.get_content_moderation(JobId=done, MaxResults=1)["NextToken"]
    for wrong in (
        {"NextToken": token, "SortBy": "NAME"},
        {"NextToken": "x"},
        {"NextToken": "W10="},
        {"NextToken": "ü"},
    ):
        with pytest.raises(client.exceptions.InvalidPaginationTokenException):
            client.get_content_moderation(JobId=done, **wrong)


def test_a_higher_confidence_leaves_out_what_is_less_sure(client: Any) -> None:
    low = client.start_content_moderation(Video=PLACE)["JobId"]
    high = client.start_content_moderation(Video=PLACE, MinConfidence=100)["JobId"]
    assert low != high
    assert len(ended(client, low)["ModerationLabels"]) > len(ended(client, high)["ModerationLabels"])


@pytest.mark.parametrize(
    ("name", "message"), [("text.txt", "the file is no video and no sound"), ("sound.wav", "No detector")]
)
def test_what_is_no_video_fails_with_a_reason(client: Any, name: str, message: str) -> None:
    started = client.start_content_moderation(Video={"S3Object": {"Bucket": "uploads", "Name": name}})
    answer = ended(client, started["JobId"])
    assert answer["JobStatus"] == "FAILED"
    assert message in answer["StatusMessage"]
    assert "/" not in answer["StatusMessage"]


def test_jobs_of_others_are_not_there(served: Served, client: Any, done: str) -> None:
    from evenhand.store import open_store
    from tests.compat import with_model

    store = open_store(settings=with_model(served.bucket.parent))
    pair = store.dialect_keys.create("other", dialect="rekognition")
    store.close()
    other = served.client(aws_access_key_id=pair.access_id, aws_secret_access_key=pair.secret)
    for job_id in (done, "no-such-job", "x" * 64):
        with pytest.raises(other.exceptions.ResourceNotFoundException, match="Could not find JobId"):
            other.get_content_moderation(JobId=job_id)
    native = served.http.get("/v1/jobs").json()["jobs"]
    assert done in {job["id"] for job in native}


def test_requests_that_cannot_be_used(client: Any, done: str) -> None:
    errors = client.exceptions
    arn, role = "arn:aws:sns:us-east-1:123456789012:topic", "arn:aws:iam::123456789012:role/r"
    with pytest.raises(errors.InvalidParameterException, match="webhook"):
        client.start_content_moderation(Video=PLACE, NotificationChannel={"SNSTopicArn": arn, "RoleArn": role})
    for more in ({"MinConfidence": 101}, {"JobTag": "no spaces"}, {"ClientRequestToken": "no/slash"}):
        with pytest.raises(errors.InvalidParameterException):
            client.start_content_moderation(Video=PLACE, **more)
    with pytest.raises(errors.InvalidParameterException):
        client.start_content_moderation(Video={})
    for name in ("../test.db", "none.mp4", "ünter"):
        with pytest.raises(errors.InvalidS3ObjectException):
            client.start_content_moderation(Video={"S3Object": {"Bucket": "uploads", "Name": name}})
    for more in ({"SortBy": "SIZE"}, {"AggregateBy": "WORDS"}):
        with pytest.raises(errors.InvalidParameterException):
            client.get_content_moderation(JobId=done, **more)
    with pytest.raises(errors.InvalidParameterException):
        client.get_content_moderation(JobId="a/b")


def test_a_video_over_the_limit(served: Served, client: Any) -> None:
    (served.bucket / "long.mp4").write_bytes(bytes(MOST + 1))
    with pytest.raises(client.exceptions.VideoTooLargeException, match="EVENHAND_MAX_JOB_BYTES"):
        client.start_content_moderation(Video={"S3Object": {"Bucket": "uploads", "Name": "long.mp4"}})
