"""What the conversation before a text does with the model that ships: it blames nobody who replies, and frees little.

The messages are written for this test; no model is trained on them.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Sequence

import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.harm import HarmDetector, make
from evenhand.domain import Message, TextPart
from evenhand.inference.packages import TEXT_PAST as PACKAGE
from evenhand.settings import Settings

pytestmark = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason=f"{PACKAGE} is not installed")

THREATS = (
    "i will kill you",
    "you stupid idiot",
    "i want to kill myself",
    "people like you should be beaten up",
    "watch your back tonight",
)
REPLIES = (
    "please stop",
    "i am calling the police",
    "please don't, talk to someone",
    "why me?",
    "i will tell the teacher",
)
SMALL_TALK = (
    "see you tomorrow at five",
    "good morning all",
    "did the parcel come?\nyes, it is on the table",
    "how was the film?\nit was fine, a bit long",
    "we need milk and bread",
    "the meeting is moved to ten",
)
PLAY = (
    "gg nice round, respawn in five",
    "dungeon run tonight, my wizard is level 12",
    "rehearsing scene two of the play",
)
PLAIN = ("thank you so much", "what time is it?", "yes, on the table", "no idea, sorry", "haha that's great")
HARM = ("i will kill you", "you stupid bitch", "you are a worthless idiot", "kill yourself", "i will break your legs")


@pytest.fixture(scope="module")
def detector() -> HarmDetector:
    return make(DetectorContext(settings=Settings(plugins=False, threads=1)))


def flagged(detector: HarmDetector, before: Sequence[str], texts: Sequence[str]) -> list[bool]:
    """Say of each text after each conversation whether any harm is found in it; no conversation stands for none."""
    parts = [
        TextPart(text=text, before=tuple(Message(text=line) for line in said.splitlines()))
        for said, text in itertools.product(before, texts)
    ]
    return [any(found.label != "politics" for found in answer.findings) for answer in detector.detect(parts)]


@pytest.mark.parametrize(("before", "texts"), [(THREATS, REPLIES), (SMALL_TALK, PLAIN), (PLAY, PLAIN)])
def test_the_harmless_is_not_raised(detector: HarmDetector, before: Sequence[str], texts: Sequence[str]) -> None:
    alone, after = flagged(detector, [""] * len(before), texts), flagged(detector, before, texts)
    newly = sum(now and not was for was, now in zip(alone, after, strict=True))
    assert newly / len(after) <= 0.05


def test_small_talk_hides_little(detector: HarmDetector) -> None:
    alone, after = flagged(detector, [""] * len(SMALL_TALK), HARM), flagged(detector, SMALL_TALK, HARM)
    freed = sum(was and not now for was, now in zip(alone, after, strict=True))
    assert sum(alone) >= len(alone) // 2
    assert freed / sum(alone) <= 0.1
