"""Manual moderation with Alibaba Cloud's clients: what people say in the review queues is the answer."""

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
from aliyunsdkgreen.request.v20180509.ImageAsyncManualScanRequest import ImageAsyncManualScanRequest
from aliyunsdkgreen.request.v20180509.ImageAsyncManualScanResultsRequest import ImageAsyncManualScanResultsRequest
from aliyunsdkgreen.request.v20180509.TextAsyncManualScanRequest import TextAsyncManualScanRequest
from aliyunsdkgreen.request.v20180509.TextAsyncManualScanResultsRequest import TextAsyncManualScanResultsRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncManualScanRequest import VoiceAsyncManualScanRequest
from aliyunsdkgreen.request.v20180509.VoiceAsyncManualScanResultsRequest import VoiceAsyncManualScanResultsRequest

from evenhand.detectors import drawings
from evenhand.store import open_store
from tests import recordings
from tests.alibaba import Served, Taken, alibaba, hosting, receiving
from tests.compat import SECRET_KEY
from tests.jobworker import OFF
from tests.rekognition import png
from tests.server import quick


@dataclass(frozen=True)
class Setting:
    """A server that works, the address of some files, and one that takes pushes."""

    served: Served
    files: str
    callback: str
    taken: Taken


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("people")
    files = {"dog.png": png(drawings.dog()), "tone.wav": recordings.sound(recordings.tone(2.0))}
    with receiving() as (callback, taken), hosting(files) as address:
        settings = quick(
            folder,
            secret_key=SECRET_KEY,
            data_dir=folder,
            disabled_detectors=OFF,
            fetch_allow_hosts=(address.removeprefix("http://"),),
            webhook_allow_hosts=(callback.removeprefix("http://").partition("/")[0],),
            jobs_heartbeat_s=0.5,
            detector_timeout_s=120,
        )
        with alibaba(settings, work=True) as running:
            yield Setting(running, address, callback, taken)


def until(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Ask again until the answer is there."""
    deadline = time.monotonic() + 180
    while not done(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(1.1)  # a request signed in the same second without a nonce would be the same request
    return answer


def decide(here: Setting, decision_id: str, **verdict: Any) -> None:
    """Judge an item as a reviewer does."""
    answer = here.served.http.post(f"/v1/review/items/{decision_id}/decide", json=verdict)
    assert answer.status_code == 200, answer.text


def manual(here: Setting, service: str, **parameters: Any) -> Any:
    """Hand in with the client of version 2022-03-02."""
    request = models.ManualModerationRequest(service=service, service_parameters=json.dumps(parameters))
    return here.served.client_2022().manual_moderation(request).body


def told(here: Setting, task_id: str) -> Any:
    """Ask with the same client."""
    request = models.ManualModerationResultRequest(service_parameters=json.dumps({"taskId": task_id}))
    return here.served.client_2022().manual_moderation_result(request).body


def test_a_text_waits_for_people_and_has_their_answer(here: Setting) -> None:
    taken = manual(here, "textManualCheck", content="Good morning to all of you.", dataId="mine")
    assert (taken.code, taken.data.data_id) == (200, "mine")
    waiting = told(here, taken.data.task_id)
    assert (waiting.code, waiting.data.task_id) == (280, taken.data.task_id)
    item = here.served.http.get(f"/v1/review/items/{taken.data.task_id}").json()
    assert item["decision"]["rule"] == "person-asked-for"
    decide(here, taken.data.task_id, verdict="wrong", action="block", labels=["spam.scam"], reason="a known trick")
    answer = told(here, taken.data.task_id)
    assert (answer.code, answer.data.risk_level, answer.data.data_id) == (200, "high", "mine")
    assert [one.label for one in answer.data.result] == ["contraband_act"]


def test_a_picture_that_people_find_harmless_has_no_label(here: Setting) -> None:
    taken = manual(here, "imageManualCheck", imageUrl=f"{here.files}/dog.png")
    decide(here, taken.data.task_id, verdict="wrong", labels=[], reason="a dog")
    answer = told(here, taken.data.task_id)
    assert answer.data.risk_level == "none"
    assert [one.label for one in answer.data.result] == ["nonLabel"]


def test_a_recording_goes_to_people_once_it_was_looked_at(here: Setting) -> None:
    taken = manual(here, "audioManualCheck", url=f"{here.files}/tone.wav")
    task_id = taken.data.task_id

    def waiting() -> list[Any]:
        items = here.served.http.get("/v1/review/items", params={"state": "waiting", "kind": "audio"}).json()["items"]
        return [item["decision_id"] for item in items]

    (decision_id,) = until(waiting, bool)
    assert told(here, task_id).code == 280
    decide(here, decision_id, verdict="overridden", action="block", reason="played in a quiet hour")
    answer = told(here, task_id)
    assert (answer.code, answer.data.risk_level) == (200, "high")


@pytest.mark.parametrize(
    ("service", "parameters", "code"),
    [
        ("textManualCheck", {}, 400),
        ("textManualCheck", {"content": "x" * 10_001}, 400),
        ("imageManualCheck", {"imageUrl": "file:///etc/passwd"}, 400),
        ("imageManualCheck", {"imageUrl": "http://127.0.0.1:1/x.png"}, 480),
        ("riddleCheck", {"content": "hello"}, 400),
    ],
)
def test_what_cannot_be_shown_to_people_is_refused(
    here: Setting, service: str, parameters: dict[str, Any], code: int
) -> None:
    assert manual(here, service, **parameters).code == code


def test_the_older_version_hands_in_and_asks_likewise(here: Setting) -> None:
    tasks = [{"dataId": f"t{number}", "content": f"remark number {number}"} for number in range(3)]
    taken = here.served.ask(TextAsyncManualScanRequest(), {"tasks": tasks})
    assert [row["code"] for row in taken["data"]] == [200] * 3
    first, second, third = (row["taskId"] for row in taken["data"])
    decide(here, first, verdict="wrong", labels=["harassment.insult"], action="block", reason="to somebody")
    decide(here, second, verdict="wrong", labels=[], reason="harmless")
    rows = here.served.ask(TextAsyncManualScanResultsRequest(), [first, second, third, "nothing"])["data"]
    assert [row["code"] for row in rows] == [200, 200, 280, 404]
    assert [(row["suggestion"], row["label"], row["dataId"]) for row in rows[:2]] == [
        ("block", "abuse", "t0"),
        ("pass", "normal", "t1"),
    ]
    pictures = [{"url": f"{here.files}/dog.png"}, {"url": f"{here.files}/none.png"}]
    taken = here.served.ask(ImageAsyncManualScanRequest(), {"tasks": pictures})
    assert [row["code"] for row in taken["data"]] == [200, 480]
    [row] = here.served.ask(ImageAsyncManualScanResultsRequest(), [taken["data"][0]["taskId"]])["data"]
    assert row["code"] == 280
    taken = here.served.ask(VoiceAsyncManualScanRequest(), {"tasks": [{"url": f"{here.files}/tone.wav"}]})
    [row] = here.served.ask(VoiceAsyncManualScanResultsRequest(), [taken["data"][0]["taskId"]])["data"]
    assert row["code"] == 280


def pushed(here: Setting, seed: str) -> list[Any]:
    """Wait for a push with this seed whose checksum holds; give the contents of all that came."""

    def mine() -> list[Any]:
        salt = f"{here.served.pair.access_id}{seed}"
        forms = [(form["checksum"], form["content"]) for form in here.taken.forms]
        right = [text for total, text in forms if total == hashlib.sha256(f"{salt}{text}".encode()).hexdigest()]
        return [json.loads(text) for text in right]

    found: list[Any] = until(mine, bool)
    return found


def test_what_people_said_is_pushed(here: Setting) -> None:
    told_to = {"callback": here.callback, "seed": "newer"}
    taken = manual(here, "textManualCheck", content="Good morning once more.", dataId="p", **told_to)
    decide(here, taken.data.task_id, verdict="wrong", action="block", labels=["spam.scam"], reason="a known trick")
    [body] = pushed(here, "newer")
    assert (body["Code"], body["Data"]["TaskId"], body["Data"]["DataId"]) == (200, taken.data.task_id, "p")
    assert (body["Data"]["RiskLevel"], body["Data"]["Result"][0]["Label"]) == ("high", "contraband_act")
    tasks = [{"dataId": "o", "content": "An older remark."}, {"dataId": "w", "content": "One that waits."}]
    rows = here.served.ask(TextAsyncManualScanRequest(), {"tasks": tasks, **told_to, "seed": "older"})["data"]
    decide(here, rows[0]["taskId"], verdict="wrong", labels=[], reason="harmless")
    [row] = pushed(here, "older")  # nothing of the one that waits
    assert (row["code"], row["taskId"], row["dataId"]) == (200, rows[0]["taskId"], "o")
    assert (row["suggestion"], row["label"]) == ("pass", "normal")


def test_what_people_said_of_a_recording_is_pushed(here: Setting) -> None:
    asked = {"callback": here.callback, "seed": "sound", "tasks": [{"dataId": "s", "url": f"{here.files}/tone.wav"}]}
    [taken] = here.served.ask(VoiceAsyncManualScanRequest(), asked)["data"]

    def waiting() -> list[str]:
        listed = here.served.http.get("/v1/review/items", params={"state": "waiting", "kind": "audio"}).json()["items"]
        ids = [item["decision_id"] for item in listed]
        return [one for one in ids if here.served.http.get(f"/v1/decisions/{one}").json()["id"] == "s"]

    (decision_id,) = until(waiting, bool)
    decide(here, decision_id, verdict="overridden", action="block", reason="played in a quiet hour")
    [row] = pushed(here, "sound")
    assert (row["code"], row["taskId"], row["dataId"], row["suggestion"]) == (200, taken["taskId"], "s", "block")


def test_tasks_are_each_callers_own(here: Setting) -> None:
    taken = manual(here, "textManualCheck", content="Good evening.")
    store = open_store(settings=here.served.settings)
    pair = store.dialect_keys.create("another", dialect="alibaba")
    store.close()
    request = models.ManualModerationResultRequest(service_parameters=json.dumps({"taskId": taken.data.task_id}))
    other = here.served.client_2022(access_key_id=pair.access_id, access_key_secret=pair.secret)
    assert other.manual_moderation_result(request).body.code == 404
