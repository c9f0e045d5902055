"""Live streams by Alibaba Cloud's clients: handed in, told of while they run, stopped; real streams on loopback."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
pytest.importorskip("dbos", reason="streams are followed by a worker, which needs the extra")
from alibabacloud_green20220302 import models
from aliyunsdkgreen.request.v20180509.LiveStreamAsyncScanRequest import LiveStreamAsyncScanRequest
from aliyunsdkgreen.request.v20180509.LiveStreamAsyncScanResultsRequest import LiveStreamAsyncScanResultsRequest
from aliyunsdkgreen.request.v20180509.LiveStreamCancelScanRequest import LiveStreamCancelScanRequest
from aliyunsdkgreen.request.v20180509.VideoAsyncScanRequest import VideoAsyncScanRequest
from aliyunsdkgreen.request.v20180509.VideoAsyncScanResultsRequest import VideoAsyncScanResultsRequest
from aliyunsdkgreen.request.v20180509.VideoCancelScanRequest import VideoCancelScanRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncScanRequest import VoiceAsyncScanRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncScanResultsRequest import VoiceAsyncScanResultsRequest

from evenhand.store import open_store
from tests import recordings
from tests.alibaba import Served, Taken, alibaba, hosting, receiving
from tests.compat import SECRET_KEY
from tests.live import ADVERT, OFF
from tests.server import quick

POLICY = """
name: test
version: "1"
incomplete: mark
lines:
  default:
    rules:
      - {name: codes, when: {label: ads.qrcode, kind: stream, score: {min: 0.5}}, action: review}
  lasting:
    rules:
      - {name: long-codes, when: {label: ads.qrcode, incident: {score: 0.3}}, action: block}
"""
BEGIN_S, END_S = 2.0, 4.0  # of the planted advert


def scene(moment: float) -> Any:
    """Draw a plain program with a code that advertises."""
    return recordings.qr(ADVERT) if BEGIN_S <= moment < END_S else recordings.landscape(moment)


@dataclass(frozen=True)
class Setting:
    """A server that follows streams, where two of them come from, and an address that takes pushes."""

    served: Served
    files: str
    callback: str
    taken: Taken


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("live")
    (folder / "policy.yaml").write_text(POLICY)
    files = {
        "short.mp4": recordings.video(scene, seconds=6, sounds=[recordings.tone(6.0)]),
        "long.mp4": recordings.video(scene, seconds=90, fps=2),
    }
    with receiving() as (callback, taken), hosting(files) as address:
        settings = quick(
            folder,
            secret_key=SECRET_KEY,
            data_dir=folder,
            policy=folder / "policy.yaml",
            dialect_lines={"alibaba/lasting": "lasting", "alibaba/lasting_live": "lasting"},
            disabled_detectors=("audio.speech", "text.harm", *OFF),
            live_allow_hosts=(address.removeprefix("http://"),),
            webhook_allow_hosts=(callback.removeprefix("http://").partition("/")[0],),
            jobs_heartbeat_s=0.5,
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
        time.sleep(0.5)


def row_of(here: Setting, request: Any, task_id: str) -> dict[str, Any]:
    """Ask for one task of version 2018-05-09."""
    time.sleep(1.1)  # a request signed in the same second without a nonce would be the same request
    [row] = here.served.ask(request(), [task_id])["data"]
    return dict(row)


def submitted(here: Setting, kind: str, service: str, **more: Any) -> Any:
    """Hand in a stream with the client of version 2022-03-02; give the answer's body."""
    client, parameters = here.served.client_2022(), json.dumps(more)
    if kind == "voice":
        voice = models.VoiceModerationRequest(service=service, service_parameters=parameters)
        return client.voice_moderation(voice).body
    return client.video_moderation(models.VideoModerationRequest(service=service, service_parameters=parameters)).body


def told(here: Setting, kind: str, task_id: str) -> Any:
    """Ask for a stream with the client of version 2022-03-02; give the answer's body."""
    client, parameters = here.served.client_2022(), json.dumps({"taskId": task_id})
    if kind == "voice":
        voice = models.VoiceModerationResultRequest(service="x", service_parameters=parameters)
        return client.voice_moderation_result(voice).body
    return client.video_moderation_result(
        models.VideoModerationResultRequest(service="x", service_parameters=parameters)
    ).body


def test_a_live_video_of_2022_from_its_first_incident_to_its_end(here: Setting) -> None:
    url = f"{here.files}/short.mp4"
    taken = submitted(here, "video", "liveStreamDetection", url=url, dataId="l-1", liveId="channel 上海")
    assert (taken.code, taken.data.data_id, taken.data.task_id.partition(".")[0]) == (200, "l-1", "stream")
    done = until(lambda: told(here, "video", taken.data.task_id), lambda body: body.code != 280)
    assert (done.code, done.message, done.data.task_id) == (200, "OK", taken.data.task_id)
    assert (done.data.data_id, done.data.live_id, done.data.risk_level) == ("l-1", "channel 上海", "medium")
    frames = done.data.frame_result
    assert frames.frame_num >= 2
    assert frames.risk_level == "medium"
    assert [one.label for one in frames.frame_summarys] == ["pt_qrCode"]
    assert frames.frames
    assert all(BEGIN_S - 1 <= frame.offset <= END_S for frame in frames.frames)
    assert frames.frames[0].results[0].result[0].label == "pt_qrCode"
    store = open_store(settings=here.served.settings)
    stream = store.streams.get(taken.data.task_id.removeprefix("stream."))
    store.close()
    assert (stream.tenant, stream.caller_id, stream.state) == (here.served.pair.id, "l-1", "ended")


def test_what_has_happened_is_told_while_it_runs_until_it_is_stopped(here: Setting) -> None:
    body = {"scenes": ["qrcode", "ad"], "live": True, "tasks": [{"dataId": "v", "url": f"{here.files}/long.mp4"}]}
    [taken] = here.served.ask(VideoAsyncScanRequest(), body)["data"]
    assert (taken["code"], taken["dataId"]) == (200, "v")
    task_id = taken["taskId"]
    row = until(
        lambda: row_of(here, VideoAsyncScanResultsRequest, task_id),
        lambda row: row["code"] != 280 or row["results"][0]["suggestion"] == "review",
    )
    assert (row["code"], row["msg"]) == (280, "PROCESSING")
    code = row["results"][0]
    assert (code["scene"], code["suggestion"], code["label"]) == ("qrcode", "review", "qrcode")
    assert all(BEGIN_S - 1 <= frame["offset"] <= END_S for frame in code["frames"])
    stopped = here.served.ask(VideoCancelScanRequest(), [task_id, "stream.nobody"])
    assert [one["code"] for one in stopped["data"]] == [200, 404]
    row = until(lambda: row_of(here, VideoAsyncScanResultsRequest, task_id), lambda row: row["code"] != 280)
    assert (row["code"], row["results"][0]["label"]) == (200, "qrcode")
    again = here.served.ask(VideoCancelScanRequest(), [task_id])
    assert again["data"][0]["code"] == 200
    stop = models.VideoModerationCancelRequest(service="x", service_parameters=json.dumps({"taskId": task_id}))
    assert here.served.client_2022().video_moderation_cancel(stop).body.code == 200


def pushed(here: Setting, seed: str, over: Callable[[Any], bool]) -> list[Any]:
    """Wait for the pushes of a stream's incident and of its end; give the contents of those whose checksums hold."""

    def mine() -> list[Any]:
        forms = [
            form
            for form in here.taken.forms
            if form["checksum"]
            == hashlib.sha256(f"{here.served.pair.access_id}{seed}{form['content']}".encode()).hexdigest()
        ]
        return [json.loads(form["content"]) for form in forms]

    found: list[Any] = until(mine, lambda contents: len(contents) > 1 and any(map(over, contents)))
    return found


def test_incidents_and_the_end_are_pushed(here: Setting) -> None:
    task = {"dataId": "p-1", "url": f"{here.files}/short.mp4"}
    asked = {"scenes": ["qrcode"], "live": True, "callback": here.callback, "seed": "an older seed", "tasks": [task]}
    [taken] = here.served.ask(VideoAsyncScanRequest(), asked)["data"]
    newer = submitted(
        here, "video", "x_live", url=task["url"], liveId="channel", callback=here.callback, seed="a newer seed"
    )
    rows = pushed(here, "an older seed", lambda row: row["code"] == 200)
    assert {(row["taskId"], row["dataId"]) for row in rows} == {(taken["taskId"], "p-1")}
    assert {(row["code"], row["msg"]) for row in rows} <= {(200, "OK"), (280, "PROCESSING")}
    assert {(row["results"][0]["suggestion"], row["results"][0]["label"]) for row in rows} == {("review", "qrcode")}
    bodies = pushed(here, "a newer seed", lambda body: body["Code"] == 200)
    assert {(body["Data"]["TaskId"], body["Data"]["LiveId"]) for body in bodies} == {(newer.data.task_id, "channel")}
    assert {body["Data"]["FrameResult"]["RiskLevel"] for body in bodies} == {"medium"}
    store = open_store(settings=here.served.settings)
    logged = store.audit.page(action="stream.create")
    store.close()
    assert logged
    assert "a newer seed" not in str([entry.payload for entry in logged])


def test_what_only_a_rule_about_incidents_blocks_reaches_every_answer(here: Setting) -> None:
    url = f"{here.files}/short.mp4"
    body = {"scenes": ["qrcode", "porn"], "bizType": "lasting", "live": True, "tasks": [{"url": url}]}
    [taken] = here.served.ask(VideoAsyncScanRequest(), body)["data"]
    only = {**body, "scenes": ["porn"], "audioScenes": ["antispam"]}
    [other] = here.served.ask(VideoAsyncScanRequest(), only)["data"]
    row = until(lambda: row_of(here, VideoAsyncScanResultsRequest, taken["taskId"]), lambda row: row["code"] != 280)
    code, porn = row["results"]
    assert (code["scene"], code["suggestion"], code["label"]) == ("qrcode", "block", "customized")
    assert porn["suggestion"] == "pass"  # its findings had no part in it
    row = until(lambda: row_of(here, VideoAsyncScanResultsRequest, other["taskId"]), lambda row: row["code"] != 280)
    told_rows = [*row["results"], *row["audioScanResults"]]  # no scene that was asked for speaks of the code
    assert {(one["suggestion"], one["label"]) for one in told_rows} == {("block", "customized")}
    taken_2022 = submitted(here, "video", "lasting_live", url=url)
    done = until(lambda: told(here, "video", taken_2022.data.task_id), lambda body: body.code != 280)
    assert (done.data.risk_level, done.data.frame_result.risk_level) == ("high", "high")
    assert done.data.audio_result.risk_level != "high"


def test_streams_at_their_own_address(here: Setting) -> None:
    tasks = [{"dataId": "a", "url": f"{here.files}/short.mp4"}, {"dataId": "b", "url": "http://127.0.0.1:9/x.m3u8"}]
    body = {"scenes": ["qrcode"], "audioScenes": ["antispam"], "tasks": tasks}
    taken, inside = here.served.ask(LiveStreamAsyncScanRequest(), body)["data"]
    assert (inside["code"], inside["dataId"], "taskId" in inside) == (480, "b", False)
    row = until(
        lambda: row_of(here, LiveStreamAsyncScanResultsRequest, taken["taskId"]), lambda row: row["code"] != 280
    )
    assert (row["code"], row["dataId"], row["results"][0]["label"]) == (200, "a", "qrcode")
    assert row["audioScanResults"][0]["scene"] == "antispam"
    stopped = here.served.ask(LiveStreamCancelScanRequest(), [taken["taskId"]])
    assert stopped["data"][0]["code"] == 200


def test_a_sound_that_nothing_listens_to_is_never_clean(here: Setting) -> None:
    url = f"{here.files}/short.mp4"
    taken = submitted(here, "voice", "live_stream_detection", url=url)
    done = until(lambda: told(here, "voice", taken.data.task_id), lambda body: body.code != 280)
    assert (done.code, done.data.slice_details) == (200, [])
    assert done.data.risk_level == "medium"  # the code in its pictures: the stream is judged as a whole
    body = {"scenes": ["antispam"], "live": True, "tasks": [{"url": url}]}
    [row] = here.served.ask(VoiceAsyncScanRequest(), body)["data"]
    row = until(lambda: row_of(here, VoiceAsyncScanResultsRequest, row["taskId"]), lambda row: row["code"] != 280)
    [heard] = row["results"]
    assert (heard["scene"], heard["label"], list(heard["incomplete"])) == ("antispam", "normal", ["audio"])


def test_a_stream_that_breaks_off_is_an_error(here: Setting) -> None:
    [taken] = here.served.ask(
        LiveStreamAsyncScanRequest(), {"scenes": ["qrcode"], "tasks": [{"url": f"{here.files}/nowhere.mp4"}]}
    )["data"]
    row = until(
        lambda: row_of(here, LiveStreamAsyncScanResultsRequest, taken["taskId"]), lambda row: row["code"] != 280
    )
    assert row["code"] == 480, row
    assert row["msg"].startswith("DOWNLOAD_FAILED: ")
    assert "live" in row["results"][0]["incomplete"]
    assert told(here, "video", taken["taskId"]).code == 404  # of the other version
    taken = submitted(here, "video", "liveStreamDetection", url=f"{here.files}/nowhere.mp4").data
    done = until(lambda: told(here, "video", taken.task_id), lambda body: body.code != 280)
    assert (done.code, done.data.risk_level) == (480, "low")
    assert row_of(here, LiveStreamAsyncScanResultsRequest, taken.task_id)["code"] == 404


def test_streams_are_their_callers(here: Setting) -> None:
    taken = submitted(here, "video", "videoDetection", url=f"{here.files}/short.mp4", liveId="mine")
    store = open_store(settings=here.served.settings)
    pair = store.dialect_keys.create("stranger", dialect="alibaba")
    native = store.streams.create("http://x.example/a.ts", "x", tenant=here.served.pair.id, options={"line": "default"})
    store.streams.stop(native.id)
    store.close()
    other = replace(here, served=Served(http=here.served.http, pair=pair, settings=here.served.settings))
    name = taken.data.task_id
    assert row_of(other, VideoAsyncScanResultsRequest, name)["code"] == 404
    assert told(other, "video", name).code == 404
    assert other.served.ask(LiveStreamCancelScanRequest(), [name])["data"][0]["code"] == 404
    strange = ["stream.", "stream.x", f"{name}.0", f"stream.{native.id}", "stream.\x00"]
    rows = here.served.ask(LiveStreamAsyncScanResultsRequest(), strange)["data"]
    assert [row["code"] for row in rows] == [404] * len(strange)
    assert told(here, "video", name).code in (200, 280)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, 400),
        ({"url": "file:///etc/passwd"}, 400),
        ({"url": "http://127.0.0.1:9/live.m3u8"}, 480),
        ({"url": "rtmp://169.254.169.254/live/x"}, 480),
        ({"url": "rtmp://media.example.org/live/x", "liveId": "x" * 1_025}, 400),
    ],
)
def test_what_may_not_be_followed(here: Setting, more: dict[str, str], code: int) -> None:
    assert submitted(here, "video", "liveStreamDetection", **more).code == code


def test_without_a_worker_no_stream_is_taken(tmp_path: Any) -> None:
    with hosting({}) as address:
        allowed = (address.removeprefix("http://"),)
        settings = quick(tmp_path, secret_key=SECRET_KEY, data_dir=tmp_path, live_allow_hosts=allowed)
        with alibaba(settings) as idle:
            body = {"scenes": ["qrcode"], "tasks": [{"url": f"{address}/x.mp4"}]}
            answer = idle.ask(LiveStreamAsyncScanRequest(), body)
            assert answer["code"] == 596
            assert "not enabled" in answer["msg"]
