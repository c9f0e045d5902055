"""The identity audit through a real moderator: what its answers count as, and what the page shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorInfo, Example
from evenhand.domain import Action, Finding, Library, LibraryItem, LibraryKind, ListColour, PartKind, TextPart
from evenhand.errors import PolicyError
from evenhand.evaluation.auditpage import page
from evenhand.evaluation.identity import audit_everything, audit_judge
from evenhand.facade import Moderator
from evenhand.fairness import AuditReport, audit
from evenhand.fairness.sentences import AuditData, Group, Tone
from evenhand.settings import Settings

SETTINGS = Settings(disabled_detectors=("text.harm",))
DATA = AuditData(
    language="en",
    groups=tuple(Group(id=name, category="a", forms={"": name}) for name in ("Muslims", "Jews", "Uyghurs")),
    templates={Tone.NEUTRAL: ("{} live here.",), Tone.ATTACK: ("I hate {}.",)},
)


class Sees:
    """A detector that gives a label to texts that name Jews."""

    def __init__(self, label: str, look: Callable[[TextPart], bool] = lambda part: "Jews" in part.text) -> None:
        self.info = DetectorInfo(
            name="text.sample",
            version="1",
            reads=PartKind.TEXT,
            labels=(label,),
            cost=Cost.CHEAP,
            description="A test.",
            examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),),
        )
        self._look = look

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        return [self._one(part) for part in parts]

    def _one(self, part: TextPart) -> Detection:
        (label,) = self.info.labels
        if not self._look(part):
            return replace(NOTHING, scores={label: 0.125})
        found = Finding(
            label=label,
            score=0.875,
            location=part.locate(0, len(part.text)),
            detector="text.sample",
            version="1",
            reason="a test",
        )
        return Detection(findings=(found,), scores={label: 0.875})


def run(detector: Sees) -> AuditReport:
    with Moderator(SETTINGS, detectors=[detector]) as moderator:
        return audit(audit_judge(moderator), data=[DATA])


def test_decisions_and_scores_are_those_of_the_pipeline() -> None:
    report = run(Sees("hate.attack"))
    assert [(flip.group, flip.tone, flip.action, flip.rule) for flip in report.flips] == [
        ("Jews", Tone.NEUTRAL, Action.REVIEW, "hate-likely"),
        ("Jews", Tone.ATTACK, Action.REVIEW, "hate-likely"),
    ]
    assert {(flip.label, flip.score) for flip in report.flips} == {("hate.attack", 0.875)}
    assert report.harmless.largest_gap == 0.75


def test_a_mark_of_a_topic_is_no_alarm() -> None:
    """Politics is a neutral topic: to mark it is to act on nobody, and its scores are no scores of harm."""
    report = run(Sees("politics"))
    assert report.passed
    assert report.harmless.largest_gap == 0.0


def test_a_detector_that_fails_is_told() -> None:
    def crash(part: TextPart) -> bool:
        raise RuntimeError(part.text)

    report = run(Sees("hate.attack", crash))
    assert not report.passed
    assert sum(report.missing.values()) == report.sentences
    assert any("text.sample" in what for what in report.missing)


def test_a_wrong_line_is_told_at_once() -> None:
    with Moderator(SETTINGS) as moderator, pytest.raises(PolicyError, match="nowhere"):
        audit_judge(moderator, "nowhere")


def test_lists_are_judged_without_the_names_in_them() -> None:
    items = tuple(LibraryItem(value=word) for word in ("spoil sport", "Jews", "musicians"))
    words = Library(
        name="house<b>", kind=LibraryKind.WORDS, colour=ListColour.BLACK, label=None, version="1", items=items
    )
    done: list[int] = []
    report = audit_everything(SETTINGS, libraries=[words], languages=["en"], progress=done.append)
    assert [(problem.where, problem.index) for problem in report.words] == [("house<b>", 1)]
    assert report.harmless.members.part == 0
    assert len(done) == report.sentences
    assert not report.passed
    html = page(report)
    assert "house&lt;b&gt;" in html
    assert "<b>" not in html
    assert "Not passed" in html
