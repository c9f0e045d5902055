"""What a version in shadow mode says where it asks more detectors than the live one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evenhand.app import AsyncModerator
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorInfo, Example
from evenhand.domain import Action, Finding, PartKind, TextPart
from evenhand.publishing.documents import shadow_document
from evenhand.settings import Settings
from evenhand.shadowing import BUSY, MOST_WAITING, NOT_SAMPLED
from evenhand.store import Store, open_store
from tests.turned_off import EVERY

LIVE = 'name: house\nversion: "1"\nlines: {default: {skip: [text.more], rules: []}}\n'
SHADOW = """
name: house
version: "2"
lines:
  default:
    rules:
      - {name: bulk, when: {label: spam, score: {min: 0.5}}, action: block}
      - {name: read, when: {label: ads, score: {min: 0.5}}, action: review}
"""


class Sample:
    """A detector made of a function."""

    def __init__(self, name: str, label: str, look: Callable[[TextPart], Detection], **more: Any) -> None:
        self.calls = 0
        self._look = look
        self.info = DetectorInfo(
            name=name,
            version="1",
            reads=PartKind.TEXT,
            labels=(label,),
            cost=Cost.CHEAP,
            description="A test.",
            examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),),
            **more,
        )

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        self.calls += len(parts)
        return [self._look(part) for part in parts]


def found(part: TextPart, name: str, label: str) -> Detection:
    place = part.locate(0, len(part.text))
    one = Finding(label=label, score=0.9, location=place, detector=name, version="1", reason="a test")
    return Detection(findings=(one,), scores={label: 0.9})


def more(part: TextPart) -> Detection:
    if "crash" in part.text:
        raise RuntimeError("broken")
    if "inner" in part.text:
        return Detection(parts=(TextPart(text="advert"),))
    return found(part, "text.more", "spam.bulk") if "spam" in part.text else NOTHING


def plain(part: TextPart) -> Detection:
    return found(part, "text.plain", "ads.promotion") if "advert" in part.text else NOTHING


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store in which a version decides and another one is in shadow mode."""
    opened = open_store(f"sqlite:///{tmp_path / 'evenhand.db'}")
    opened.migrate()
    made = []
    for version, document in (("1", LIVE), ("2", SHADOW)):
        draft = opened.policy_versions.draft("house", version, document, actor="ann", note="")
        opened.policy_versions.propose(draft.id, actor="ann")
        made.append(opened.policy_versions.approve(draft.id, actor="ben"))
    opened.policy_versions.audited(made[0].id, made[0].sha256, {"passed": True, "failures": []}, actor="ann")
    plan = {"share": 1.0, "by": "content", "brake": None}
    opened.policies_live.plan(made[0].id, plan, datetime.now(UTC), actor="ann")
    assert opened.policies_live.due() == [made[0].id]
    opened.policies_live.shadow("house", made[1].id, actor="ann")
    yield opened
    opened.close()


def report(store: Store, moderator: AsyncModerator) -> dict[str, Any]:
    """Give the report, once all that was counted is written."""
    moderator.in_force.look()
    version = next(one for one in store.policy_versions.page(policy="house") if one.version == "2")
    return shadow_document(store, version.id)


async def until(store: Store, moderator: AsyncModerator, counted: int) -> dict[str, Any]:
    """Wait for so many contents to be compared or left out."""
    for _ in range(600):
        said = await asyncio.to_thread(report, store, moderator)
        if said["decisions"] + sum(said["left_out"].values()) >= counted:
            return said
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing more came: {said}")


def moderator(store: Store, *detectors: Sample, share: float = 1.0) -> AsyncModerator:
    chosen = Settings(plugins=False, disabled_detectors=EVERY, policy_shadow_share=share, data_dir=Path("/nonexistent"))
    return AsyncModerator(chosen, store=store, detectors=detectors)


async def test_detectors_that_only_the_shadow_asks_run_after_the_decision_and_are_compared(store: Store) -> None:
    extra = Sample("text.more", "spam.bulk", more, emits=frozenset({PartKind.TEXT}))
    opened = moderator(store, extra, Sample("text.plain", "ads.promotion", plain))
    texts = ("spam", "hello", "advert", "inner", "crash")
    answers = [await opened.check(text) for text in texts]
    assert [answer.action for answer in answers] == [Action.PASS] * len(texts)  # what decides is the live version
    assert not any("text.more" in answer.models or answer.incomplete for answer in answers)
    said = await until(store, opened, len(texts))
    would = {one["decision_id"]: one["would"] for one in said["examples"]}
    by_text = dict(zip(texts, (would.get(answer.decision_id) for answer in answers), strict=True))
    assert by_text == {"spam": "block", "hello": None, "advert": "review", "inner": "review", "crash": None}
    assert said["decisions"] == len(texts) - 1
    assert said["left_out"] == {"failed: text.more": 1}


async def test_only_a_share_is_sampled_and_the_rest_is_counted(store: Store) -> None:
    extra = Sample("text.more", "spam.bulk", more)
    opened = moderator(store, extra, share=0.0)
    for _ in range(3):
        await opened.check("spam")
    said = await until(store, opened, 3)
    assert (said["decisions"], said["left_out"], extra.calls) == (0, {NOT_SAMPLED: 3}, 0)


async def test_too_many_at_once_are_left_out_and_no_answer_waits(store: Store) -> None:
    opened = moderator(store, Sample("text.more", "spam.bulk", more))
    many = 5 * MOST_WAITING
    answers = [answer async for answer in opened.check_many(["spam"] * many)]
    assert len(answers) == many
    said = await until(store, opened, many)
    assert said["decisions"] == MOST_WAITING
    assert said["left_out"] == {BUSY: many - MOST_WAITING}
