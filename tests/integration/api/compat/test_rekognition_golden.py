"""Rekognition's answers as they stand on the wire, recorded once: names, nesting, headers; scores by being there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.detectors import drawings
from tests.compat import golden, masked
from tests.rekognition import Served, png, rekognition, sign

pytest.importorskip("boto3", reason="boto3 is a test dependency")
GOLDEN = Path(__file__).parent / "golden_rekognition.json"
NUMBERS = frozenset(["Confidence", "Width", "Height", "Left", "Top", "X", "Y", "Roll", "Yaw", "Pitch", "Sharpness"])
HEADERS = ("content-type", "x-amzn-errortype")
PICTURES = {"landscape": drawings.landscape, "face": drawings.face, "notice": drawings.notice}
ASKED: dict[str, tuple[str, Any]] = {
    "labels": ("DetectModerationLabels", {"Image": "landscape"}),
    "no labels": ("DetectModerationLabels", {"Image": "notice", "Unknown": {"field": 1}}),
    "faces": ("DetectFaces", {"Image": "face", "Attributes": ["ALL"]}),
    "no faces": ("DetectFaces", {"Image": "notice"}),
    "text": ("DetectText", {"Image": "notice"}),
    "age": ("DetectFaces", {"Image": "face", "Attributes": ["AGE_RANGE"]}),
    "compare": ("CompareFaces", {}),
    "unknown": ("DetectProtectiveEquipment", {}),
    "no picture": ("DetectText", {}),
    "confidence": ("DetectModerationLabels", {"Image": "notice", "MinConfidence": 200}),
    "adapter": ("DetectModerationLabels", {"Image": "notice", "ProjectVersion": "arn:aws:rekognition:some"}),
    "bucket": ("DetectText", {"Image": {"S3Object": {"Bucket": "none", "Name": "a"}}}),
    "topic": ("StartContentModeration", {"Video": {"S3Object": {}}, "NotificationChannel": {}}),
    "job": ("GetContentModeration", {"JobId": "none"}),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with rekognition(tmp_path_factory.mktemp("golden")) as running:
        yield running


@pytest.mark.parametrize("name", ASKED)
def test_the_wire_is_as_recorded(served: Served, name: str) -> None:
    operation, asked = ASKED[name]
    sent = dict(asked)
    if isinstance(asked.get("Image"), str):
        sent["Image"] = {"Bytes": base64.b64encode(png(PICTURES[asked["Image"]]())).decode()}
    body = json.dumps(sent).encode()
    headers = sign(served, body, target=f"RekognitionService.{operation}")
    answer = served.http.post("/", content=body, headers=headers, timeout=600)
    told = {header: answer.headers[header] for header in HEADERS if header in answer.headers}
    response = {"status": answer.status_code, "headers": told, "body": answer.json()}
    golden(GOLDEN, name, masked({"operation": operation, "request": asked, "response": response}, NUMBERS))
