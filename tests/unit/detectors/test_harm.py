"""The harm detector: contract, spans, declared labels, and the first signs that naming a group is no harm."""

from __future__ import annotations

import importlib.util

import pytest

from evenhand.detectors.harm import HarmDetector
from evenhand.detectors.harm_models import LATEST, open_model
from evenhand.domain import Message, TextPart
from evenhand.errors import SettingsError
from evenhand.inference.cards import load_card
from evenhand.inference.packages import TEXT, TEXT_PAST
from evenhand.testing import DetectorContract, text_part

pytestmark = pytest.mark.skipif(importlib.util.find_spec(TEXT) is None, reason=f"{TEXT} is not installed")
past = pytest.mark.skipif(importlib.util.find_spec(TEXT_PAST) is None, reason=f"{TEXT_PAST} is not installed")


class TestHarm(DetectorContract):
    """The contract."""

    def make(self) -> HarmDetector:
        return HarmDetector(threads=1)


@pytest.fixture(scope="module")
def detector() -> HarmDetector:
    return HarmDetector(threads=1)


def labels_of(detector: HarmDetector, text: str) -> set[str]:
    (answer,) = detector.detect([text_part(text)])
    return {finding.label for finding in answer.findings}


@pytest.mark.parametrize(
    ("version", "package", "card"),
    [
        (LATEST, TEXT, f"{LATEST}.upper"),
        pytest.param("text-2026.3", TEXT_PAST, "text-2026.3.upper", marks=past),
        pytest.param("text-2026.2", TEXT_PAST, "harm", marks=past),
    ],
)
def test_the_card_is_of_this_version_and_these_labels(version: str, package: str, card: str) -> None:
    own = load_card(package, card)
    model = open_model(version)
    assert own.version in {version, version.removeprefix("text-")}
    assert tuple(own.labels) == model.labels
    assert set(own.calibration) == set(model.labels)


def test_answers_carry_the_version(detector: HarmDetector) -> None:
    (answer,) = detector.detect([text_part("you are an idiot")])
    assert {finding.version for finding in answer.findings} == {LATEST} == {detector.info.version}


def test_an_unknown_version_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"no text model 'text-1999\.1'.*text-2026\.2"):
        open_model("text-1999.1")


def test_an_older_version_without_its_package_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenhand.detectors.harm_models.TEXT_PAST", "evenhand_models_text_gone")
    with pytest.raises(SettingsError, match=r"text-2026\.3 needs.*evenhand\[past\]"):
        open_model("text-2026.3")


def test_every_label_is_scored(detector: HarmDetector) -> None:
    (answer,) = detector.detect([text_part("good morning")])
    assert tuple(answer.scores) == detector.info.labels


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("you are an idiot", "harassment"),
        ("你这个白痴，闭嘴", "harassment"),
        ("Your account is suspended, verify your password at http://bit.ly/x7a", "spam.scam"),
        ("兼职刷单，日赚500元，加微信 abc123", "spam.scam"),
        ("join our online casino, 100% bonus on your first deposit", "contraband.gambling"),
    ],
)
def test_harm_is_found(detector: HarmDetector, text: str, label: str) -> None:
    assert label in labels_of(detector, text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for your help yesterday",
        "谢谢你的帮助，明天图书馆见",
        "I am a trans woman and I work as a nurse",
        "我是穆斯林，我在医院当护士",
        "We must protect Rohingya from violence",
        "How do I use a condom correctly?",
        "Merci pour ton aide, on se voit à cinq heures",
    ],
)
def test_the_harmless_stays_harmless(detector: HarmDetector, text: str) -> None:
    assert labels_of(detector, text) <= {"politics"}


def places(detector: HarmDetector, text: str, label: str) -> list[str]:
    (answer,) = detector.detect([text_part(text)])
    spans = [finding.location.span for finding in answer.findings if finding.label == label]
    return [text[a:b] for a, b in filter(None, spans)]


def test_the_evidence_stands_in_the_sentence_that_carries_the_harm(detector: HarmDetector) -> None:
    clean = "The train was late again this morning. I made soup for dinner and it was great. "
    found = places(detector, clean * 6 + "You are such a complete idiot! " + clean * 6, "harassment.insult")
    assert found
    assert all(place in "You are such a complete idiot!" for place in found)
    assert any("idiot" in place for place in found)


def test_the_evidence_is_that_of_the_text_as_it_was_sent(detector: HarmDetector) -> None:
    found = places(detector, "Thanks a lot. You are such an 1d\u200b10t, Kevin", "harassment.insult")
    assert any("1d\u200b10t" in place for place in found)


def test_a_megabyte_is_read_to_its_end(detector: HarmDetector) -> None:
    text = "All is well here and nothing happens. " * 26_000 + "You are such a complete idiot, shut up!"
    (answer,) = detector.detect([text_part(text)])
    assert answer.partial is None
    assert "harassment" in {finding.label for finding in answer.findings}


@past
def test_a_text_that_is_read_only_in_part_says_so() -> None:
    (answer,) = HarmDetector(open_model("text-2026.2")).detect([text_part("All is well here. " * 20_000)])
    assert "only 1024 of" in (answer.partial or "")


def test_what_is_settled_early_is_what_the_upper_part_finds_harmless() -> None:
    texts = ["Thanks for your help yesterday", "你真是个白痴", "See you at five", "you are a worthless idiot"]
    parts = [text_part(text) for text in texts]
    whole = HarmDetector(open_model(LATEST, cascade=False)).detect(parts)
    early = HarmDetector(open_model(LATEST, cascade=True)).detect(parts)
    assert [bool(a.findings) for a in whole] == [bool(a.findings) for a in early] == [False, True, False, True]


@pytest.mark.parametrize(
    "template", ["{} people are stupid and ugly", "My {} neighbour bakes bread", "I met a {} man. He hit me!"]
)
def test_the_group_that_is_named_changes_no_score(detector: HarmDetector, template: str) -> None:
    """Scores are the same to the last bit, since the model reads the same text."""
    names = ("Muslim", "Jewish", "gay", "Kurdish", "white", "deaf", "Nigerian", "Uyghur")
    answers = detector.detect([text_part(template.format(name)) for name in names])
    assert len({tuple(answer.scores.values()) for answer in answers}) == 1


def test_a_finding_speaks_of_the_text_as_written(detector: HarmDetector) -> None:
    """Places are those of the original, though the model read another text."""
    text = "My Nigerian and Pakistani neighbours told me so. You are such a stupid idiot, shut up! See you."
    found = places(detector, text, "harassment.insult")
    assert found
    assert all(place in "You are such a stupid idiot, shut up!" for place in found)


def test_lone_surrogates_in_the_conversation_do_not_stop_the_reading(detector: HarmDetector) -> None:
    text = "You are such a complete idiot"
    broken, plain = (TextPart(text=text, before=(Message(text=f"well {mark} then"),)) for mark in ("\ud800", "?"))
    assert detector.detect([broken]) == detector.detect([plain])
