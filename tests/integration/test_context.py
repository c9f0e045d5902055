"""Context through every door: HTTP, the command line and Python, with the harm model's version held fixed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenhand import Author, Message, Moderator, Options, Settings
from evenhand.inference.packages import TEXT_PAST as PACKAGE
from tests.server import quick, serving

pytestmark = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")

MODEL = "text-2026.2"
TEXT, BEFORE = "and then you die", [{"text": "i'm going to find you", "author": "a"}]
SAID = "raised from"
POLICY = """
name: house
version: "1"
lines:
  default:
    rules:
      - {name: threat, when: {label: harassment.threat}, action: review}
      - {name: repeated, when: {author: {violations: {gte: 3}}}, action: block}
      - {name: new, when: {author: {age_days: {lt: 1}}}, unless: {author: {trusted: true}}, action: mark}
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, policy: Path) -> Iterator[httpx.Client]:
    settings = quick(
        tmp_path_factory.mktemp("context"),
        disabled_detectors=(),
        text_model=MODEL,
        policy=policy,
        detector_timeout_s=300.0,
        keep_context_keys=("author",),
    )
    with serving(settings) as opened:
        opened.timeout = httpx.Timeout(300)
        yield opened


def test_over_http_the_conversation_raises_a_score_and_the_answer_says_so(client: httpx.Client) -> None:
    alone = client.post("/v1/check", json={"text": TEXT, "all_scores": True}).json()
    asked = {"text": TEXT, "all_scores": True, "conversation": BEFORE}
    answer = client.post("/v1/check", json=asked).json()
    assert answer["labels"]["harassment.threat"] > alone["labels"]["harassment.threat"]
    assert (alone["action"], answer["action"]) == ("pass", "review")
    assert SAID in answer["reason"]
    finding = next(found for found in answer["findings"] if found["label"] == "harassment.threat")
    assert finding["context"].startswith(SAID)
    assert finding["location"] == {"source": "text", "span": [0, len(TEXT)]}
    assert answer["content_hash"] == alone["content_hash"]
    assert BEFORE[0]["text"] not in json.dumps(answer)


def test_over_http_facts_about_the_author_decide_and_are_named(client: httpx.Client) -> None:
    batch = {
        "items": [
            {"text": "good morning", "author": {"violations": 3}},
            {"text": "good morning", "author": {"age_days": 0.5}},
            {"text": "good morning", "author": {"age_days": 0.5, "trusted": True}},
            {"text": "good morning", "author": {"religion": "any"}},
            {"text": "good morning", "conversation": [{"text": "a"}] * 21},
        ]
    }
    *answers, bad, long = client.post("/v1/check:batch", json=batch).json()["results"]
    assert [answer["action"] for answer in answers] == ["block", "mark", "pass"]
    assert "author.violations at least 3" in answers[0]["reason"]
    assert "rule 'new' is off: author.trusted true" in answers[2]["reason"]
    assert "Unknown fact about the author 'religion'" in bad["error"]["message"]
    assert long["error"]["code"] == "too_large"


def test_over_http_a_file_may_bring_both(client: httpx.Client) -> None:
    form = {"conversation": json.dumps(BEFORE), "author": json.dumps({"violations": 4})}
    answer = client.post("/v1/check", data=form, files={"file": ("a.txt", TEXT.encode(), "text/plain")}).json()
    assert answer["rule"] == "repeated"
    assert any(SAID in finding.get("context", "") for finding in answer["findings"])


def test_on_the_command_line_json_lines_bring_both(policy: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "1", "text": TEXT},
        {"id": "2", "text": TEXT, "conversation": BEFORE},
        {"id": "3", "text": TEXT, "author": {"violations": 4}},
        {"id": "4", "text": TEXT, "conversation": "hello"},
    ]
    environment = {**os.environ, "EVENHAND_TEXT_MODEL": MODEL, "EVENHAND_DETECTOR_TIMEOUT_S": "300"}
    done = subprocess.run(
        [sys.executable, "-m", "evenhand", "check", "--jsonl", "-", "--policy", str(policy)],
        input="\n".join(map(json.dumps, rows)).encode(),
        capture_output=True,
        check=False,
        env=environment,
    )
    alone, after, known, bad = map(json.loads, done.stdout.splitlines())
    assert [alone["action"], after["action"], known["action"]] == ["pass", "review", "block"]
    assert SAID in after["reason"]
    assert "Line 4: conversation must be a list" in bad["error"]["message"]


def test_in_python_and_nothing_of_it_is_stored_unasked(tmp_path: Path, policy: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'a.db'}",
        text_model=MODEL,
        policy=policy,
        detector_timeout_s=300.0,
        plugins=False,
        keep_originals_days=1,
        keep_context_keys=("channel",),
    )
    with Moderator(settings) as moderator:
        before = [Message(text="i'm going to find you", author="a")]
        one = moderator.check(TEXT, conversation=before, author=Author(violations=2), context={"channel": "c"})
        two = moderator.check(TEXT, options=Options(all_scores=True))
        assert (one.action.value, two.action.value) == ("review", "pass")
        assert moderator.inner.store is not None
        assert moderator.inner.store.context(one.decision_id) == {"channel": "c"}
    assert b"going to find you" not in (tmp_path / "a.db").read_bytes()
