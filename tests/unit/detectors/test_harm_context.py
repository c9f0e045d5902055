"""What the conversation before a text does to its scores, with a model whose every answer is written down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.detectors.base import Detection
from evenhand.detectors.harm import HarmDetector
from evenhand.detectors.harm_context import MOST
from evenhand.detectors.harm_models import Reach
from evenhand.domain import Message, TextPart
from evenhand.domain.location import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIMIT = 0.5


class Written:
    """A model of three labels that gives each text the score that stands beside it."""

    version = "written-1"
    labels: tuple[str, ...] = ("harassment.threat", "hate.attack", "spam.scam")
    reach = Reach(window=60, longest=120, most=64)

    def __init__(self, answers: Mapping[str, float], *, after_small_talk: float = 0.0) -> None:
        self._answers, self._after = answers, after_small_talk
        self.read: list[str] = []

    def thresholds(self) -> Sequence[float]:
        return [LIMIT] * len(self.labels)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        self.read += texts
        own = [self._answers.get(text, self._after) for text in texts]
        return np.repeat(np.array(own, np.float32)[:, None], len(self.labels), axis=1)

    def skim(self, texts: Sequence[str]) -> NDArray[np.float32]:
        worst: NDArray[np.float32] = self.scores(texts).max(axis=1)
        return worst

    def toxic(self, text: str) -> list[Span]:
        return []

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        return {label: [] for label in labels}


def part(text: str, *before: str) -> TextPart:
    return TextPart(text=text, before=tuple(Message(text=message) for message in before))


def answer(*, alone: float, context: float, together: float, after_small_talk: float = 0.99) -> Detection:
    model = Written({"now": alone, "before": context, "before\nnow": together}, after_small_talk=after_small_talk)
    (found,) = HarmDetector(model).detect([part("now", "before")])
    return found


def odds(score: float) -> float:
    return math.log(score / (1 - score))


# alone, the conversation's end alone, together, after as much small talk; harassment, hate, spam with the conversation
ROWS = [
    ("together worse than either: all rise, by no more than the bound", 0.41, 0.1, 0.99, 0.4, (0.757, 0.757, 0.757)),
    ("a little worse: they rise a little", 0.41, 0.1, 0.5, 0.4, (0.5, 0.5, 0.5)),
    ("the conversation's own harm raises nothing", 0.02, 0.99, 0.99, 0.02, (0.02, 0.02, 0.02)),
    ("what small talk does not thin out falls, abuse only", 0.8, 0.01, 0.02, 0.8, (0.472, 0.8, 0.8)),
    ("what any small talk thins out stays", 0.8, 0.01, 0.1, 0.15, (0.8, 0.8, 0.8)),
    ("what would not be reported need not fall", 0.4, 0.01, 0.01, 0.4, (0.4, 0.4, 0.4)),
]


@pytest.mark.parametrize(("alone", "context", "together", "talk", "wanted"), [row[1:] for row in ROWS], ids=[
    row[0] for row in ROWS
])  # fmt: skip
def test_scores(alone: float, context: float, together: float, talk: float, wanted: tuple[float, ...]) -> None:
    found = answer(alone=alone, context=context, together=together, after_small_talk=talk)
    assert tuple(found.scores.values()) == pytest.approx(wanted, abs=0.001)


@settings(deadline=None)
@given(*[st.floats(0.0, 1.0, width=32)] * 4)
def test_no_score_moves_further_than_the_bound(alone: float, context: float, together: float, talk: float) -> None:
    found = answer(alone=alone, context=context, together=together, after_small_talk=talk)
    for score in found.scores.values():
        assert 0 <= score <= 1
        if 0.001 < alone < 0.999:
            assert abs(odds(score) - odds(alone)) <= MOST + 0.01


def test_a_raised_finding_says_so_and_stands_in_the_text() -> None:
    found = answer(alone=0.41, context=0.1, together=0.99)
    assert {finding.label for finding in found.findings} == set(Written.labels)
    for finding in found.findings:
        assert finding.context == "raised from 0.41 to 0.76 by the conversation before it"
        assert finding.context in finding.reason
        assert finding.location.span == (0, len("now"))


def test_a_finding_that_fell_below_its_threshold_is_noted() -> None:
    found = answer(alone=0.8, context=0.01, together=0.02, after_small_talk=0.8)
    assert [finding.label for finding in found.findings] == ["hate.attack", "spam.scam"]
    assert found.notes == ("harassment.threat lowered from 0.80 to 0.47 by the conversation before it",)


def test_where_nothing_moves_nothing_is_said() -> None:
    found = answer(alone=0.9, context=0.1, together=0.9, after_small_talk=0.9)
    assert found.notes == ()
    assert {finding.context for finding in found.findings} == {None}


@pytest.mark.parametrize(
    "before",
    [(), ("",), ("  ", "\n"), ("?!", "...", "😀😀😀😀")],
    ids=["none", "empty", "blank", "no words"],
)
def test_without_words_before_it_a_text_is_read_once(before: tuple[str, ...]) -> None:
    model = Written({"now": 0.3})
    (found,) = HarmDetector(model).detect([part("now", *before)])
    assert model.read == ["now"]
    assert list(found.scores.values()) == pytest.approx([0.3] * 3)


def test_a_text_that_fills_what_is_read_together_is_judged_alone() -> None:
    text = "a" * 115
    model = Written({text: 0.3})
    HarmDetector(model).detect([part(text, "before")])
    assert model.read == [text]


def test_a_text_of_several_windows_is_judged_alone() -> None:
    text = "All is well with all of us here. " * 4
    model = Written({})
    HarmDetector(model).detect([part(text, "before")])
    assert not any("before" in read for read in model.read)


def test_the_end_of_the_conversation_is_read_from_a_word_on() -> None:
    model = Written({})
    HarmDetector(model).detect([part("now", "the first message is far too long to be read " * 3, "and the last one")])
    context, together = model.read[1:3]
    assert together == f"{context}\nnow"
    assert len(together.encode()) <= Written.reach.longest
    assert context.endswith("to be read\nand the last one")
    assert context.split()[0] in ["the", "first", "message", "is", "far", "too", "long", "to", "be", "read"]


def test_the_end_of_a_conversation_without_spaces_is_cut_between_characters() -> None:
    model = Written({})
    HarmDetector(model).detect([part("现在", "好" * 100)])
    assert set(model.read[1]) == {"好"}


def test_a_conversation_changes_nothing_for_its_neighbours() -> None:
    answers = {"now": 0.41, "before": 0.1, "before\nnow": 0.99}
    one, two, three = HarmDetector(Written(answers)).detect([part("now"), part("now", "before"), part("now")])
    assert one == three
    assert one.scores["hate.attack"] < two.scores["hate.attack"]
