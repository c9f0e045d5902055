"""Replay: the same where everything is there, and an exact word on what differs or cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from evenhand.accounting.remake import read_finding, remake
from evenhand.accounting.replay import replay
from evenhand.app import AsyncModerator
from evenhand.domain import Content, Options
from evenhand.errors import NotFoundError
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from evenhand.store.reviewrecords import Judged, NewMark, Person, Verdict
from evenhand.store.schema import decisions, policies
from tests.unit.store.factory import finding

_POLICY = """
name: mine
version: "{version}"
lines:
  default:
    rules:
      - {{name: contacts, when: {{label: ads.contact, score: {score}}}, action: block}}
      - {{name: strangers, when: {{all: [{{label: ads, score: 0.1}}, {{context: {{channel: open}}}}]}}, action: review}}
"""
_TEXT = "call me at +1 202 555 0143 for cheap deals"


class _Here:
    """A moderator with a store of its own; the policy can be exchanged as an operator would."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self._folder, self._more = folder, more
        self.moderator, self.store = self.open("1", 0.5)

    def open(self, version: str, score: float, **more: Any) -> tuple[AsyncModerator, Store]:
        (self._folder / "policy.yaml").write_text(_POLICY.format(version=version, score=score))
        values = {
            "database_url": f"sqlite:///{self._folder / 'x.db'}",
            "plugins": False,
            "disabled_detectors": ("text.harm",),
            "policy": self._folder / "policy.yaml",
            **self._more,
            **more,
        }
        settings = Settings.model_validate(values)
        store = open_store(settings=settings)
        store.migrate()
        self.moderator, self.store = AsyncModerator(settings, store=store), store
        return self.moderator, self.store

    def check(self, text: str = _TEXT, **fields: Any) -> str:
        result = asyncio.run(self.moderator.check(Content(text=text, **fields), options=Options()))
        return result.decision_id

    def replay(self, decision_id: str, **options: Any) -> dict[str, Any]:
        return asyncio.run(replay(self.moderator, self.store, decision_id, **options))


@pytest.fixture
def here(tmp_path: Path) -> _Here:
    return _Here(tmp_path, keep_originals_days=3)


def _whats(found: dict[str, Any]) -> set[str]:
    return {one["what"] for one in found["cannot"]}


def test_the_same_again(here: _Here) -> None:
    found = here.replay(here.check())
    assert found["same"] is True
    assert found["decision"]["then"] == found["decision"]["now"]
    assert found["decision"]["now"]["rule"] == "contacts"
    assert {one["same"] for one in found["detectors"]} == {True}
    assert _whats(found) == {"context"}


def test_nothing_is_recorded(here: _Here) -> None:
    made = here.check()
    before = (here.store.log.count(), here.store.audit.count())
    here.replay(made)
    assert (here.store.log.count(), here.store.audit.count()) == before


def test_the_policy_that_decided_decides_again(here: _Here) -> None:
    made = here.check()
    here.open("2", 1.0)
    assert here.store.decision(here.check())["action"] == "pass"
    found = here.replay(made)
    assert found["same"] is True
    assert found["decision"]["now"]["action"] == "block"


def test_context_that_was_kept_is_used(tmp_path: Path) -> None:
    here = _Here(tmp_path, keep_context_keys=("channel",))
    here.open("3", 1.0)
    made = here.check(context={"channel": "open"})
    found = here.replay(made)
    assert found["decision"]["then"]["rule"] == found["decision"]["now"]["rule"] == "strangers"
    assert "context" not in _whats(found)


def test_context_that_was_not_kept_is_named(here: _Here) -> None:
    here.open("3", 1.0)
    found = here.replay(here.check(context={"channel": "open"}))
    assert found["decision"]["same"] is False
    assert found["same"] is False
    assert "context" in _whats(found)


def test_content_that_was_not_kept(here: _Here) -> None:
    here.open("1", 0.5, keep_originals_days=0)
    found = here.replay(here.check())
    assert found["same"] is True  # the policy's part
    assert "content" in _whats(found)
    assert {one["same"] for one in found["detectors"]} == {None}


def test_another_version_of_a_detector_is_no_replay(here: _Here) -> None:
    made = here.check()
    models = {**here.store.decision(made)["models"], "text.contact": "1", "text.gone": "7"}  # type: ignore[dict-item]
    here.store.database.write(
        lambda at: at.execute(update(decisions).where(decisions.c.decision_id == made).values(models=models))
    )
    found = here.replay(made)
    by_name = {one["name"]: one for one in found["detectors"]}
    assert by_name["text.contact"]["same"] is None
    assert by_name["text.contact"]["now"] == "2"
    assert by_name["text.gone"]["now"] is None
    assert {"detector text.contact", "detector text.gone"} <= _whats(found)
    assert by_name["text.words"]["same"] is True


def test_a_changed_finding_is_told(here: _Here) -> None:
    made = here.check()
    rows: Any = here.store.decision(made)["findings"]
    rows[0]["score"] = 0.2
    here.store.database.write(
        lambda at: at.execute(update(decisions).where(decisions.c.decision_id == made).values(findings=rows))
    )
    found = here.replay(made)
    assert found["same"] is False
    contact = next(one for one in found["detectors"] if one["name"] == "text.contact")
    assert contact["missing"]
    assert contact["added"]
    assert found["decision"]["same"] is False


def test_a_policy_that_is_gone(here: _Here) -> None:
    made = here.check()
    here.store.database.write(lambda at: at.execute(policies.delete()))
    found = here.replay(made)
    assert found["decision"]["same"] is None
    assert "policy" in _whats(found)


def test_detectors_may_be_left_out(here: _Here) -> None:
    found = here.replay(here.check(), detectors=False)
    assert found["detectors"] == []
    assert "detectors" in _whats(found)


def test_a_persons_mark_is_told(here: _Here) -> None:
    first = here.check()
    person = Person(id="ann", name="ann", senior=True)
    verdict = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="mine")
    (mark,) = here.store.marks.add(person, [NewMark(decision_id=first, verdict=verdict)])
    here.store.marks.apply([mark.id], person)
    here.open("1", 0.5)
    found = here.replay(here.check())
    assert found["decision"]["then"]["rule"] == "mark"
    assert found["decision"]["same"] is None
    assert "mark" in _whats(found)


def test_no_such_decision(here: _Here) -> None:
    with pytest.raises(NotFoundError):
        here.replay("01a209b4-1e64-7205-ba76-06515345d4f2")


def test_findings_are_read_as_they_were_written() -> None:
    one = finding(score=0.5, language="en", library="mine", facts={"sharpness": 0.5})
    assert read_finding(one.as_dict()).as_dict() == one.as_dict()


def test_remaking_says_which_document(here: _Here) -> None:
    document = here.store.decision(here.check())
    made = remake(here.store, document)
    assert made.sha256 == here.store.policies.get("mine", "1").sha256
