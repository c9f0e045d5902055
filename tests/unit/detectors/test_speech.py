"""audio.speech: the words, the seconds they stand at, and nothing where nobody speaks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.speech import SpeechDetector, make
from evenhand.domain import PartKind, Source, TextPart
from evenhand.errors import SettingsError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract
from tests.sounds import RATE, SHARED, hostile, noise, samples_of, sound, spoken

pytest.importorskip("faster_whisper")


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


class TestContract(DetectorContract):
    def make(self) -> SpeechDetector:
        return SpeechDetector()


def texts(detector: SpeechDetector, samples: np.ndarray, **given: object) -> list[TextPart]:
    (answer,) = detector.detect([sound(samples, **given)])  # type: ignore[arg-type]
    assert all(isinstance(part, TextPart) for part in answer.parts)
    return [part for part in answer.parts if isinstance(part, TextPart)]


def test_words_stand_at_their_seconds(detector: SpeechDetector) -> None:
    (text,) = texts(detector, spoken("insult_en"), start=100.0)
    assert text.language == "en"
    assert text.origin.source is Source.SPEECH
    start = text.text.lower().index("stupid")
    place = text.locate(start, start + len("stupid idiot"))
    assert place.time is not None
    # the sentence is spoken from 8.2 to 11.4 seconds of the part, which begins at 100
    assert 108.0 < place.time[0] < place.time[1] < 110.6
    assert place.text is not None
    assert words(place.text) == ["stupid", "idiot"]


def test_every_mark_holds_its_word(detector: SpeechDetector) -> None:
    (text,) = texts(detector, spoken("insult_en"))
    assert "".join(text.text[m.start : m.end] for m in text.marks) == text.text.replace(" ", "")
    times = [mark.time for mark in text.marks]
    assert all(time is not None and 0 <= time[0] <= time[1] <= 13 for time in times)
    assert times == sorted(times, key=lambda time: time or (0.0, 0.0))


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("harmless_en", "en", {"meeting", "moved", "thursday", "afternoon"}),
        ("harmless_es", "es", {"playa", "con", "los", "niños"}),
    ],
)
def test_the_language_is_told_from_the_sound(
    detector: SpeechDetector, name: str, language: str, said: set[str]
) -> None:
    (text,) = texts(detector, spoken(name))
    assert text.language == language
    assert said <= set(words(text.text))


def test_a_hint_of_the_caller_wins(detector: SpeechDetector) -> None:
    (text,) = texts(detector, spoken("harmless_en"), language="en-GB")
    assert text.language == "en"


def test_a_hint_that_the_model_does_not_know_is_passed_over(detector: SpeechDetector) -> None:
    (text,) = texts(detector, spoken("harmless_en"), language="tlh")
    assert text.language == "en"


@pytest.mark.parametrize("name", hostile())
def test_nothing_is_said_in(detector: SpeechDetector, name: str) -> None:
    assert texts(detector, hostile()[name]) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("very quiet", lambda s: s * 0.004),
        ("offset", lambda s: s + 0.4),
        ("clipped", lambda s: np.clip(s * 8, -1, 1)),
        ("beyond full scale", lambda s: s * 50),
        ("hissing", lambda s: s + noise(len(s) / RATE, level=0.004)[: len(s)]),
    ],
)
def test_speech_is_heard_though_it_is(detector: SpeechDetector, what: str, change: object) -> None:
    assert callable(change)
    (text,) = texts(detector, change(spoken("harmless_en")).astype(np.float32))
    assert {"meeting", "thursday"} <= set(words(text.text)), what


def test_another_rate_is_brought_to_the_models(detector: SpeechDetector) -> None:
    part = sound(spoken("harmless_en"))
    slow = replace(part, samples=part.samples[::2].copy(), rate=RATE // 2, views={})
    (answer,) = detector.detect([slow])
    (text,) = answer.parts
    assert isinstance(text, TextPart)
    assert "thursday" in words(text.text)


def test_the_samples_are_not_changed(detector: SpeechDetector) -> None:
    samples = spoken("harmless_en").copy()
    samples.setflags(write=False)
    before = samples.copy()
    detector.detect([sound(samples)])
    assert np.array_equal(samples, before)


def test_parts_are_answered_in_order(detector: SpeechDetector) -> None:
    said, silent = sound(spoken("harmless_en")), sound(np.zeros(RATE, np.float32))
    found = detector.detect([silent, said, silent])
    assert [len(one.parts) for one in found] == [0, 1, 0]


def test_the_declaration() -> None:
    info = SpeechDetector().info
    assert info.emits == {PartKind.TEXT}
    assert info.labels == ()


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lacks model\.bin"):
        make(DetectorContext(settings=Settings(speech_model=tmp_path)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recordings of the development set")
def test_chinese_is_written_in_simplified_characters(detector: SpeechDetector) -> None:
    (text,) = texts(detector, samples_of(SHARED / "speech" / "aishell-BAC009S0724W0121.wav"))
    assert text.language == "zh-Hans"
    assert "广州市" in text.text
    assert "分析" in text.text


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recordings of the development set")
def test_a_person_reading_is_written_down(detector: SpeechDetector) -> None:
    (text,) = texts(detector, samples_of(SHARED / "speech" / "jfk.flac"))
    assert words(text.text)[:8] == ["and", "so", "my", "fellow", "americans", "ask", "not", "what"]
