"""The templates on sentences, through the models that ship: each acts as somebody who knows such a place would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from evenhand import Content, Options, Settings
from evenhand.app import AsyncModerator
from evenhand.domain import Action, Author, Result
from evenhand.policy import load_policy, template
from tests.turned_off import PICTURE_MODELS

PASS, MARK, REVIEW, BLOCK = Action.PASS, Action.MARK, Action.REVIEW, Action.BLOCK
NEW, OLD = Author(age_days=1), Author(age_days=900)
POLITICS = "The senator voted against the new tax bill, and the opposition called for an election."
THREAT = "I will find you and kill you tonight."
SALE = "Big sale, 50% off all watches, buy now: https://cheap-watches.example and call +1 415 555 0133"


@pytest.fixture(scope="module")
def moderator() -> Iterator[AsyncModerator]:
    made = AsyncModerator(Settings(plugins=False, database_url=None, disabled_detectors=PICTURE_MODELS))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "line", "text", "more", "actions"),
    [
        ("forum", "default", "Does anybody know how to prune tomatoes?", {}, {PASS}),
        ("forum", "default", POLITICS, {}, {PASS, MARK}),
        ("forum", "default", THREAT, {}, {REVIEW, BLOCK}),
        ("forum", "default", "See https://garden.example for more", {"author": NEW}, {REVIEW}),
        ("forum", "default", "See https://garden.example for more", {"author": OLD}, {PASS, MARK}),
        ("marketplace", "default", "Brand new bicycle for sale, barely used, 150 euros.", {}, {PASS, MARK}),
        ("marketplace", "default", "Bicycle for sale, call me at +1 415 555 0133", {}, {REVIEW}),
        ("marketplace", "messages", "Call me at +1 415 555 0133", {}, {MARK}),
        ("dating", "default", "I would love to see you again and kiss you.", {}, {PASS, MARK}),
        ("dating", "default", THREAT, {}, {REVIEW, BLOCK}),
        ("dating", "profiles", "Write to me: +1 415 555 0133", {}, {REVIEW}),
        ("childrens-game", "default", "I like your castle!", {}, {PASS}),
        ("childrens-game", "default", "Call me at +1 415 555 0133", {}, {BLOCK}),
        ("childrens-game", "default", "you are a stupid idiot", {}, {REVIEW, BLOCK}),
        ("news-comments", "default", POLITICS, {}, {PASS, MARK}),
        ("news-comments", "default", "The minister lied to us for years, shame on him.", {}, {PASS, MARK}),
        ("news-comments", "default", THREAT, {}, {REVIEW, BLOCK}),
        ("live-streaming", "chat", "hello everybody, great stream", {}, {PASS}),
        ("live-streaming", "chat", "come to https://other.example", {}, {REVIEW}),
        ("advertising-disclosure", "default", SALE, {}, {REVIEW}),
        ("advertising-disclosure", "default", SALE, {"context": {"ad": {"declared": True}}}, {MARK}),
        ("advertising-disclosure", "default", "We walked along the river until it got dark.", {}, {PASS}),
    ],
)
def test_templates_on_sentences(
    moderator: AsyncModerator, name: str, line: str, text: str, more: dict[str, Any], actions: set[Action]
) -> None:
    policy = load_policy(template(name).document)
    content = Content(text=text, **more)
    (answer,) = asyncio.run(moderator.check_batch([content], options=Options(line=line), policy=policy))
    assert isinstance(answer, Result)
    assert not answer.incomplete
    assert answer.action in actions, answer.reason
