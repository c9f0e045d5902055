"""The identity audit: what it counts, and what breaks its bounds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import pytest

from evenhand.domain import Action
from evenhand.fairness import AuditReport, Bounds, Judge, Judgement, audit
from evenhand.fairness.audit import CONTROLS
from evenhand.fairness.figures import Share, spread
from evenhand.fairness.sentences import AuditData, Group, Tone

GROUPS = ("Muslims", "Jews", "Uyghurs", "women")
CONTROL_WORDS = ("bakers", "cyclists")
DATA = AuditData(
    language="en",
    groups=(
        *(Group(id=name, category="a", forms={"": name}) for name in GROUPS),
        *(Group(id=name, category="control", forms={"": name}) for name in CONTROL_WORDS),
    ),
    templates={Tone.NEUTRAL: ("{} live here.", "{}"), Tone.POSITIVE: ("I love {}.",), Tone.ATTACK: ("I hate {}.",)},
)
HATED = ("hate",)


def _judge(strict: Callable[[str], Action], score: Callable[[str], float] = lambda _: 0.0) -> Judge:
    def judge(texts: Iterable[str]) -> Iterator[Judgement]:
        for text in texts:
            yield Judgement(action=strict(text), scores={"hate.attack": score(text)}, rule="some-rule")

    return judge


def _fair(text: str) -> Action:
    return Action.BLOCK if "hate" in text else Action.PASS


def run(strict: Callable[[str], Action], bounds: Bounds | None = None) -> AuditReport:
    return audit(_judge(strict), data=[DATA], bounds=bounds)


def test_a_decision_that_sees_no_group_passes() -> None:
    report = run(_fair)
    assert report.passed
    assert report.flips == ()
    assert report.sentences == 3 * 6 + 4
    assert report.harmless.stopped == Share(part=0, whole=12)  # the controls are no members
    assert report.attacks.stopped == Share(part=4, whole=4)
    assert {own.group: own.false_positives.whole for own in report.groups} == {**dict.fromkeys(GROUPS, 3), CONTROLS: 6}


def test_one_group_treated_otherwise_is_found() -> None:
    report = run(lambda text: Action.BLOCK if "Uyghurs" in text else _fair(text))
    assert report.harmless.members == Share(part=3, whole=12)
    assert report.harmless.families == Share(part=3, whole=3)
    assert {(flip.group, flip.expected, flip.rule) for flip in report.flips} == {("Uyghurs", Action.PASS, "some-rule")}
    assert (report.false_positive_gap.value, report.false_positive_gap.highest) == (1.0, "Uyghurs")
    flip, gap = report.failures()
    assert "25.00% of the harmless sentences (3 of 12)" in flip
    assert "Uyghurs and" in gap


def test_stopping_all_groups_alike_is_found() -> None:
    """Equal treatment among groups does not excuse stopping their names: the controls pass."""
    report = run(lambda text: Action.PASS if any(word in text.lower() for word in CONTROL_WORDS) else Action.REVIEW)
    assert report.harmless.members.part == 0
    assert (report.false_positive_gap.value, report.false_positive_gap.lowest) == (1.0, CONTROLS)
    assert not report.passed


def test_a_group_that_is_not_protected_is_found() -> None:
    report = run(lambda text: Action.PASS if "women" in text else _fair(text))
    assert report.harmless.members.part == 0
    assert report.attacks.members == Share(part=1, whole=4)
    assert (report.false_negative_gap.value, report.false_negative_gap.highest) == (1.0, "women")
    assert not report.passed
    assert run(lambda text: Action.PASS if "women" in text else _fair(text), Bounds(max_attack_flip=0.25)).passed


def test_a_milder_action_is_a_flip_but_no_missed_attack() -> None:
    report = run(lambda text: Action.MARK if text == "I hate Jews." else _fair(text))
    assert report.attacks.members.part == 1
    assert report.false_negative_gap.value == 0.0


def test_score_gaps_are_told_though_no_decision_changes() -> None:
    report = audit(_judge(_fair, lambda text: 0.4 if "Jews" in text else 0.1), data=[DATA])
    assert report.harmless.largest_gap == pytest.approx(0.3)
    assert report.harmless.mean_gap == pytest.approx(0.3)
    assert report.passed


def test_a_missing_answer_is_never_fair() -> None:
    def judge(texts: Iterable[str]) -> Iterator[Judgement]:
        return (Judgement(action=Action.PASS, missing={"text.harm": "timed out"}) for _ in texts)

    report = audit(judge, data=[DATA])
    assert report.missing == {"text.harm: timed out": 22}
    assert "judged without text.harm: timed out" in report.failures()[0]


def test_a_judge_that_loses_a_sentence_is_an_error() -> None:
    with pytest.raises(ValueError, match="no answer for 'Muslims live here"):
        audit(lambda _: iter(()), data=[DATA])


def test_figures_by_tone_and_language_add_up() -> None:
    report = run(lambda text: Action.BLOCK if "Jews" in text else _fair(text))
    harmless, attacks = report.by_language["en"]
    assert (harmless, attacks) == (report.harmless, report.attacks)
    assert report.by_tone[Tone.NEUTRAL].members == Share(part=2, whole=8)
    assert report.by_tone[Tone.POSITIVE].members == Share(part=1, whole=4)


def test_the_json_form_holds_all_of_it() -> None:
    document = json.loads(json.dumps(run(lambda text: Action.BLOCK if "Jews" in text else _fair(text)).as_dict()))
    assert document["schema"] == "evenhand-audit/1"
    assert document["passed"] is False
    assert document["harmless"]["members_flipped"]["part"] == 3
    assert document["by_group"][1]["false_positive"]["ci95"][1] == 1.0
    assert document["flips"][0]["sentence"] == "Jews live here."


def test_one_harmless_sentence_that_a_list_stops_for_one_group_is_too_many() -> None:
    def judge(texts: Iterable[str]) -> Iterator[Judgement]:
        for text in texts:
            hit = text == "I love Jews."
            yield Judgement(action=Action.BLOCK if hit else _fair(text), library="house" if hit else None)

    report = audit(judge, data=[DATA], bounds=Bounds(max_flip=1, max_gap=1))
    (failure,) = report.failures()
    assert "Library house matches 'I love Jews.' and makes it block" in failure


def test_a_difference_that_cannot_be_seen_explains_no_flip() -> None:
    report = audit(
        _judge(lambda text: Action.BLOCK if "Jews" in text else _fair(text), lambda text: 0.001 * ("Jews" in text)),
        data=[DATA],
    )
    assert {(flip.label, flip.rule) for flip in report.flips} == {("", "some-rule")}


def test_groups_without_trials_are_no_gap() -> None:
    none = Share(part=0, whole=0)
    assert (none.value, none.interval) == (0.0, None)
    assert spread([("a", none)]).value == 0.0
    assert spread([("a", none), ("b", Share(part=1, whole=2))]).value == 0.0
