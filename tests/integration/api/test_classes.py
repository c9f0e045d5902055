"""Custom classes over HTTP: taught from texts, files and what people judged; live in another process; taken back."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand.facade import Moderator
from evenhand.settings import Settings
from tests.server import serving
from tests.turned_off import PICTURE_MODELS
from tests.unit.detectors.scenes import scene
from tests.unit.detectors.test_classes import sticker
from tests.unit.detectors.test_classes_text import pupils, sellers

_OFF = tuple(name for name in PICTURE_MODELS if name != "image.classes")
_OFFER = next(text for text in sellers(9, 40) if text not in sellers(1, 24))


def _settings(folder: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / 'test.db'}",
        data_dir=folder,
        plugins=False,
        threads=1,
        disabled_detectors=_OFF,
        keep_originals_days=30,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classes_api")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(_settings(folder)) as client:
        yield client


def _taught(client: httpx.Client, **more: Any) -> Any:
    body = {"name": "essay_mill", "label": "spam.essay_mill", "examples": sellers(1, 24), "against": pupils(1, 20)}
    answer = client.post("/v1/classes", json={**body, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _labels(client: httpx.Client, text: str) -> Any:
    return client.post("/v1/check", json={"text": text}).json()["labels"]


def test_from_examples_to_a_check_in_every_process(client: httpx.Client, folder: Path) -> None:
    made = _taught(client)
    assert (made["number"], made["deployed"], made["audit"]["passed"]) == (1, False, True)
    assert made["quality"]["found"]["of"] == 24
    assert "spam.essay_mill" not in _labels(client, _OFFER)
    said = client.post("/v1/classes/essay_mill/try", json={"text": _OFFER}).json()  # though it judges nothing yet
    assert (said["number"], said["label"], said["found"], said["partial"]) == (1, "spam.essay_mill", True, None)
    assert made["threshold"] <= said["score"] <= 1
    said = client.post("/v1/classes/essay_mill/try", json={"text": "The library opens at nine.", "number": 1}).json()
    assert not said["found"]
    assert client.post("/v1/classes/essay_mill/try", json={"text": _OFFER, "number": 9}).status_code == 404
    with Moderator(_settings(folder)) as other:  # another process on the same store would do the same
        assert "spam.essay_mill" not in other.check(_OFFER).labels
        assert client.post("/v1/classes/essay_mill/deploy", json={"number": 1}).json()["number"] == 1
        assert _labels(client, _OFFER)["spam.essay_mill"] >= made["threshold"]
        time.sleep(1.1)  # a process looks once a second
        result = other.check(_OFFER)
        assert "spam.essay_mill" in result.labels
        assert result.models["text.classes"] != "1"
        second = _taught(client, threshold=0.9, deploy=True)
        assert (second["number"], second["deployed"]) == (2, True)
        assert client.post("/v1/classes/essay_mill/rollback").json()["number"] == 1
        shown = client.get("/v1/classes/essay_mill").json()
        assert (shown["deployed"], shown["previous"], len(shown["versions"])) == (1, 2, 2)
        assert client.post("/v1/classes/essay_mill/withdraw").json()["deployed"] is None
        time.sleep(1.1)
        assert "spam.essay_mill" not in other.check(_OFFER).labels
    assert [one["name"] for one in client.get("/v1/classes").json()["classes"]] == ["essay_mill"]
    assert client.delete("/v1/classes/essay_mill").status_code == 204
    assert client.get("/v1/classes/essay_mill").status_code == 404
    actions = [
        one["action"] for one in client.get("/v1/audit-log", params={"subject": "class:essay_mill"}).json()["entries"]
    ]
    assert {"class.train", "class.deploy", "class.rollback", "class.withdraw", "class.remove"} <= set(actions)


def test_pictures_and_texts_come_as_files(client: httpx.Client) -> None:
    def png(image: Any) -> bytes:
        held = io.BytesIO()
        image.save(held, "PNG")
        return held.getvalue()

    files: list[Any] = [("examples", (f"{i}.png", png(sticker(i)))) for i in range(10)]
    files += [("against", (f"n{i}.png", png(scene(i + 100, size=(320, 240))))) for i in range(8)]
    files.append(("examples", ("broken.png", b"no picture")))
    answer = client.post(
        "/v1/classes", data={"name": "stickers", "label": "ads.stickers", "deploy": "true"}, files=files
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["medium"], made["deployed"]) == ("image", True)
    assert made["left_out"][0]["name"] == "broken.png"
    assert made["audit"]["pictures"] == 80
    shown = client.post("/v1/check", files={"file": ("new.png", png(sticker(500)))}).json()
    assert "ads.stickers" in shown["labels"]
    tried = client.post("/v1/classes/stickers/try", json={"text": "a sticker"})
    assert tried.status_code == 422, tried.text
    texts = "text,by\n" + "\n".join(f'"{text}",x' for text in sellers(2, 12))
    answer = client.post("/v1/classes", data={"name": "mill_csv"}, files={"examples": ("a.csv", texts.encode())})
    assert (answer.status_code, answer.json()["label"]) == (201, "known.mill_csv")


def test_from_what_people_judged(client: httpx.Client) -> None:
    for side, label in ((sellers(4, 14), ["spam.scam"]), (pupils(4, 10), [])):
        for text in side:
            done = client.post("/v1/check", json={"text": text}).json()
            mark = {"decision_id": done["decision_id"], "verdict": "wrong", "labels": label, "reason": "a test"}
            mark |= {"action": "block"} if label else {}
            answer = client.post("/v1/marks", json={"marks": [mark]})
            assert answer.status_code < 300, answer.text
    counted = client.get("/v1/classes:history", params={"label": "spam.scam"}).json()
    assert counted == {"examples": 14, "against": 10, "not_kept": 0}
    made = client.post("/v1/classes", json={"name": "judged_mill", "history": {"label": "spam.scam"}}).json()
    assert (made["quality"]["examples"], made["quality"]["against"]) == (14, 10)
    assert all("text" not in row for row in made["mistakes"] if row["side"] != "ordinary")
    assert any("decision" in row for row in made["mistakes"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "religion", "examples": ["a"] * 9}, 422, "refused_label"),
        ({"name": "hats", "label": "face.hats", "examples": []}, 422, "refused_label"),
        ({"name": "hats", "examples": ["one two"]}, 422, "library"),
        ({"name": "hats", "exampels": []}, 422, "input"),
        ({"name": "hats", "medium": "image", "examples": ["x"]}, 422, "input"),
        ([], 422, "input"),
    ],
)
def test_what_cannot_be_taught(client: httpx.Client, body: Any, status: int, code: str) -> None:
    answer = client.post("/v1/classes", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in (400, status), answer.text
    assert "error" in answer.json()


def test_steps_without_a_class(client: httpx.Client) -> None:
    for step, body in (("deploy", {"number": 1}), ("rollback", None), ("withdraw", None), ("try", {"text": "a"})):
        assert client.post(f"/v1/classes/nothing/{step}", json=body).status_code == 404
    assert client.delete("/v1/classes/nothing").status_code == 404
