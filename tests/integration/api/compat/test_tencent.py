"""Tencent Cloud's dialect with the vendor's own clients against a real server: answers, errors, records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.detectors import drawings
from evenhand.store import open_store
from tests.compat import compared, fifty_at_once, golden, masked, with_model
from tests.integration.api.compat.test_openai import files
from tests.media import drawn, encode
from tests.rekognition import png
from tests.server import serving
from tests.tencent import OFF, Served, packed, tencent

pytest.importorskip("tencentcloud.tms", reason="tencentcloud-sdk-python-tms is a test dependency")
pytest.importorskip("tencentcloud.ims", reason="tencentcloud-sdk-python-ims is a test dependency")
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

GOLDEN = Path(__file__).parent / "golden_tencent.json"
PNG = encode(drawn(), "PNG")
NUMBERS = frozenset(["Score", "X", "Y", "Width", "Height"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with tencent(tmp_path_factory.mktemp("tencent")) as running:
        yield running


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients go to loopback themselves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def code(answer: httpx.Response) -> str:
    """Give the code of an error, in the vendor's form."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()["Response"]
    assert set(told) == {"Error", "RequestId"}
    assert set(told["Error"]) == {"Code", "Message"}
    return str(told["Error"]["Code"])


def test_a_text_and_what_the_policy_makes_of_it(served: Served) -> None:
    answer = served.text("你好, a slurword; ballotword", DataId="a-1", SessionId="s", BizType="chat")
    assert (answer.Suggestion, answer.Label, answer.SubLabel, answer.Score) == ("Block", "Abuse", "hate.attack", 100)
    assert answer.Keywords == ["slurword"]
    assert (answer.DataId, answer.SessionId, answer.BizType) == ("a-1", "s", "chat")
    first, second = answer.DetailResults
    assert (first.Label, first.Suggestion, first.LibName, first.LibType) == ("Abuse", "Block", "slurs", 2)
    (hit,) = first.HitInfos
    assert (hit.Type, hit.Keyword, hit.Positions[0].Start, hit.Positions[0].End) == ("Keyword", "slurword", 6, 14)
    assert (second.Label, second.Suggestion) == ("Polity", "Pass")
    decision = served.http.get(f"/v1/decisions/{answer.RequestId}").json()
    assert (decision["action"], decision["id"]) == ("block", "a-1")


def test_what_only_passes_is_normal(served: Served) -> None:
    calm = served.text("Good morning, my friend.")
    assert (calm.Suggestion, calm.Label, calm.SubLabel, calm.Score) == ("Pass", "Normal", "", 0)
    assert (calm.DetailResults, calm.Keywords, calm.RiskDetails) == ([], [], None)
    politics = served.text("the ballotword again")
    assert (politics.Suggestion, politics.Label, politics.Keywords) == ("Pass", "Normal", [])
    assert [row.Label for row in politics.DetailResults] == ["Polity"]


def test_an_operators_own_words(served: Served) -> None:
    answer = served.text("a badword and a slurword")
    assert {row.Label for row in answer.DetailResults} == {"Custom", "Abuse"}
    assert set(answer.Keywords) == {"badword", "slurword"}


def test_texts_are_judged_by_the_model(tmp_path: Path) -> None:
    with tencent(tmp_path, disabled_detectors=tuple(name for name in OFF if name != "text.harm")) as served:
        rude = served.text("You are an idiot, shut up.", SourceLanguage="en")
        calm = served.text("My neighbours are Muslim and Jewish, and we are friends.")
    assert (rude.Suggestion, rude.Label) == ("Block", "Abuse")
    assert rude.Score > 80
    assert (calm.Suggestion, calm.Label) == ("Pass", "Normal"), "naming a group is no violation"


def test_pictures(served: Served) -> None:
    calm = served.picture(FileContent=packed(PNG), DataId="p-1", Interval=3, MaxFrames=10)
    assert (calm.Suggestion, calm.Label, calm.LabelResults, calm.LibResults) == ("Pass", "Normal", [], [])
    assert (calm.DataId, len(calm.FileMD5)) == ("p-1", 32)
    known = served.picture(FileContent=packed(png(drawings.dog())))
    assert (known.Suggestion, known.Label) == ("Block", "Custom")
    (row,) = known.LibResults
    assert (row.Scene, row.Details[0].LibName) == ("Similar", "seen-before")
    assert served.http.get(f"/v1/decisions/{known.RequestId}").json()["kind"] == "image"


def test_words_and_codes_in_pictures(tmp_path: Path) -> None:
    kept = ("image.ocr", "image.code")
    with tencent(tmp_path, disabled_detectors=tuple(name for name in OFF if name not in kept)) as served:
        answer = served.picture(FileContent=packed(png(drawings.notice())))
    (row,) = answer.OcrResults
    assert (row.Scene, row.Label, row.Suggestion) == ("OCR", "Normal", "Pass")
    assert "Library" in row.Text
    assert answer.ObjectResults == []


def test_pictures_by_their_address(tmp_path: Path) -> None:
    with files({"/a.png": PNG, "/a.txt": b"a text"}) as address:
        allowed = (address.removeprefix("http://"),)
        with tencent(tmp_path, fetch_allow_hosts=allowed) as served:
            assert served.picture(FileUrl=f"{address}/a.png").Label == "Normal"
            codes = {}
            for name in ("b.png", "a.txt"):
                with pytest.raises(TencentCloudSDKException) as raised:
                    served.picture(FileUrl=f"{address}/{name}")
                codes[name] = raised.value.code
            for inside in ("http://169.254.169.254/a.png", "http://127.0.0.1:9/a.png"):
                with pytest.raises(TencentCloudSDKException) as raised:
                    served.picture(FileUrl=inside)
                assert raised.value.code == "ResourceUnavailable.ImageDownloadError"
    assert codes["b.png"] == "ResourceUnavailable.ImageDownloadError"
    assert codes["a.txt"] == "InvalidParameterValue.InvalidImageContent"


ERRORS: list[tuple[str, str, Any, str]] = [
    ("no content", "TextModeration", {}, "MissingParameter"),
    ("number as content", "TextModeration", {"Content": 5}, "InvalidParameter"),
    ("no base64", "TextModeration", {"Content": "%%%"}, "InvalidParameterValue.ErrTextContentType"),
    ("no utf-8", "TextModeration", {"Content": "/w=="}, "InvalidParameterValue.ErrFileContent"),
    ("empty", "TextModeration", {"Content": ""}, "InvalidParameterValue.ErrTextContentLen"),
    ("data id", "TextModeration", {"Content": "YQ==", "DataId": "ä"}, "InvalidParameter.ParameterError"),
    ("made by machines", "TextModeration", {"Content": "YQ==", "Type": "TEXT_AIGC"}, "UnsupportedOperation"),
    ("unknown type", "TextModeration", {"Content": "YQ==", "Type": "X"}, "InvalidParameterValue.ErrType"),
    ("no picture at all", "ImageModeration", {}, "InvalidParameterValue.InvalidContent"),
    ("picture, no base64", "ImageModeration", {"FileContent": "é"}, "InvalidParameterValue.InvalidContent"),
    ("a text as picture", "ImageModeration", {"FileContent": "YQ=="}, "InvalidParameterValue.InvalidImageContent"),
    ("picture's data id", "ImageModeration", {"FileContent": "YQ==", "DataId": "!"},
     "InvalidParameterValue.InvalidDataId"),
    ("picture by machines", "ImageModeration", {"FileContent": "YQ==", "Type": "IMAGE_AIGC"}, "UnsupportedOperation"),
    ("no list", "TextModeration", ["a"], "InvalidParameter"),
    ("asynchronous", "CreateImageModerationAsyncTask", {}, "UnsupportedOperation"),
    ("finance", "CreateFinancialLLMTask", {}, "UnsupportedOperation"),
    ("no such action", "BurnText", {}, "InvalidAction"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "action", "body", "expected"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_have_the_vendors_shape(served: Served, name: str, action: str, body: Any, expected: str) -> None:
    answer = served.send(action, body)
    assert code(answer) == expected, answer.text
    told = {"action": action, "request": body, "response": answer.json()}
    told["response"]["Response"]["RequestId"] = "ID"
    golden(GOLDEN, f"error: {name}", told)


def test_golden_pairs(served: Served) -> None:
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "normal text": ("TextModeration", {"Content": packed("Good morning."), "DataId": "1"}),
        "listed text": ("TextModeration", {"Content": packed("a slurword, ballotword"), "BizType": "chat"}),
        "normal picture": ("ImageModeration", {"FileContent": packed(PNG)}),
        "known picture": ("ImageModeration", {"FileContent": packed(png(drawings.dog()))}),
    }
    for name, (action, body) in asked.items():
        answer = served.send(action, body)
        document = answer.json()
        assert document["Response"].pop("RequestId") == answer.headers["x-decision-id"]
        if "FileMD5" in document["Response"]:
            assert len(document["Response"].pop("FileMD5")) == 32
        sent = body if "Content" in body else name
        golden(GOLDEN, name, masked({"action": action, "request": sent, "response": document}, NUMBERS))


def test_the_errors_that_the_clients_raise(served: Served, tmp_path: Path) -> None:
    from tencentcloud.ims.v20201229 import models

    asked = models.CreateImageModerationAsyncTaskRequest()
    asked.from_json_string('{"CallbackUrl": "http://example.org/"}')
    with pytest.raises(TencentCloudSDKException) as raised:
        served.client("ims").CreateImageModerationAsyncTask(asked)
    assert raised.value.code == "UnsupportedOperation"
    assert raised.value.requestId
    with tencent(tmp_path, rate_limit=1) as limited:
        limited.text("a")
        with pytest.raises(TencentCloudSDKException) as often:
            limited.text("b")
        assert often.value.code == "RequestLimitExceeded"
        assert int(limited.send("TextModeration", {"Content": "YQ=="}).headers["retry-after"]) > 0


def test_unknown_fields_are_overlooked_and_nobody_looks_at_people(served: Served) -> None:
    person = {"UserId": "u", "Gender": 2, "Age": 15, "Phone": "1", "HeadUrl": "http://127.0.0.1:9/"}
    answer = served.text("hello", User=person, Device={"IP": "127.0.0.1"}, BizTag="t")
    assert (answer.Label, answer.RiskDetails) == ("Normal", None)
    loose = served.send("TextModeration", {"Content": packed("hello"), "Unknown": {"a": [1]}})
    assert loose.json()["Response"]["Label"] == "Normal"


@pytest.mark.parametrize("words", ["🖕🖕", "\x00\x01", "\u202eabc", " ", "é" * 2_000, "ﷺ" * 50, "你好，世界", "\ufeff"])
def test_any_text_is_answered(served: Served, words: str) -> None:
    assert served.text(words).Suggestion in ("Pass", "Review", "Block")


def test_big_bodies(served: Served) -> None:
    heavy = encode(drawn(2000, 1500), "BMP")  # nine megabytes, twelve as base64
    assert served.picture(FileContent=packed(heavy)).Label == "Normal"
    assert served.send("TextModeration", {"Content": packed("a"), "padding": "x" * 10_000_000}).json()["Response"][
        "Label"
    ]
    with pytest.raises(TencentCloudSDKException) as long:
        served.text("a" * 1_000_001)
    assert long.value.code == "InvalidParameterValue.ErrTextContentLen"
    assert code(served.send("TextModeration", b"x" * (48 * 2**20 + 1))) == "RequestSizeLimitExceeded"


def test_fifty_at_once_each_get_their_own_answer(served: Served) -> None:
    def one(number: int) -> str:
        label: str = served.text("a slurword" if number % 2 else "nothing at all").Label  # equal requests of one second
        return label

    told = fifty_at_once(one)
    assert told == ["Abuse" if number % 2 else "Normal" for number in range(100)]


def test_a_business_type_is_a_business_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: mine\nversion: '1'\nlines:\n  default: {rules: []}\n  strict:\n    rules:\n"
        "      - {name: any, when: {label: ads, score: {min: 0.5}, context: {dialect: tencent}}, action: review}\n"
        "      - {name: said, when: {context: {session_id: watched}}, action: block}\n"
    )
    with tencent(tmp_path, policy=policy, dialect_lines={"tencent/chat_room": "strict"}) as served:
        plain = served.text("the bestprice in town", BizType="other")
        strict = served.text("the bestprice in town", BizType="chat_room")
        rule = served.text("nothing", BizType="chat_room", SessionId="watched")
    assert (plain.Suggestion, plain.Label) == ("Pass", "Normal")
    assert (strict.Suggestion, strict.Label, strict.DetailResults[0].Suggestion) == ("Review", "Ad", "Review")
    assert (rule.Suggestion, rule.Label) == ("Block", "Custom"), "what has no label is not Normal"


def test_an_idempotency_key_gives_the_first_answer_again(served: Served) -> None:
    body, headers = {"Content": packed("a")}, {"idempotency-key": "tencent-1"}
    first, second = (served.send("TextModeration", body, headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert code(served.send("TextModeration", {"Content": packed("b")}, headers=headers)) == "InvalidParameter"


def test_a_detector_that_failed_never_reads_as_normal(tmp_path: Path) -> None:
    models = tmp_path / "models.yaml"
    models.write_text(
        "models:\n  - {kind: llm, name: gone, url: 'http://127.0.0.1:9/v1', model: m, policy: Be kind., retries: 0,\n"
        "     labels: [harassment]}\n"
    )
    with tencent(tmp_path, models=models) as served:
        answer = served.text("hello")
        listed = served.text("a slurword")
    assert (answer.Suggestion, answer.Label) == ("Review", "Incomplete")
    assert "text.llm:gone" in answer.Extra
    assert (listed.Suggestion, listed.Label) == ("Block", "Abuse")


def test_a_server_without_detectors_for_it_says_so(tmp_path: Path) -> None:
    with tencent(tmp_path, disabled_detectors=(*OFF, "image.nudity")) as served:
        with pytest.raises(TencentCloudSDKException) as raised:
            served.picture(FileContent=packed(PNG))
        assert raised.value.code == "InternalError"


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with tencent(tmp_path, dialects=("perspective",)) as served:
        answer = served.send("TextModeration", {"Content": "YQ=="})
    assert answer.status_code in (404, 405)


def test_shadow_mode_writes_both_down_and_no_content(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    with tencent(folders[0]) as old:
        shadow = {
            "shadow_urls": {"tencent": old.address},
            "shadow_keys": {"tencent": f"{old.pair.access_id}:{old.pair.secret}"},
        }
        with tencent(folders[1], data_dir=tmp_path / "data", **shadow) as served:
            ids = [served.text("a slurword here").RequestId]
            ids.append(served.picture(FileContent=packed(png(drawings.dog()))).RequestId)
            file = tmp_path / "data" / "shadow.jsonl"
            rows = {row["decision_id"]: row for row in compared(file, 2)}
    assert set(rows) == set(ids)
    assert rows[ids[0]]["scores"]["Abuse"] == rows[ids[0]]["scores"]["Suggestion"] == [1.0, 1.0]
    assert rows[ids[1]]["scores"]["Suggestion"] == [1.0, 1.0]
    assert "slurword" not in file.read_text()


def test_keys_are_kept_encrypted(served: Served) -> None:
    store = open_store(settings=served.settings)
    pair = store.dialect_keys.find(served.pair.access_id, dialect="tencent")
    store.close()
    assert pair.secret == served.pair.secret
    kept = Path(str(served.settings.database_url).removeprefix("sqlite:///")).parent
    assert not [file for file in kept.glob("test.db*") if served.pair.secret.encode() in file.read_bytes()]
    with serving(with_model(kept, secret_key="f" * 32, disabled_detectors=OFF)) as http:
        lost = Served(address=str(http.base_url).rstrip("/"), pair=served.pair, http=http, settings=served.settings)
        assert code(lost.send("TextModeration", {"Content": "YQ=="})) == "InternalError"
