"""text.voice: words of lists in speech, by how they sound."""

from __future__ import annotations

import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.voice import VoiceDetector, make
from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour, Location, Mark, Source, TextPart
from evenhand.settings import Settings
from evenhand.testing import DetectorContract

pytest.importorskip("jellyfish")


def words(*values: str, options: tuple[str, ...] = ("phonetic",), colour: ListColour = ListColour.BLACK) -> Library:
    items = tuple(LibraryItem(value=value) for value in values)
    return Library(name="brand", kind=LibraryKind.WORDS, colour=colour, items=items, options=options)


def said(text: str, *, language: str | None = "en", source: Source = Source.SPEECH) -> TextPart:
    marks, at = [], 0
    for number, word in enumerate(text.split()):
        marks.append(Mark(start=at, end=at + len(word), time=(float(number), number + 1.0)))
        at += len(word) + 1
    return TextPart(text=text, language=language, origin=Location(source=source), marks=tuple(marks))


class TestContract(DetectorContract):
    def make(self) -> VoiceDetector:
        return VoiceDetector([words("widget")])


@pytest.mark.parametrize(
    ("listed", "heard", "times"),
    [
        ("widget", "please send the wijit today", (3.0, 4.0)),
        ("frobnicate", "they will frob nikate it", (2.0, 4.0)),
        ("night rider", "it was the knight ryder again", (3.0, 5.0)),
    ],
)
def test_words_that_sound_alike_are_found_at_their_seconds(listed: str, heard: str, times: tuple[float, float]) -> None:
    (answer,) = VoiceDetector([words(listed)]).detect([said(heard)])
    (finding,) = answer.findings
    assert finding.label == "known.black"
    assert finding.score == pytest.approx(0.6)
    assert finding.location.time == times
    assert finding.library == "brand"


@pytest.mark.parametrize(
    ("listed", "part"),
    [
        ("widget", said("please send the widget")),  # spelled so: text.words has it
        ("widget", said("please send the wijit", source=Source.TEXT)),  # typed, not spoken
        ("widget", said("bitte den wijit senden", language="de")),
        ("tight", said("she taught me")),  # the same key, other letters
        ("an", said("in on and no")),  # too short to tell
        ("widget", said("")),
    ],
)
def test_what_is_not_found(listed: str, part: TextPart) -> None:
    (answer,) = VoiceDetector([words(listed)]).detect([part])
    assert answer.findings == ()


def test_only_lists_that_ask_for_it() -> None:
    lists = [words("widget", options=()), words("widget", colour=ListColour.WHITE)]
    (answer,) = VoiceDetector(lists).detect([said("the wijit")])
    assert answer.findings == ()


def test_made_from_the_libraries() -> None:
    made = make(DetectorContext(settings=Settings(), libraries=(words("widget"),)))
    assert len(made.detect([said("the wijit")])[0].findings) == 1
