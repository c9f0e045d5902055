"""Lists, health, metrics, docs and the OpenAPI document."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from evenhand.domain import TAXONOMY
from tests.server import quick, serving
from tests.turned_off import MODELS


def test_labels_are_the_taxonomy(client: httpx.Client) -> None:
    rows = {row["name"]: row for row in client.get("/v1/labels").json()["labels"]}
    assert set(rows) == set(TAXONOMY)
    assert rows["ads.contact"]["detectors"] == ["text.contact"]
    assert rows["politics"]["harm"] is False


def test_detectors_and_policies_are_listed(client: httpx.Client) -> None:
    names = [row["name"] for row in client.get("/v1/detectors").json()["detectors"]]
    assert "text.contact" in names
    assert "text.harm" not in names
    (policy,) = client.get("/v1/policies").json()["policies"]
    assert policy["name"] == "evenhand-default"
    assert "default" in policy["lines"]


def test_metrics_count_decisions(client: httpx.Client) -> None:
    client.post("/v1/check", json={"text": "hello"})
    text = client.get("/metrics").text
    assert re.search(r'evenhand_decisions_total\{action="pass",kind="text",line="default"\} \d', text)


def test_ready_once_the_models_are_loaded(tmp_path: Path) -> None:
    with serving(quick(tmp_path, disabled_detectors=MODELS), warm=True) as client:
        for _ in range(500):
            answer = client.get("/readyz")
            if answer.status_code == 200:
                break
        assert answer.json() == {"status": "ready", "problems": {}, "detectors": {}}


def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/"), source
        assert client.get(source).status_code == 200


def test_the_openapi_document_has_examples_and_bodies(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["BatchIn"]["examples"]
    assert schemas["CheckIn"]["properties"]["text"]
    body = document["paths"]["/v1/check"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
