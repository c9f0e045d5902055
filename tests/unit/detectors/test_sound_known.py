"""audio.known: an operator's sounds, with their library, label and seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evenhand.detectors.sound_enrol import fingerprint_file
from evenhand.detectors.sound_known import KnownSoundDetector
from evenhand.domain import AudioPart, Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import InputError, LibraryError
from evenhand.matching.audioprint import as_text, fingerprint
from evenhand.matching.libraries import load_library, parse_library
from evenhand.testing import DetectorContract
from tests.sounds import DATA, RATE, noise, sound, spoken

pytest.importorskip("av")


def library(value: str, *, colour: ListColour = ListColour.BLACK, label: str | None = None) -> Library:
    items = (LibraryItem(value=value),)
    return Library(name="theme", kind=LibraryKind.SOUNDS, colour=colour, label=label, items=items)


SAMPLE = as_text(fingerprint(spoken("trade_en")))


class TestContract(DetectorContract):
    def make(self) -> KnownSoundDetector:
        return KnownSoundDetector([library(SAMPLE)])


@pytest.mark.parametrize(
    ("colour", "label", "wanted"),
    [
        (ListColour.BLACK, None, "known.black"),
        (ListColour.WHITE, None, "known.white"),
        (ListColour.REVIEW, None, "known.review"),
        (ListColour.BLACK, "ads.promotion", "ads.promotion"),
    ],
)
def test_a_sample_is_found_with_its_seconds(colour: ListColour, label: str | None, wanted: str) -> None:
    around = [noise(4.2, level=0.01), spoken("trade_en"), noise(3, level=0.01)]
    part = sound(np.concatenate(around).astype(np.float32), start=600.0)
    (answer,) = KnownSoundDetector([library(SAMPLE, colour=colour, label=label)]).detect([part])
    (finding,) = answer.findings
    assert (finding.label, finding.library) == (wanted, "theme")
    assert 0.6 <= finding.score <= 1.0
    assert finding.location.time is not None
    # spoken from 4.5 to 8.9 seconds of the part, which begins at 600
    assert 604.0 < finding.location.time[0] < 605.5
    assert 607.5 < finding.location.time[1] < 609.5


def test_other_speech_of_the_same_voice_is_not_found() -> None:
    (answer,) = KnownSoundDetector([library(SAMPLE)]).detect([sound(spoken("insult_en"))])
    assert answer.findings == ()


def test_a_file_gives_the_fingerprint_of_its_sound() -> None:
    words = fingerprint_file(DATA / "trade_en.ogg")
    direct = fingerprint(spoken("trade_en"))
    size = min(len(words), len(direct))
    same = np.bitwise_count(words[:size] ^ direct[:size]).mean() / 32
    assert size > 4 * 16
    assert same < 0.1


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no sound")
    with pytest.raises(InputError, match="no sound"):
        fingerprint_file(text)


def test_a_document_of_sounds(tmp_path: Path) -> None:
    path = tmp_path / "theme.yaml"
    path.write_text(f"name: theme\nkind: sounds\nlist: black\nitems:\n  - {SAMPLE}\n")
    assert load_library(path).items == (LibraryItem(value=SAMPLE),)


def test_a_broken_sample_names_its_line() -> None:
    with pytest.raises(LibraryError, match="line 5"):
        parse_library("name: theme\nkind: sounds\nlist: black\nitems:\n  - s1:AAA\n", "theme.yaml")
    with pytest.raises(LibraryError, match="fingerprint"):
        KnownSoundDetector([library("nothing")])


def test_parts_of_other_rates() -> None:
    from dataclasses import replace

    part = sound(spoken("trade_en"))
    slow = replace(part, samples=part.samples[::2].copy(), rate=RATE // 2, views={})
    (answer,) = KnownSoundDetector([library(SAMPLE)]).detect([slow])
    assert len(answer.findings) == 1


def test_a_sample_that_a_border_cuts_is_found_with_what_came_before() -> None:
    whole = np.concatenate([noise(4.2, level=0.01), spoken("trade_en"), noise(3, level=0.01)]).astype(np.float32)
    border = round(6.9 * RATE)  # the sample sounds from 4.5 to 8.9 s
    detector = KnownSoundDetector([library(SAMPLE)])
    cut = sound(whole[border:], start=606.9)
    assert [one.findings for one in detector.detect([sound(whole[:border], start=600.0), cut])] == [(), ()]
    before = whole[border - 4 * RATE : border]
    (answer,) = detector.detect([replace(cut, before=before)])
    (finding,) = answer.findings
    begin, end = finding.location.time or (0.0, 0.0)
    assert 604.0 < begin < 605.5
    assert 607.5 < end < 609.5
    later = AudioPart(samples=noise(3, level=0.01), before=whole[: round(9.0 * RATE)][-4 * RATE :])
    assert detector.detect([later])[0].findings == ()  # it was over before
