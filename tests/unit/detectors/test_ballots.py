"""Election papers by words and layout: a neutral mark that no name, face or group can bring about."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from evenhand.detectors.ballots import SCORE_LAID_OUT, SCORE_SIGN, SCORE_WORDS, Ballots
from evenhand.detectors.builtin import BUILTINS
from evenhand.domain import PartKind
from evenhand.domain.location import Box
from evenhand.inference.textlines import Line
from evenhand.settings import Settings

NAMES = ("Anna Miller", "Omar Haddad", "Mei Lin", "林小明")


def page(*texts: str, heights: Sequence[int] = (20,)) -> list[tuple[Line, Box]]:
    lines, y = [], 0
    for i, text in enumerate(texts):
        high = heights[min(i, len(heights) - 1)]
        box = (10.0, float(y), 10.0 + 10 * len(text), float(y + high))
        lines.append((Line(text=text, words=(), box=box, confidence=1.0), box))
        y += high + 15
    return lines


@pytest.mark.parametrize(
    ("texts", "heights", "score"),
    [
        (("OFFICIAL BALLOT", "City Council", "Vote for one", "First name", "Second name"), (30, 20), SCORE_LAID_OUT),
        (("选票", "市人民代表大会代表选举", "候选人", "甲", "乙"), (30, 20), SCORE_LAID_OUT),
        (("VOTE", "A Name", "for Mayor", "Paid for by friends"), (60, 20), SCORE_LAID_OUT),
        (("请投1号", "某某", "市议员候选人"), (60, 20), SCORE_LAID_OUT),
        (("YES ON PROPOSITION 12", "Vote on election day"), (40, 20), SCORE_LAID_OUT),
        (("POLLING PLACE", "Open 7 to 20"), (40, 20), SCORE_SIGN),
        (("投票站", "开放时间 7:00-20:00"), (40, 20), SCORE_SIGN),
        (("They re-elect", "the mayor", "she says", "so"), (20, 28, 14, 28), SCORE_WORDS),
    ],
)
def test_papers(texts: tuple[str, ...], heights: tuple[int, ...], score: float) -> None:
    found = Ballots().find(page(*texts, heights=heights))
    assert found is not None
    assert found.score == score
    assert found.box is not None


@pytest.mark.parametrize(
    "texts",
    [
        ("Vote for your favourite pizza", "Margherita", "Hawaii"),
        ("CLASS PRESIDENT", "Vote on Friday", "A Name"),
        ("班长选举", "候选人", "某某"),
        ("President Hotel", "Rooms and breakfast"),
        ("MENU", "Tomato soup 4.50", "Apple pie 5.10"),
        ("EMPLOYEE SURVEY", "Choose one", "Yes", "No"),
        ("Mayor Street 12",),
        ("Concert", "live on Saturday"),
        ("The general election was in 2010,", "as the article says."),
        *((name,) for name in NAMES),
        *((name, "for ever", "1920 - 2001") for name in NAMES),
    ],
)
def test_no_papers(texts: tuple[str, ...]) -> None:
    assert Ballots().find(page(*texts)) is None


def test_whose_name_it_is_makes_no_difference() -> None:
    found = {Ballots().find(page("VOTE", name, "for Mayor", heights=(50, 20))) is not None for name in NAMES}
    assert found == {True}


def test_a_page_of_prose_is_left_to_the_text_detectors() -> None:
    assert Ballots().find(page(*(["Vote for one, said the mayor at the polling station"] * 61))) is None


def test_no_detector_of_pixels_can_mark_politics() -> None:
    """Of all detectors that read pictures, only the one that reads words has the label."""
    from importlib import import_module

    from evenhand.detectors.base import DetectorContext

    able = []
    for builtin in BUILTINS:
        if builtin.reads is PartKind.IMAGE:
            module, _, make = builtin.factory.partition(":")
            detector = getattr(import_module(module), make)(DetectorContext(settings=Settings()))
            able += [builtin.name for label in detector.info.labels if label.startswith("politics")]
    assert able == ["image.ocr"]
