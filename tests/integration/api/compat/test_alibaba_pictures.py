"""Pictures and faces in both versions of Alibaba Cloud's API, with the vendor's clients over a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
from alibabacloud_green20220302.models import (
    DescribeImageModerationResultRequest,
    DescribeImageResultExtRequest,
    ImageBatchModerationRequest,
    ImageModerationRequest,
)
from aliyunsdkgreen.request.v20180509.AddFacesRequest import AddFacesRequest
from aliyunsdkgreen.request.v20180509.AddPersonRequest import AddPersonRequest
from aliyunsdkgreen.request.v20180509.DetectFaceRequest import DetectFaceRequest
from aliyunsdkgreen.request.v20180509.GetGroupsRequest import GetGroupsRequest
from aliyunsdkgreen.request.v20180509.ImageScanFeedbackRequest import ImageScanFeedbackRequest
from aliyunsdkgreen.request.v20180509.ImageSyncScanRequest import ImageSyncScanRequest
from aliyunsdkgreen.request.v20180509.SearchPersonRequest import SearchPersonRequest
from aliyunsdkgreen.request.v20180509.VoiceIdentityCheckRequest import VoiceIdentityCheckRequest

from evenhand.detectors import drawings
from evenhand.detectors.imagehash import hash_image
from evenhand.store import open_store
from tests.alibaba import Served, alibaba, hosting, words_in_picture
from tests.compat import SECRET_KEY
from tests.rekognition import png
from tests.server import quick
from tests.turned_off import MODELS

LIBRARY = "name: seen-before\nkind: images\nlist: black\nitems:\n  - {{value: {landscape}, label: violence.weapon}}\n"
LISTED = "name: stop-list\nkind: words\nlist: black\nlabel: spam.scam\nitems:\n  - florbzim deal\n"
SCENES = ["porn", "terrorism", "ad", "qrcode"]


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    drawn = zxingcpp.create_barcode("https://example.org/coupon", zxingcpp.BarcodeFormat.QRCode)
    code = Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(drawn))).convert("RGB").resize((300, 300), 0)
    picture = Image.new("RGB", (500, 400), "white")
    picture.paste(code, (100, 50))
    file = BytesIO()
    picture.save(file, "PNG")
    pictures = {
        "face.png": png(drawings.face(smile=True, eyewear="glasses")),
        "plain.png": png(drawings.face()),
        "dog.png": png(drawings.dog()),
        "listed.png": png(drawings.landscape()),
        "words.png": words_in_picture("FLORBZIM DEAL", "TODAY ONLY"),
        "code.png": file.getvalue(),
        "page.png": b"<!doctype html><p>Please sign in to see this picture.</p>",
        "broken.png": b"\x89PNG\r\n\x1a\n broken",
    }
    with hosting(pictures) as address:
        yield address


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, files: str) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pictures")
    lists = folder / "libraries"
    lists.mkdir()
    bucket = folder / "bucket"
    (bucket / "上海").mkdir(parents=True)
    (bucket / "上海" / "listed.png").write_bytes(png(drawings.landscape()))
    (folder / "secret.png").write_bytes(png(drawings.landscape()))
    digest = hash_image(png(drawings.landscape()))[0]
    (lists / "pictures.yaml").write_text(LIBRARY.format(landscape=digest))
    (lists / "words.yaml").write_text(LISTED)
    allowed = (files.removeprefix("http://"),)
    settings = quick(
        folder,
        secret_key=SECRET_KEY,
        libraries=lists,
        fetch_allow_hosts=allowed,
        detector_timeout_s=120,
        s3_buckets={"uploads": str(bucket)},
    )
    with alibaba(settings) as running:
        yield running


def moderated(served: Served, url: str, service: str = "baselineCheck", **more: Any) -> Any:
    parameters = json.dumps({"imageUrl": url, "dataId": "p-1", **more})
    request = ImageModerationRequest(service=service, service_parameters=parameters)
    return served.client_2022().image_moderation(request).body


def scan(served: Served, *urls: str, scenes: list[str] | None = None, **more: Any) -> dict[str, Any]:
    tasks = [{"dataId": str(place), "url": url} for place, url in enumerate(urls)]
    return served.ask(ImageSyncScanRequest(), {"scenes": scenes or SCENES, "tasks": tasks, **more})


def by_scene(task: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["scene"]: (row["suggestion"], row["label"]) for row in task["results"]}


def test_image_moderation(served: Served, files: str) -> None:
    found = moderated(served, f"{files}/listed.png")
    assert (found.code, found.msg, found.data.data_id) == (200, "OK", "p-1")
    [row] = found.data.result
    assert (row.label, row.confidence, row.risk_level) == ("violent_gunKnives", 100.0, "medium")
    assert found.data.risk_level == "medium"
    clean = moderated(served, f"{files}/dog.png")
    assert (clean.data.risk_level, [row.label for row in clean.data.result]) == ("none", ["nonLabel"])


def test_words_in_a_picture(served: Served, files: str) -> None:
    found = moderated(served, f"{files}/words.png", infoType="textInImage,customImage")
    assert "pt_investment_tii" in [row.label for row in found.data.result]
    text = found.data.ext.text_in_image
    assert [word.upper() for word in text.risk_word] == ["FLORBZIM DEAL"]
    assert [one.lib_name for one in text.custom_text] == ["stop-list"]
    assert any("TODAY" in one.text.upper() for one in text.ocr_result)
    assert found.data.ext.custom_image == []
    later = served.client_2022().describe_image_result_ext(
        DescribeImageResultExtRequest(req_id=found.request_id, info_type="textInImage")
    )
    assert [word.upper() for word in later.body.data.text_in_image.risk_words] == ["FLORBZIM DEAL"]


def test_an_earlier_picture_by_its_id(served: Served, files: str) -> None:
    found = moderated(served, f"{files}/listed.png", infoType="customImage")
    assert [one.lib_name for one in found.data.ext.custom_image] == ["seen-before"]
    request = DescribeImageModerationResultRequest(req_id=found.request_id)
    later = served.client_2022().describe_image_moderation_result(request).body
    assert (later.code, later.data.req_id, later.data.data_id) == (200, found.request_id, "p-1")
    assert [row.label for row in later.data.result] == ["violent_gunKnives"]
    gone = DescribeImageModerationResultRequest(req_id="ABCD1234-1234-1234-1234-1234ABCD")
    assert served.client_2022().describe_image_moderation_result(gone).body.code == 404
    # Another caller's picture is not there.
    store = open_store(settings=served.settings)
    other = replace(served, pair=store.dialect_keys.create("other", dialect="alibaba"))
    store.close()
    assert other.client_2022().describe_image_moderation_result(request).body.code == 404
    marked = {"taskId": found.request_id, "suggestion": "pass"}
    assert other.ask(ImageScanFeedbackRequest(), marked)["code"] == 404


def test_several_services_at_once(served: Served, files: str) -> None:
    parameters = json.dumps({"imageUrl": f"{files}/listed.png"})
    request = ImageBatchModerationRequest(
        service="baselineCheck,postImageCheck,faceDetect", service_parameters=parameters
    )
    data = served.client_2022().image_batch_moderation(request).body.data
    assert [(row.service, row.risk_level) for row in data.results] == [
        ("baselineCheck", "medium"),
        ("postImageCheck", "medium"),
        ("faceDetect", "none"),
    ]
    assert data.risk_level == "medium"


def test_scenes(served: Served, files: str) -> None:
    answer = scan(served, f"{files}/listed.png", f"{files}/dog.png", f"{files}/words.png", f"{files}/code.png")
    listed, dog, words, code = answer["data"]
    assert by_scene(listed) == {
        "porn": ("pass", "normal"),
        "terrorism": ("review", "weapon"),
        "ad": ("pass", "normal"),
        "qrcode": ("pass", "normal"),
    }
    assert set(by_scene(dog).values()) == {("pass", "normal")}
    assert by_scene(words)["ad"] == ("review", "spam")
    assert by_scene(words)["terrorism"] == ("pass", "normal")
    [hint] = next(row for row in words["results"] if row["scene"] == "ad")["hintWordsInfo"]
    assert hint["context"].upper() == "FLORBZIM DEAL"
    row = next(row for row in code["results"] if row["scene"] == "qrcode")
    assert (row["label"], row["qrcodeData"]) == ("qrcode", ["https://example.org/coupon"])
    [place] = row["qrcodeLocations"]
    assert 60 < place["x"] < 200
    assert 150 < place["w"] < 320


def test_scenes_that_nothing_looks_for_never_read_as_clean(served: Served, files: str) -> None:
    rows = scan(served, f"{files}/dog.png", scenes=["porn", "live", "logo"])["data"][0]["results"]
    assert [(row["scene"], row["suggestion"]) for row in rows] == [
        ("porn", "pass"),
        ("live", "review"),
        ("logo", "review"),
    ]
    assert "incomplete" not in rows[0]
    assert set(rows[1]["incomplete"]) == {"live"}


def test_pictures_that_cannot_be_had(served: Served, files: str) -> None:
    answer = scan(served, f"{files}/nowhere.png", f"{files}/broken.png", "http://127.0.0.1:1/x.png", f"{files}/dog.png")
    assert [row["code"] for row in answer["data"]] == [480, 400, 480, 200]
    assert answer["data"][0]["msg"].startswith("DOWNLOAD_FAILED")
    assert answer["data"][0]["url"] == f"{files}/nowhere.png"
    gone = moderated(served, f"{files}/nowhere.png")
    assert (gone.code, gone.msg.partition(":")[0]) == (480, "DOWNLOAD_FAILED")


def test_a_page_in_a_pictures_place_is_no_clean_picture(served: Served, files: str) -> None:
    [row] = scan(served, f"{files}/page.png")["data"]
    assert row["code"] == 400
    assert "picture" in row["msg"]
    assert moderated(served, f"{files}/page.png").code == 400


def test_the_servers_own_network_is_not_reached(served: Served) -> None:
    inside = f"{served.http.base_url}readyz"
    for url in (inside, "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"):
        assert moderated(served, url).code == 480
        assert scan(served, url)["data"][0]["code"] == 480


def test_faces(served: Served, files: str) -> None:
    [face] = moderated(served, f"{files}/face.png", service="faceDetect").data.ext.face_data
    assert face.glasses == "Wear"
    assert face.smile > 50
    assert face.location.w > 20
    assert (face.age, face.gender, face.mask, face.hat, face.hairstyle, face.bang, face.mustache) == (None,) * 7
    [plain] = moderated(served, f"{files}/plain.png", service="faceDetect_pro").data.ext.face_data
    assert plain.glasses == "None"
    assert plain.smile < 50
    answer = served.ask(DetectFaceRequest(), {"url": f"{files}/face.png", "dataId": "f-1"})
    assert (answer["code"], answer["data"]["dataId"]) == (200, "f-1")
    [old] = answer["data"]["faces"]
    assert (old["glasses"]["value"], old["smile"]["value"]) == ("Wear", True)
    assert old["smile"]["rate"] > 50
    assert set(old) <= {"location", "glasses", "smile", "quality"}
    assert served.ask(DetectFaceRequest(), {"url": f"{files}/dog.png"})["data"]["faces"] == []


@pytest.mark.parametrize("off", [("image.face",), ()])
def test_faces_that_nothing_looked_for_are_not_said_to_be_absent(
    tmp_path: Path, files: str, off: tuple[str, ...]
) -> None:
    """Switched off, or too slow."""
    others = tuple(name for name in MODELS if name != "image.face")
    slow = {} if off else {"detector_timeout_s": 0.0001}
    host = files.removeprefix("http://")
    settings = quick(
        tmp_path, secret_key=SECRET_KEY, disabled_detectors=(*others, *off), fetch_allow_hosts=(host,), **slow
    )
    with alibaba(settings) as blind:
        new = moderated(blind, f"{files}/face.png", service="faceDetect")
        old = blind.ask(DetectFaceRequest(), {"url": f"{files}/face.png"})
    assert (new.code, old["code"]) == (500, 500)
    assert "image.face" in new.msg


@pytest.mark.parametrize(
    "attribute", ["age", "gender", "Race", "beauty", "hairstyle", "mask", "emotion", "glasses,age"]
)
def test_other_attributes_are_refused(served: Served, files: str, attribute: str) -> None:
    found = moderated(served, f"{files}/face.png", service="faceDetect", attributes=attribute)
    assert (found.code, found.msg.partition(":")[0], found.data) == (408, "PERMISSION_DENY", None)
    old = served.ask(DetectFaceRequest(), {"url": f"{files}/face.png", "attributes": attribute.split(",")})
    assert (old["code"], old["msg"].partition(":")[0]) == (596, "PERMISSION_DENY")
    assert "data" not in old


@pytest.mark.parametrize("service", ["faceCompare", "publicFigureCheck", "celebrityDetect", "faceSearch_pro"])
def test_services_about_who_someone_is_are_refused(served: Served, files: str, service: str) -> None:
    found = moderated(served, f"{files}/face.png", service=service)
    assert found.code == 408
    assert "refused" in found.msg
    assert moderated(served, f"{files}/face.png", infoType="publicFigure").code == 408


@pytest.mark.parametrize(
    "request_class",
    [AddFacesRequest, AddPersonRequest, GetGroupsRequest, SearchPersonRequest, VoiceIdentityCheckRequest],
)
def test_person_groups_and_voices_are_refused(served: Served, request_class: Any) -> None:
    answer = served.ask(request_class(), {"groupId": "g", "personId": "p"})
    assert answer["code"] == 596
    assert "refused" in answer["msg"]
    assert "data" not in answer


@pytest.mark.parametrize("scene", ["sface", "sface-1", "sface-n", "face"])
def test_face_scenes_are_refused(served: Served, files: str, scene: str) -> None:
    answer = scan(served, f"{files}/face.png", scenes=["porn", scene])
    assert answer["code"] == 596
    assert "refused" in answer["msg"]


def test_other_scenes_and_services_are_refused_clearly(served: Served, files: str) -> None:
    answer = scan(served, f"{files}/dog.png", scenes=["weather"])
    assert answer["code"] == 400
    assert "porn, terrorism, ad" in answer["msg"]
    assert moderated(served, f"{files}/dog.png", service="aigcCheck").code == 408
    assert moderated(served, "", service="baselineCheck").code == 400


def test_a_picture_is_marked(served: Served, files: str) -> None:
    task = scan(served, f"{files}/dog.png")["data"][0]["taskId"]
    body = {"taskId": task, "suggestion": "block", "scenes": ["porn"], "note": "wrong"}
    assert served.ask(ImageScanFeedbackRequest(), body)["code"] == 200
    assert served.ask(ImageScanFeedbackRequest(), {**body, "suggestion": "maybe"})["code"] == 400
    assert served.ask(ImageScanFeedbackRequest(), {"suggestion": "pass", "scenes": ["porn"]})["code"] == 400
    store = open_store(settings=served.settings)
    kept = store.suggestions.list()[-1]
    decision = store.decision(task)
    store.close()
    assert (kept.content_hash, kept.labels, kept.scores) == (decision["content_hash"], {"sexual": 1.0}, {"porn": 1.0})


def test_many_at_a_time(served: Served, files: str) -> None:
    urls = [f"{files}/listed.png", f"{files}/dog.png"]

    def one(number: int) -> str:
        return str(moderated(served, urls[number % 2]).data.risk_level)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(one, range(16))) == ["medium", "none"] * 8


def test_objects_in_buckets(served: Served) -> None:
    def stored(bucket: str, name: str) -> Any:
        return moderated(served, "", ossBucketName=bucket, ossObjectName=name)

    found = stored("uploads", "上海/listed.png")
    assert found.code == 200, found.msg
    assert found.data.risk_level == "medium"
    for bucket, name in (("uploads", "none.png"), ("other", "x.png"), ("uploads", "../secret.png"), ("uploads", "")):
        assert stored(bucket, name).code == 480, name
