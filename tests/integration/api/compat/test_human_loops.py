"""Human loops of A2I with boto3: they are review items here, under the caller's names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evenhand.api.application import create_app
from evenhand.detectors import drawings
from evenhand.errors import SettingsError
from evenhand.store import open_store
from tests.compat import with_model
from tests.rekognition import HEAVY, Served, png, rekognition
from tests.server import quick

pytest.importorskip("boto3", reason="boto3 is a test dependency")
from botocore.exceptions import ClientError

FLOW = "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/people"
POLICY = """
name: asks
version: "1"
lines:
  default:
    extends: evenhand
    rules:
      - name: seen-before
        when: {label: known}
        action: review
        reason: a person looks at what was seen before
  people:
    extends: default
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("loops")
    (folder / "policy.yaml").write_text(POLICY)
    more: dict[str, Any] = {
        "disabled_detectors": HEAVY,
        "policy": folder / "policy.yaml",
        "dialect_lines": {"rekognition/people": "people"},
        "human_loops_output": "uploads/answers",
    }
    with rekognition(folder, **more) as running:
        yield running


@pytest.fixture(scope="module")
def pictures(served: Served) -> Any:
    return served.client()


@pytest.fixture(scope="module")
def loops(served: Served) -> Any:
    return served.client("sagemaker-a2i-runtime")


def _config(name: str) -> dict[str, str]:
    return {"HumanLoopName": name, "FlowDefinitionArn": FLOW}


def _decide(served: Served, decision_id: str, **verdict: Any) -> None:
    answer = served.http.post(f"/v1/review/items/{decision_id}/decide", json=verdict)
    assert answer.status_code == 200, answer.text


def test_a_picture_that_the_policy_sends_to_people_starts_a_loop(served: Served, pictures: Any, loops: Any) -> None:
    image = {"Bytes": png(drawings.landscape())}
    answer = pictures.detect_moderation_labels(Image=image, HumanLoopConfig=_config("first"))
    started = answer["HumanLoopActivationOutput"]
    assert started["HumanLoopArn"] == "arn:aws:sagemaker:us-east-1:123456789012:human-loop/first"
    assert started["HumanLoopActivationReasons"] == ["ConditionsEvaluation"]
    (condition,) = json.loads(started["HumanLoopActivationConditionsEvaluationResults"])["Conditions"]
    assert condition["EvaluationResult"] is True

    told = loops.describe_human_loop(HumanLoopName="first")
    assert (told["HumanLoopStatus"], told["FlowDefinitionArn"]) == ("InProgress", FLOW)
    assert "HumanLoopOutput" not in told
    assert abs(told["CreationTime"] - datetime.now(UTC)) < timedelta(minutes=10)

    decision_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-decision-id"]
    _decide(served, decision_id, verdict="wrong", labels=[], reason="a landscape")
    told = loops.describe_human_loop(HumanLoopName="first")
    assert told["HumanLoopStatus"] == "Completed"
    assert told["HumanLoopOutput"] == {"OutputS3Uri": "s3://uploads/answers/first/output.json"}
    written = json.loads((served.bucket / "answers" / "first" / "output.json").read_text())
    (human,) = written["humanAnswers"]
    assert human["answerContent"]["verdict"] == "wrong"
    assert human["answerContent"]["action"] == "pass"
    assert written["inputContent"] == {"decisionId": decision_id}


def test_what_nobody_asked_people_about_starts_none(pictures: Any, loops: Any) -> None:
    image = {"Bytes": png(drawings.face())}
    answer = pictures.detect_moderation_labels(Image=image, HumanLoopConfig=_config("unneeded"))
    assert answer["HumanLoopActivationOutput"]["HumanLoopActivationReasons"] == []
    assert "HumanLoopArn" not in answer["HumanLoopActivationOutput"]
    with pytest.raises(loops.exceptions.ResourceNotFoundException):
        loops.describe_human_loop(HumanLoopName="unneeded")


def test_a_name_is_used_once(pictures: Any, loops: Any) -> None:
    image = {"Bytes": png(drawings.landscape())}
    pictures.detect_moderation_labels(Image=image, HumanLoopConfig=_config("once"))
    with pytest.raises(pictures.exceptions.InvalidParameterException, match="exists already"):
        pictures.detect_moderation_labels(Image=image, HumanLoopConfig=_config("once"))
    with pytest.raises(loops.exceptions.ConflictException):
        loops.start_human_loop(**_config("once"), HumanLoopInput={"InputContent": '{"text": "hello"}'})


def test_a_person_can_be_asked_for_about_anything(served: Served, loops: Any) -> None:
    (served.bucket / "dog.png").write_bytes(png(drawings.dog()))
    for name, content in (("a-text", {"text": "Good morning."}), ("a-picture", {"taskObject": "s3://uploads/dog.png"})):
        started = loops.start_human_loop(**_config(name), HumanLoopInput={"InputContent": json.dumps(content)})
        decision_id = started["ResponseMetadata"]["HTTPHeaders"]["x-decision-id"]
        decision = served.http.get(f"/v1/decisions/{decision_id}").json()
        assert decision["action"] == "review"
        assert decision["policy"].endswith("/people")
        item = served.http.get(f"/v1/review/items/{decision_id}").json()
        assert (item["state"], item["line"]) == ("waiting", "people")
        assert loops.describe_human_loop(HumanLoopName=name)["HumanLoopStatus"] == "InProgress"


def test_loops_are_listed_stopped_and_forgotten(served: Served, loops: Any) -> None:
    flow = FLOW.replace("/people", "/listed")
    for number in range(5):
        config = {"HumanLoopName": f"n{number}", "FlowDefinitionArn": flow}
        loops.start_human_loop(**config, HumanLoopInput={"InputContent": json.dumps({"text": f"remark {number}"})})
    seen = list[str]()
    token: dict[str, str] = {}
    while True:
        page = loops.list_human_loops(FlowDefinitionArn=flow, SortOrder="Ascending", MaxResults=2, **token)
        seen += [one["HumanLoopName"] for one in page["HumanLoopSummaries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [f"n{number}" for number in range(5)]
    latest = loops.list_human_loops(FlowDefinitionArn=flow)["HumanLoopSummaries"]
    assert [one["HumanLoopName"] for one in latest] == seen[::-1]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert loops.list_human_loops(FlowDefinitionArn=flow, CreationTimeAfter=later)["HumanLoopSummaries"] == []

    waiting = served.http.get("/v1/review/items", params={"state": "waiting"}).json()["items"]
    loops.stop_human_loop(HumanLoopName="n0")
    loops.stop_human_loop(HumanLoopName="n0")
    assert loops.describe_human_loop(HumanLoopName="n0")["HumanLoopStatus"] == "Stopped"
    left = served.http.get("/v1/review/items", params={"state": "waiting"}).json()["items"]
    assert len(left) == len(waiting) - 1
    loops.delete_human_loop(HumanLoopName="n1")
    with pytest.raises(loops.exceptions.ResourceNotFoundException):
        loops.describe_human_loop(HumanLoopName="n1")
    log = served.http.get("/v1/audit-log", params={"limit": 1000}).json()["entries"]
    assert {"human_loop.start", "human_loop.stop", "human_loop.forget"} <= {entry["action"] for entry in log}


def test_loops_are_each_callers_own(served: Served, loops: Any) -> None:
    loops.start_human_loop(**_config("mine"), HumanLoopInput={"InputContent": '{"text": "hello there"}'})
    store = open_store(settings=with_model(served.bucket.parent))
    other = store.dialect_keys.create("another", dialect="rekognition")
    store.close()
    theirs = served.client(
        "sagemaker-a2i-runtime", aws_access_key_id=other.access_id, aws_secret_access_key=other.secret
    )
    with pytest.raises(theirs.exceptions.ResourceNotFoundException):
        theirs.describe_human_loop(HumanLoopName="mine")
    assert theirs.list_human_loops(FlowDefinitionArn=FLOW)["HumanLoopSummaries"] == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no JSON", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"ü": 1}', "must be a JSON object"),
        ('{"taskObject": "s3://uploads/../secret.png"}', "no object here has"),
        ('{"taskObject": "s3://nowhere/dog.png"}', "no bucket nowhere"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(loops: Any, content: str, why: str) -> None:
    with pytest.raises(loops.exceptions.ValidationException, match=why):
        loops.start_human_loop(**_config("bad"), HumanLoopInput={"InputContent": content})
    with pytest.raises(loops.exceptions.ResourceNotFoundException):
        loops.describe_human_loop(HumanLoopName="bad")


def test_answers_go_to_a_bucket_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no bucket 'elsewhere'"):
        create_app(quick(tmp_path, human_loops_output="elsewhere/answers"))


def test_bad_requests_are_told_in_the_services_words(loops: Any) -> None:
    with pytest.raises(loops.exceptions.ValidationException):
        loops.describe_human_loop(HumanLoopName="UPPER CASE")
    with pytest.raises(loops.exceptions.ValidationException):
        loops.list_human_loops(FlowDefinitionArn=FLOW, NextToken="bm9uc2Vuc2U=")
    with pytest.raises(ClientError) as caught:
        loops.start_human_loop(
            HumanLoopName="x", FlowDefinitionArn="arn:of:nothing", HumanLoopInput={"InputContent": "{}"}
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
