"""Asynchronous calls of Alibaba Cloud's clients: pictures, videos, voices, their results and pushes, by real jobs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
pytest.importorskip("dbos", reason="jobs need the extra")
from alibabacloud_green20220302 import models
from aliyunsdkgreen.request.v20180509.ImageAsyncScanRequest import ImageAsyncScanRequest
from aliyunsdkgreen.request.v20180509.ImageAsyncScanResultsRequest import ImageAsyncScanResultsRequest
from aliyunsdkgreen.request.v20180509.ImageScanFeedbackRequest import ImageScanFeedbackRequest
from aliyunsdkgreen.request.v20180509.VideoAsyncScanRequest import VideoAsyncScanRequest
from aliyunsdkgreen.request.v20180509.VideoAsyncScanResultsRequest import VideoAsyncScanResultsRequest
from aliyunsdkgreen.request.v20180509.VideoCancelScanRequest import VideoCancelScanRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncScanRequest import VoiceAsyncScanRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncScanResultsRequest import VoiceAsyncScanResultsRequest
from aliyunsdkgreen.request.v20180509.WebpageAsyncScanRequest import WebpageAsyncScanRequest

from evenhand.detectors import drawings
from evenhand.detectors.imagehash import hash_image
from evenhand.store import open_store
from tests import recordings
from tests.alibaba import Served, Taken, alibaba, hosting, receiving
from tests.compat import SECRET_KEY
from tests.rekognition import png
from tests.server import quick

LIBRARY = "name: seen-before\nkind: images\nlist: black\nitems:\n  - {{value: {landscape}, label: violence.weapon}}\n"
LISTED = "name: stop-list\nkind: words\nlist: black\nlabel: spam.scam\nitems:\n  - florbzim deal\n"


@dataclass(frozen=True)
class Setting:
    """A server that works, files, and an address that takes pushes."""

    served: Served
    files: str
    callback: str
    taken: Taken


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("async")
    lists = folder / "libraries"
    lists.mkdir()
    (lists / "pictures.yaml").write_text(LIBRARY.format(landscape=hash_image(png(drawings.landscape()))[0]))
    (lists / "words.yaml").write_text(LISTED)
    tone = recordings.tone(3.0)
    files = {
        "listed.png": png(drawings.landscape()),
        "dog.png": png(drawings.dog()),
        "clip.mp4": recordings.video(
            lambda moment: recordings.written("FLORBZIM DEAL" if moment >= 2 else "GOOD MORNING"), seconds=4
        ),
        "plain.mp4": recordings.video(seconds=2),
        "said.mkv": recordings.video(
            seconds=3, fmt="matroska", subtitles=[(0.5, 2.0, "a florbzim deal for you")], sounds=[tone]
        ),
        "tone.wav": recordings.sound(tone),
    }
    (folder / "bucket").mkdir()
    (folder / "bucket" / "clip.mp4").write_bytes(files["clip.mp4"])
    with receiving() as (callback, taken), hosting(files) as address:
        hosts = (address.removeprefix("http://"), callback.removeprefix("http://").partition("/")[0])
        settings = quick(
            folder,
            secret_key=SECRET_KEY,
            data_dir=folder,
            libraries=lists,
            fetch_allow_hosts=hosts[:1],
            webhook_allow_hosts=hosts[1:],
            jobs_heartbeat_s=0.5,
            jobs_backoff_s=0.2,
            jobs_attempts=2,
            detector_timeout_s=120,
            s3_buckets={"uploads": str(folder / "bucket")},
        )
        with alibaba(settings, work=True) as running:
            yield Setting(running, address, callback, taken)


def until(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Ask again until the answer is there."""
    deadline = time.monotonic() + 180
    while True:
        answer = ask()
        if done(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(1.1)  # a request signed in the same second without a nonce would be the same request


def scanned(here: Setting, submit: Any, results: Any, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Submit, and give the rows of the results once all are there."""
    answer = here.served.ask(submit(), body)
    assert answer["code"] == 200, answer
    ids = [row["taskId"] for row in answer["data"]]
    rows: list[dict[str, Any]] = until(
        lambda: here.served.ask(results(), ids)["data"], lambda data: all(row["code"] != 280 for row in data)
    )
    return rows


def test_pictures_of_2018(here: Setting) -> None:
    tasks = [{"dataId": name, "url": f"{here.files}/{name}.png"} for name in ("listed", "dog", "nowhere")]
    rows = scanned(
        here, ImageAsyncScanRequest, ImageAsyncScanResultsRequest, {"scenes": ["porn", "terrorism"], "tasks": tasks}
    )
    assert [(row["dataId"], row["code"]) for row in rows] == [("listed", 200), ("dog", 200), ("nowhere", 480)]
    assert [(row["scene"], row["suggestion"], row["label"]) for row in rows[0]["results"]] == [
        ("porn", "pass", "normal"),
        ("terrorism", "review", "weapon"),
    ]
    assert {row["suggestion"] for row in rows[1]["results"]} == {"pass"}
    assert rows[2]["msg"].startswith("DOWNLOAD_FAILED")
    marking = {"taskId": rows[0]["taskId"], "suggestion": "pass", "scenes": ["terrorism"]}
    assert here.served.ask(ImageScanFeedbackRequest(), marking)["code"] == 200
    store = open_store(settings=here.served.settings)
    kept = store.suggestions.list()[-1]
    store.close()
    assert kept.scores == {"normal": 1.0}


def test_pictures_of_2022(here: Setting) -> None:
    client = here.served.client_2022()
    parameters = json.dumps({"imageUrl": f"{here.files}/listed.png", "dataId": "p-1"})
    request = models.ImageAsyncModerationRequest(service="baselineCheck", service_parameters=parameters)
    submitted = client.image_async_moderation(request).body
    assert (submitted.code, submitted.data.data_id) == (200, "p-1")
    asked = models.DescribeImageModerationResultRequest(req_id=submitted.data.req_id)
    done = until(lambda: client.describe_image_moderation_result(asked).body, lambda body: body.code != 280)
    assert (done.code, done.data.req_id, done.data.risk_level) == (200, submitted.data.req_id, "medium")
    assert [row.label for row in done.data.result] == ["violent_gunKnives"]


def test_a_push_and_its_checksum(here: Setting) -> None:
    before = len(here.taken.forms)
    body = {
        "scenes": ["terrorism"],
        "tasks": [{"dataId": "pushed 上海", "url": f"{here.files}/listed.png"}],
        "callback": here.callback,
        "seed": "a seed",
    }
    task_id = here.served.ask(ImageAsyncScanRequest(), body)["data"][0]["taskId"]
    form = here.taken.wait(before + 1)[before]
    assert set(form) == {"checksum", "content"}
    whole = here.served.pair.access_id + "a seed" + form["content"]
    assert form["checksum"] == hashlib.sha256(whole.encode()).hexdigest()
    content = json.loads(form["content"])
    assert (content["code"], content["taskId"], content["dataId"]) == (200, task_id, "pushed 上海")
    assert content["results"][0]["suggestion"] == "review"


def test_a_push_is_tried_three_times_and_no_more(here: Setting) -> None:
    before = len(here.taken.forms)
    here.taken.refuse = 3
    body = {
        "scenes": ["terrorism"],
        "tasks": [{"dataId": "refused", "url": f"{here.files}/dog.png"}],
        "callback": here.callback,
        "seed": "seed",
    }
    here.served.ask(ImageAsyncScanRequest(), body)
    forms = here.taken.wait(before + 3)[before:]
    assert len({form["checksum"] for form in forms}) == 1
    store = open_store(settings=here.served.settings)
    failed = until(
        lambda: [job for job in store.jobs.page(kind="alibaba.push").items if job.state == "failed"], lambda jobs: jobs
    )
    store.close()
    assert len(failed) == 1
    time.sleep(2)
    assert len(here.taken.forms) == before + 3


@pytest.mark.parametrize(
    "more",
    [
        {"callback": "ftp://example.org", "seed": "s"},
        {"callback": "https://example.org"},
        {"callback": "https://example.org", "seed": "s" * 65},
        {"callback": "https://example.org", "seed": "s", "cryptType": "SM3"},
    ],
)
def test_callbacks_that_cannot_be(here: Setting, more: dict[str, str]) -> None:
    body = {"scenes": ["porn"], "tasks": [{"url": f"{here.files}/dog.png"}], **more}
    assert here.served.ask(ImageAsyncScanRequest(), body)["code"] == 400


def test_videos_of_2018(here: Setting) -> None:
    tasks = [{"dataId": name, "url": f"{here.files}/{name}"} for name in ("clip.mp4", "plain.mp4", "dog.png")]
    rows = scanned(
        here, VideoAsyncScanRequest, VideoAsyncScanResultsRequest, {"scenes": ["ad", "porn"], "tasks": tasks}
    )
    assert [row["code"] for row in rows] == [200, 200, 400]
    advert, porn = rows[0]["results"]
    assert (advert["scene"], advert["suggestion"], advert["label"]) == ("ad", "review", "spam")
    assert {frame["label"] for frame in advert["frames"]} == {"spam"}
    assert all(2 <= frame["offset"] <= 4 for frame in advert["frames"])
    assert (porn["suggestion"], porn["label"]) == ("pass", "normal")
    assert "audioScanResults" not in rows[0]
    assert {row["suggestion"] for row in rows[1]["results"]} == {"pass"}


def test_videos_of_2022(here: Setting) -> None:
    client = here.served.client_2022()
    before = len(here.taken.forms)
    parameters = {"url": f"{here.files}/clip.mp4", "dataId": "v-1", "callback": here.callback, "seed": "s2"}
    request = models.VideoModerationRequest(service="videoDetection", service_parameters=json.dumps(parameters))
    submitted = client.video_moderation(request).body
    assert (submitted.code, submitted.message, submitted.data.data_id) == (200, "OK", "v-1")
    asked = models.VideoModerationResultRequest(
        service="videoDetection", service_parameters=json.dumps({"taskId": submitted.data.task_id})
    )
    done = until(lambda: client.video_moderation_result(asked).body, lambda body: body.code != 280)
    assert (done.code, done.data.task_id, done.data.data_id) == (200, submitted.data.task_id, "v-1")
    assert done.data.risk_level == "medium"
    frames = done.data.frame_result
    assert frames.frame_num >= 2
    assert [one.label for one in frames.frame_summarys] == ["pt_investment_tii"]
    assert all(frame.offset >= 2 for frame in frames.frames)
    assert frames.frames[0].results[0].service == "videoDetection"
    assert frames.frames[0].results[0].result[0].label == "pt_investment_tii"
    form = here.taken.wait(before + 1)[before]
    content = json.loads(form["content"])
    assert (content["Code"], content["Data"]["TaskId"]) == (200, submitted.data.task_id)
    whole = here.served.pair.access_id + "s2" + form["content"]
    assert form["checksum"] == hashlib.sha256(whole.encode()).hexdigest()


def test_a_video_in_a_bucket(here: Setting) -> None:
    client = here.served.client_2022()
    parameters = {"ossBucketName": "uploads", "ossObjectName": "clip.mp4", "dataId": "b-1"}
    request = models.VideoModerationRequest(service="videoDetection", service_parameters=json.dumps(parameters))
    task_id = client.video_moderation(request).body.data.task_id
    asked = models.VideoModerationResultRequest(
        service="videoDetection", service_parameters=json.dumps({"taskId": task_id})
    )
    done = until(lambda: client.video_moderation_result(asked).body, lambda body: body.code != 280)
    assert (done.code, done.data.data_id, done.data.risk_level) == (200, "b-1", "medium")
    gone = json.dumps({**parameters, "ossObjectName": "none.mp4"})
    request = models.VideoModerationRequest(service="videoDetection", service_parameters=gone)
    assert client.video_moderation(request).body.code == 480


def test_what_a_video_says(here: Setting) -> None:
    body = {"scenes": ["porn"], "audioScenes": ["antispam"], "tasks": [{"url": f"{here.files}/said.mkv"}]}
    [row] = scanned(here, VideoAsyncScanRequest, VideoAsyncScanResultsRequest, body)
    [heard] = row["audioScanResults"]
    assert heard["label"] == "spam"
    assert heard["suggestion"] in ("review", "block")
    assert heard["details"][0]["text"] == "florbzim deal"
    assert heard["details"][0]["startTime"] in (0, 1)


def test_voices(here: Setting) -> None:
    tasks = [{"dataId": "a-1", "url": f"{here.files}/tone.wav"}]
    body = {"scenes": ["antispam"], "tasks": tasks}
    [row] = scanned(here, VoiceAsyncScanRequest, VoiceAsyncScanResultsRequest, body)
    assert (row["code"], row["dataId"]) == (200, "a-1")
    [heard] = row["results"]
    assert (heard["scene"], heard["label"]) == ("antispam", "normal")
    client = here.served.client_2022()
    parameters = json.dumps({"url": f"{here.files}/tone.wav"})
    request = models.VoiceModerationRequest(service="audio_media_detection", service_parameters=parameters)
    task_id = client.voice_moderation(request).body.data.task_id
    asked = models.VoiceModerationResultRequest(
        service="audio_media_detection", service_parameters=json.dumps({"taskId": task_id})
    )
    done = until(lambda: client.voice_moderation_result(asked).body, lambda body: body.code != 280)
    assert (done.code, done.data.task_id, done.data.slice_details) == (200, task_id, [])


def test_a_task_is_stopped(here: Setting) -> None:
    body = {"scenes": ["porn"], "tasks": [{"url": f"{here.files}/plain.mp4"}]}
    task_id = here.served.ask(VideoAsyncScanRequest(), body)["data"][0]["taskId"]
    stopped = here.served.ask(VideoCancelScanRequest(), [task_id, "nobody.0"])
    assert [row["code"] for row in stopped["data"]] == [200, 404]
    [row] = here.served.ask(VideoAsyncScanResultsRequest(), [task_id])["data"]
    assert row["code"] in (200, 400)
    if row["code"] == 400:
        assert "cancelled" in row["msg"]
    client = here.served.client_2022()
    parameters = json.dumps({"taskId": task_id})
    assert (
        client.video_moderation_cancel(
            models.VideoModerationCancelRequest(service="videoDetection", service_parameters=parameters)
        ).body.code
        == 200
    )


def test_tasks_are_their_callers(here: Setting) -> None:
    body = {"scenes": ["porn"], "tasks": [{"url": f"{here.files}/dog.png"}]}
    task_id = here.served.ask(ImageAsyncScanRequest(), body)["data"][0]["taskId"]
    store = open_store(settings=here.served.settings)
    other = Served(
        http=here.served.http,
        pair=store.dialect_keys.create("other", dialect="alibaba"),
        settings=here.served.settings,
    )
    store.close()
    [row] = other.ask(ImageAsyncScanResultsRequest(), [task_id])["data"]
    assert row["code"] == 404
    strange = ["", "x", "x.0", f"{task_id}1", task_id.replace(".0", ".٣"), task_id.replace(".0", ".-1"), "\x00.0"]
    rows = here.served.ask(ImageAsyncScanResultsRequest(), strange)["data"]
    assert [row["code"] for row in rows] == [404] * len(strange)


def test_what_is_not_enabled_says_so(here: Setting) -> None:
    client = here.served.client_2022()
    assert client.describe_upload_token().body.code == 408
    page = {"tasks": [{"url": "http://example.org/"}]}
    assert here.served.ask(WebpageAsyncScanRequest(), page)["code"] == 596


def test_without_a_worker_nothing_is_promised(tmp_path: Any) -> None:
    with alibaba(quick(tmp_path, secret_key=SECRET_KEY, data_dir=tmp_path)) as idle:
        body = {"scenes": ["porn"], "tasks": [{"url": "https://example.org/x.png"}]}
        answer = idle.ask(ImageAsyncScanRequest(), body)
        assert answer["code"] == 596
        assert "not enabled" in answer["msg"]
