"""Custom classes of texts: taught, used, audited, and refused."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.classes_lesson import Lesson, Sample, Trained
from evenhand.detectors.classes_text import TextClassDetector, make
from evenhand.detectors.classes_texts import read_texts
from evenhand.detectors.classes_train_text import TextTeacher
from evenhand.detectors.harm_models import HarmModels
from evenhand.domain import CustomClass, Medium, TextPart
from evenhand.errors import InputError, LibraryError, ModelError, RefusedLabelError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract

_WHO = ("We", "My team and I", "Our studio", "I", "Two of us", "Our little company")
_WHAT = (
    "write essays",
    "do your homework",
    "take your online exam",
    "finish your term paper",
    "solve your maths tests",
)
_HOW = (
    "for a small fee",
    "overnight, paid by the page",
    "cheaply and in secret",
    "for students, message me for prices",
)
_PLAIN = (
    "My essay is due on {day} and I have not begun",
    "Did anybody understand the homework of {day}?",
    "The exam on {day} was hard, but fair",
    "Our teacher moved the maths test to {day}",
    "I liked your term paper about rivers, see you on {day}",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def sellers(seed: int, count: int) -> list[str]:
    """Make offers to do somebody's homework."""
    rnd = random.Random(seed)
    made = [f"{who} {what} {how}." for who in _WHO for what in _WHAT for how in _HOW]
    return rnd.sample(made, count)


def pupils(seed: int, count: int) -> list[str]:
    """Make talk of pupils."""
    rnd = random.Random(seed)
    made = [text.format(day=day) for text in _PLAIN for day in _DAYS]
    return rnd.sample(made, count)


def lesson(name: str, positives: list[str], against: list[str] | None = None, **more: Any) -> Lesson:
    sides = [tuple(Sample(content=text) for text in side) for side in (positives, against or [])]
    return Lesson(name=name, medium=Medium.TEXT, positives=sides[0], against=sides[1], **more)


class TestContract(DetectorContract):
    def make(self) -> TextClassDetector:
        return TextClassDetector(threads=1)


@pytest.fixture(scope="module")
def models() -> HarmModels:
    return HarmModels()


@pytest.fixture(scope="module")
def teacher(models: HarmModels) -> TextTeacher:
    return TextTeacher(models, threads=1)


@pytest.fixture(scope="module")
def trained(teacher: TextTeacher) -> Trained:
    return teacher.train(lesson("essay_mill", sellers(1, 24), pupils(1, 20), label="spam.essay_mill"))


def test_a_class_is_learnt_audited_and_says_how_well(trained: Trained) -> None:
    one, quality = trained.made, dict(trained.made.quality)
    found: Any = quality["found"]
    assert (one.name, one.label, one.medium) == ("essay_mill", "spam.essay_mill", Medium.TEXT)
    assert found["of"] == quality["examples"] == 24
    assert found["low"] < found["count"] / found["of"] <= found["high"]
    assert 0.9 <= float(str(quality["auc"])) <= 1
    assert one.audit["passed"] is True
    assert {row["side"] for row in one.mistakes} >= {"examples", "against"}
    assert 0.1 <= one.threshold <= 0.95


def test_a_taught_class_is_found_where_it_stands(trained: Trained, models: HarmModels) -> None:
    detector = make(DetectorContext(settings=Settings(threads=1), classes=lambda: [trained.made], models=models))
    offers, talk = sellers(9, 40), pupils(9, 20)
    shown = [text for text in offers if text not in sellers(1, 24)][:12]
    others = [text for text in talk if text not in pupils(1, 20)][:8]
    answers = detector.detect([TextPart(text=text) for text in [*shown, *others]])
    hits = [bool(answer.findings) for answer in answers]
    assert sum(hits[: len(shown)]) >= 0.8 * len(shown)
    assert sum(hits[len(shown) :]) <= 1
    long = "The bus leaves at nine and comes back at five. " * 60 + " ".join(shown[:8])
    (answer,) = detector.detect([TextPart(text=long)])
    span = answer.findings[0].location.span
    assert span is not None
    assert span[0] > 1_000
    assert detector.detect([TextPart(text=" ")])[0].findings == ()


def test_scores_are_the_same_alone_and_together(trained: Trained, models: HarmModels) -> None:
    detector = TextClassDetector([trained.made], models=models)
    parts = [TextPart(text=text) for text in [*sellers(3, 6), *pupils(3, 6)]]
    together = [answer.scores["spam.essay_mill"] for answer in detector.detect(parts)]
    fresh = TextClassDetector([trained.made], threads=1)
    alone = [fresh.detect([part])[0].scores["spam.essay_mill"] for part in parts]
    assert together == pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "words"), [({"space": "text-2026.1 lower 1"}, "train it again"), ({"weights": b"short"}, "damaged")]
)
def test_a_class_that_cannot_be_used_is_an_error(trained: Trained, change: dict[str, Any], words: str) -> None:
    spoilt: CustomClass = replace(trained.made, **change)
    with pytest.raises(ModelError, match=words):
        TextClassDetector([spoilt], threads=1)


@pytest.mark.parametrize(
    ("name", "label"),
    [("religion", None), ("is_gay", None), ("who_is_this", "ads.nationality"), ("talk", "known.caste")],
)
def test_what_evenhand_refuses_is_refused_before_a_text_is_read(teacher: TextTeacher, name: str, label: str) -> None:
    with pytest.raises(RefusedLabelError):
        teacher.train(lesson(name, [], label=label))


def test_a_class_that_tells_groups_from_others_fails_its_audit(teacher: TextTeacher) -> None:
    groups = (
        "Muslims",
        "Jews",
        "Mexicans",
        "gay people",
        "Roma",
        "Turks",
        "Sikhs",
        "deaf people",
        "Nigerians",
        "Poles",
    )
    others = ("cyclists", "gardeners", "nurses", "singers", "bakers", "drivers", "anglers", "chess players", "cooks")
    said = ("{} live in our street", "I met some {} yesterday", "My neighbours are {}", "There are {} at my work")
    positives = [text.format(group) for group in groups for text in said]
    against = [text.format(other) for other in others for text in said]
    made = teacher.train(lesson("neighbour_talk", positives, against)).made
    assert made.audit["passed"] is False
    failures: Any = made.audit["failures"]
    assert any("apart" in failure or "moves the score" in failure for failure in failures)


def test_the_name_of_a_group_alone_cannot_be_learnt(teacher: TextTeacher) -> None:
    said = ("{} live in our street", "I met some {} yesterday", "My neighbours are {}", "There are {} at my work")
    first = [text.format(group) for group in ("Muslims", "Arabs", "Turks", "Kurds") for text in said]
    second = [text.format(group) for group in ("Christians", "Poles", "Swedes", "Irish people") for text in said]
    try:
        made = teacher.train(lesson("street_talk", first, second)).made
    except LibraryError:
        return  # once names are taken out, both sides say the same
    assert float(str(made.quality["auc_against"])) <= 0.75


def test_too_few_doubled_and_empty_examples_are_told(teacher: TextTeacher) -> None:
    with pytest.raises(LibraryError, match="3 usable examples, at least 8"):
        teacher.train(lesson("essay_mill", ["a b", "c d", "e f", "...", " "]))
    both = sellers(1, 12)
    made = teacher.train(lesson("essay_mill", both, [both[0], *pupils(2, 3)]))
    assert [why for _, why in made.left_out] == ["it is given as an example and as what is none"]
    assert made.made.quality["examples"] == 11


def test_copies_do_not_make_it_look_better(teacher: TextTeacher) -> None:
    one = "We write essays for students, message me for prices, any subject, any length"
    quality = teacher.train(lesson("essay_mill", [f"{one} {'!' * n}" for n in range(12)])).made.quality
    assert quality["distinct"] == 1


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("a.txt", "one\n\n two \n", ["one", " two "]),
        ("a.csv", 'id,text\n1,"one, two"\n2,three\n', ["one, two", "three"]),
        ("a.csv", "one\nthree\n", ["one", "three"]),
        ("a.jsonl", '{"text": "one"}\n"two"\n', ["one", "two"]),
    ],
)
def test_files_of_texts(name: str, data: str, wanted: list[str]) -> None:
    assert [sample.content for sample in read_texts(data.encode("utf-8-sig"), name)] == wanted


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"\xff\xfe\x00", "UTF-8"),
        ("a.jsonl", b"{}", "line 1"),
        ("a.jsonl", b"{", "no JSON"),
        ("a.txt", b"x\n" * 2_001, "2,?000"),
    ],
)
def test_files_that_cannot_be_read(name: str, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_texts(data, name)
