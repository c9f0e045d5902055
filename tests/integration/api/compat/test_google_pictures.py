"""Pictures over Google's dialect: likelihoods, words, faces, and where pictures come from."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from evenhand.detectors import drawings
from tests.integration.api.compat.test_google import SAFE, VISION, error, listed, picture
from tests.integration.api.compat.test_openai import HEAVY, PNG, files
from tests.rekognition import png, rekognition
from tests.server import serving


@pytest.fixture(scope="module")
def by_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a client of a server that loads no text model."""
    folder = tmp_path_factory.mktemp("google")
    bucket = folder / "bucket"
    bucket.mkdir()
    (bucket / "a.png").write_bytes(PNG)
    with serving(listed(folder, s3_buckets={"uploads": str(bucket)})) as opened:
        yield opened


def test_safe_search_says_what_was_looked_for(by_lists: httpx.Client) -> None:
    answer = by_lists.post(VISION, json={"requests": [picture(), picture(source={})]})
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["responses"]
    assert first == second
    safe = first["safeSearchAnnotation"]
    assert set(safe) == {"adult", "spoof", "medical", "violence", "racy"}
    assert (safe["spoof"], safe["medical"]) == ("UNKNOWN", "UNKNOWN")
    assert safe["adult"] in ("VERY_UNLIKELY", "UNLIKELY")
    assert len(answer.headers["x-decision-id"].split(", ")) == 2
    numbers = by_lists.post(f"{VISION}?%24alt=json%3Benum-encoding%3Dint", json={"requests": [picture()]}).json()
    assert numbers["responses"][0]["safeSearchAnnotation"]["medical"] == 0
    assert numbers["responses"][0]["safeSearchAnnotation"]["adult"] in (1, 2)


def test_an_animation_is_judged_too(by_lists: httpx.Client) -> None:
    frames = [Image.new("RGB", (90, 90), tone) for tone in ("navy", "olive")]
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    (answer,) = by_lists.post(VISION, json={"requests": [picture(file.getvalue())]}).json()["responses"]
    assert answer["safeSearchAnnotation"]["adult"] in ("VERY_UNLIKELY", "UNLIKELY"), answer


def test_a_known_picture_does_not_read_as_clean(tmp_path: Path) -> None:
    with rekognition(tmp_path, disabled_detectors=HEAVY[:5]) as served:
        body = {"requests": [picture(png(drawings.dog())), picture(png(drawings.notice()))]}
        known, other = served.http.post(VISION, json=body, timeout=300).json()["responses"]
    assert known["safeSearchAnnotation"]["adult"] == known["safeSearchAnnotation"]["violence"] == "VERY_LIKELY"
    assert other["safeSearchAnnotation"]["adult"] in ("VERY_UNLIKELY", "UNLIKELY")


def test_pictures_in_storage_and_by_address(tmp_path: Path, by_lists: httpx.Client) -> None:
    def sourced(**source: str) -> dict[str, Any]:
        return {"image": {"source": source}, "features": [SAFE]}

    requests = [
        sourced(imageUri="gs://uploads/a.png"),
        sourced(gcsImageUri="gs://uploads/a.png"),
        sourced(imageUri="gs://uploads/b.png"),
        sourced(imageUri="http://169.254.169.254/latest/meta-data"),
        sourced(imageUri="http://127.0.0.1:9/a.png"),
        sourced(imageUri="ftp://example.org/a.png"),
    ]
    answers = by_lists.post(VISION, json={"requests": requests}).json()["responses"]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, None, 5, 14, 14, 3]
    assert all("safeSearchAnnotation" not in answer for answer in answers if "error" in answer)
    with files({"/a.png": PNG}) as address:
        allowed = address.removeprefix("http://")
        with serving(listed(tmp_path, fetch_allow_hosts=(allowed,))) as client:
            bodies = [sourced(imageUri=f"{address}/{name}.png") for name in "ab"]
            good, missing = client.post(VISION, json={"requests": bodies}).json()["responses"]
    assert "error" not in good
    assert missing["error"]["code"] == 14
    assert missing["error"]["message"].startswith("We can not access the URL currently")


def _words(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [word for block in page["blocks"] for part in block["paragraphs"] for word in part["words"]]


def test_words_and_faces(model_client: httpx.Client) -> None:
    every = ("TEXT_DETECTION", "FACE_DETECTION")
    body = {"requests": [picture(png(drawings.notice()), *every), picture(png(drawings.face(smile=True)), *every)]}
    written, faced = model_client.post(VISION, json=body, timeout=300).json()["responses"]
    first, *words = written["textAnnotations"]
    assert first["description"] == written["fullTextAnnotation"]["text"]
    assert [word["description"] for word in words] == first["description"].split()
    assert all(len(word["boundingPoly"]["vertices"]) == 4 for word in words)
    (page,) = written["fullTextAnnotation"]["pages"]
    ends = [word["symbols"][-1]["property"]["detectedBreak"]["type"] for word in _words(page)]
    assert set(ends) <= {"SPACE", "LINE_BREAK"}
    assert ends[-1] == "LINE_BREAK"
    assert ["".join(symbol["text"] for symbol in word["symbols"]) for word in _words(page)] == [
        word["description"] for word in words
    ]
    assert [word["boundingBox"] for word in _words(page)] == [word["boundingPoly"] for word in words]
    assert {block["blockType"] for block in page["blocks"]} == {"TEXT"}
    assert "faceAnnotations" not in written
    (face,) = faced["faceAnnotations"]
    feelings = {name: value for name, value in face.items() if name.endswith("Likelihood")}
    feelings.pop("blurredLikelihood")
    assert set(feelings.values()) == {"UNKNOWN"}, "a smile is no joy, and nobody looks for headwear"
    assert 0 < face["detectionConfidence"] <= 1


def test_other_features_have_their_error_beside_what_is_answered(by_lists: httpx.Client) -> None:
    body = {
        "requests": [
            picture(PNG, "LABEL_DETECTION", "SAFE_SEARCH_DETECTION"),
            picture(PNG, "WEB_DETECTION"),
            picture(PNG, "TEXT_DETECTION"),  # switched off in this server
            picture(PNG, "DOCUMENT_TEXT_DETECTION"),
            picture(PNG, "FACE_DETECTION"),
            {"image": {}, "features": [SAFE]},
            {"image": picture()["image"]},
            picture(b"\x89PNG\r\n\x1a\n broken"),
            picture(b"a text"),
        ]
    }
    answer = by_lists.post(VISION, json=body)
    first, *rest = answer.json()["responses"]
    assert "safeSearchAnnotation" in first
    assert first["error"]["code"] == 12
    assert first["error"]["message"].startswith("LABEL_DETECTION: not answered")
    assert [one["error"]["code"] for one in rest] == [12, 12, 12, 12, 3, 3, 3, 3]
    assert all(set(one) == {"error"} for one in rest)


def test_a_picture_that_could_not_be_judged_never_reads_as_clean(tmp_path: Path) -> None:
    answers = {}
    for mode in ("error", "worst"):
        folder = tmp_path / mode
        folder.mkdir()
        # A model that cannot answer in a millisecond
        with serving(
            listed(folder, dialect_incomplete=mode).model_copy(update={"detector_timeout_s": 0.001})
        ) as client:
            answers[mode] = client.post(VISION, json={"requests": [picture()]})
    assert error(answers["error"]) == (503, "UNAVAILABLE")
    safe = answers["worst"].json()["responses"][0]["safeSearchAnnotation"]
    assert {safe[name] for name in ("adult", "violence", "racy")} == {"VERY_LIKELY"}
