"""text.language: what it says, and when it says nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import eldc
import pytest

from evenhand.detectors.language import LanguageDetector
from evenhand.testing import DetectorContract, text_part

IDENTIFIED = [
    ("Good morning, how was your weekend by the sea?", "en"),
    ("Bonjour à tous, comment allez-vous aujourd'hui ?", "fr"),
    ("Guten Morgen, wie war dein Wochenende am Meer?", "de"),
    ("Buenos días, ¿cómo fue tu fin de semana?", "es"),
    ("Bom dia, tudo bem com você?", "pt"),
    ("Hyvää huomenta kaikille", "fi"),
    ("Привет, как прошли выходные у моря?", "ru"),
    ("مرحبا كيف حالك اليوم", "ar"),
    ("한국어 문장입니다", "ko"),
    ("これはテストです", "ja"),
    ("我们明天一起去图书馆读书好吗", "zh-Hans"),
    ("我們明天一起去圖書館讀書好嗎", "zh-Hant"),
    ("nul\0 in the middle of an English sentence", "en"),
    ("\ud800 a lone surrogate before an English sentence", "en"),
    ("\U0001f600" * 3000 + " and only then the English words of the text", "en"),
    ("what a lovely day it is " * 50_000, "en"),
]

UNSURE = [
    "",
    "a",
    "ok",
    "\0",
    "12345 67890",
    "\U0001f600" * 50,
    "x" * 5000,
    "\U0001f600" * 5000,
    "\ud800",
    "e\u0301" * 40,
]


@pytest.mark.parametrize(("text", "want"), IDENTIFIED, ids=[want for _, want in IDENTIFIED])
def test_identified(text: str, want: str) -> None:
    (answer,) = LanguageDetector().detect([text_part(text)])
    assert (answer.language, answer.findings) == (want, ())


@pytest.mark.parametrize("text", UNSURE, ids=range(len(UNSURE)))
def test_unsure(text: str) -> None:
    (answer,) = LanguageDetector().detect([text_part(text)])
    assert answer.language is None


def test_callers_hint_wins() -> None:
    (answer,) = LanguageDetector().detect([text_part("Good morning, how was your weekend?", language="fr")])
    assert answer.language is None


def test_another_users_configuration_does_not_matter() -> None:
    detector = LanguageDetector()
    detector.detect([text_part("warm up")])
    eldc.set_languages(["fi"])
    try:
        (answer,) = detector.detect([text_part("Good morning, how was your weekend?")])
    finally:
        eldc.set_languages([])
    assert answer.language == "en"


def test_threads_agree() -> None:
    parts = [text_part(text) for text, _ in IDENTIFIED[:12]] * 50
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: [d.language for d in LanguageDetector().detect(parts)], range(8)))
    assert all(run == runs[0] for run in runs)


class TestContract(DetectorContract):
    def make(self) -> LanguageDetector:
        return LanguageDetector()
