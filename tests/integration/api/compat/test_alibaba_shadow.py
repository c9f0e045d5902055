"""Shadow mode of both versions: a second server, which verifies signatures, stands for the old vendor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("alibabacloud_green20220302", reason="the vendor's clients are test dependencies")
pytest.importorskip("aliyunsdkgreen", reason="the vendor's clients are test dependencies")
from alibabacloud_green20220302 import models
from aliyunsdkgreen.request.v20180509.ImageSyncScanRequest import ImageSyncScanRequest
from aliyunsdkgreen.request.v20180509.TextScanRequest import TextScanRequest

from evenhand.cli.migrate_report import report
from evenhand.detectors import drawings
from tests.alibaba import alibaba, hosting, libraries, plus
from tests.compat import SECRET_KEY, compared
from tests.rekognition import HEAVY, png
from tests.server import quick

POLICY = """
name: test
version: "1"
lines:
  default:
    rules:
      - {name: scams, when: {label: spam.scam, score: {min: 0.5}}, action: ACTION}
"""


def test_both_versions_are_compared(tmp_path: Path) -> None:
    common: dict[str, Any] = {"secret_key": SECRET_KEY, "libraries": libraries(tmp_path / "lists")}
    for name, action in (("old", "review"), ("new", "block")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(POLICY.replace("ACTION", action))
    with hosting({"dog.png": png(drawings.dog())}) as files:
        common["fetch_allow_hosts"] = (files.removeprefix("http://"),)
        common["disabled_detectors"] = HEAVY
        with alibaba(quick(tmp_path / "old", policy=tmp_path / "old" / "policy.yaml", **common)) as old:
            url = f"http://{old.host}"
            data = tmp_path / "data"
            settings = quick(
                tmp_path / "new",
                policy=tmp_path / "new" / "policy.yaml",
                data_dir=data,
                shadow_urls={"alibaba": url, "alibaba/2018-05-09": f"{url}/"},
                shadow_keys={"alibaba": f"{old.pair.access_id}:{old.pair.secret}"},
                **common,
            )
            with alibaba(settings) as new:
                client = new.client_2022()
                for text in ("florbzim deal", "a quiet day"):
                    answer = client.text_moderation_plus(plus("comment_detection_pro", content=text, callback="x"))
                    assert answer.body.code == 200
                sent = json.dumps({"content": "florbzim deal"})
                client.text_moderation(models.TextModerationRequest(service="chat_detection", service_parameters=sent))
                picture = json.dumps({"imageUrl": f"{files}/dog.png"})
                client.image_moderation(
                    models.ImageModerationRequest(service="baselineCheck", service_parameters=picture)
                )
                compared(data / "shadow.jsonl", 4)
                texts = [{"dataId": text, "content": text} for text in ("florbzim deal", "弗洛布交易", "a day", "")]
                rows = new.ask(TextScanRequest(), {"scenes": ["antispam"], "tasks": texts})["data"]
                assert [row["code"] for row in rows] == [200, 200, 200, 400]
                task = {"url": f"{files}/dog.png"}
                new.ask(ImageSyncScanRequest(), {"scenes": ["porn", "ad"], "tasks": [task]})
                found = compared(data / "shadow.jsonl", 8)
                ids = {row["taskId"] for row in rows if "taskId" in row}
    assert not [row for row in found if "error" in row], found
    new_rows = [row["scores"] for row in found if row["dialect"] == "alibaba"]
    assert sorted(map(str, new_rows)) == sorted(
        map(str, [{"risk": [0.6, 1.0]}, {"risk": [0.0, 0.0]}, {"risk": [0.6, 1.0]}, {"risk": [0.0, 0.0]}])
    )
    old_rows = {row["decision_id"]: row["scores"] for row in found if row["dialect"] == "alibaba/2018-05-09"}
    assert ids <= set(old_rows)
    both = sorted(str(scores) for scores in old_rows.values())
    listed = [{"antispam": [0.6, 1.0]}, {"antispam": [0.6, 1.0]}, {"antispam": [0.0, 0.0]}]
    assert both == sorted(map(str, [*listed, {"porn": [0.0, 0.0], "ad": [0.0, 0.0]}]))
    written = (data / "shadow.jsonl").read_text()
    assert not any(secret in written for secret in ("florbzim", "弗洛布", old.pair.secret, "dog.png"))
    assert any("alibaba risk: 4 scores" in line for line in report(data / "shadow.jsonl"))


def test_an_error_of_the_vendors_service_is_no_agreement(tmp_path: Path) -> None:
    common: dict[str, Any] = {"secret_key": SECRET_KEY, "disabled_detectors": HEAVY}
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with alibaba(quick(tmp_path / "old", **common)) as old:
        settings = quick(
            tmp_path / "new",
            data_dir=tmp_path / "data",
            shadow_urls={"alibaba": f"http://{old.host}"},
            shadow_keys={"alibaba": f"{old.pair.access_id}:wrong"},
            **common,
        )
        with alibaba(settings) as new:
            assert new.client_2022().text_moderation_plus(plus("comment_detection_pro", content="x")).body.code == 200
            [row] = compared(tmp_path / "data" / "shadow.jsonl", 1)
    assert row["error"] == "HTTPStatusError 400"
