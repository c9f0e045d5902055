"""text.words: labels, scores, spans and reasons."""

from __future__ import annotations

import threading

import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.words import WordsDetector, example_library, make
from evenhand.domain import Finding, Library, LibraryItem, LibraryKind, ListColour, Location, Mark, Source, TextPart
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, text_part


def word_list(*values: str, name: str = "house", colour: ListColour = ListColour.BLACK, **fields: object) -> Library:
    """Make a word list."""
    items = tuple(LibraryItem(value=value) for value in values)
    return Library(name=name, kind=LibraryKind.WORDS, colour=colour, items=items, **fields)  # type: ignore[arg-type]


def findings(text: str, *libraries: Library, language: str | None = None) -> tuple[Finding, ...]:
    """Findings in one text."""
    (answer,) = WordsDetector(libraries).detect([text_part(text, language=language)])
    return answer.findings


class TestWithLists(DetectorContract):
    """The contract, with a list."""

    def make(self) -> WordsDetector:
        """With the list of the examples."""
        return WordsDetector([example_library()])


class TestWithoutLists(DetectorContract):
    """The contract, without any list."""

    def make(self) -> WordsDetector:
        """As it is built when nothing is configured."""
        return make(DetectorContext(settings=Settings()))


def test_without_lists_it_finds_nothing_and_loads_nothing() -> None:
    detector = make(DetectorContext(settings=Settings()))
    assert detector.info.labels == ("known.black", "known.review", "known.white")
    assert detector.detect([text_part("what a badword")])[0].findings == ()
    assert detector._index is None


@pytest.mark.parametrize(
    ("text", "score", "reason"),
    [
        ("a badword", 1.0, "matches word list 'house'"),
        ("a b4dword", 0.95, "matches word list 'house' (letters disguised)"),
        ("a baaadword", 0.95, "matches word list 'house' (letters drawn out)"),
        ("a b.a.d.w.o.r.d", 0.9, "matches word list 'house' (letters set apart)"),
        ("a b.4.d.w.o.r.d", 0.9, "matches word list 'house' (letters set apart)"),
        ("a b*dword", 0.8, "matches word list 'house' (letters hidden)"),
    ],
)
def test_score_and_reason(text: str, score: float, reason: str) -> None:
    (found,) = findings(text, word_list("badword"))
    assert (found.label, found.score, found.reason, found.library) == ("known.black", score, reason, "house")
    assert found.location.span == (2, len(text))


@pytest.mark.parametrize(
    ("library", "label", "score"),
    [
        (word_list("badword", colour=ListColour.REVIEW), "known.review", 1.0),
        (word_list("badword", label="ads.promotion"), "ads.promotion", 1.0),
        (word_list("badword", colour=ListColour.WHITE, label="ads.promotion"), "known.white", 1.0),
        (
            Library(
                name="house",
                kind=LibraryKind.WORDS,
                colour=ListColour.BLACK,
                label="ads",
                items=(LibraryItem(value="badword", label="spam.scam", score=0.5),),
            ),
            "spam.scam",
            0.5,
        ),
    ],
)
def test_label(library: Library, label: str, score: float) -> None:
    (found,) = findings("badword", library)
    assert (found.label, found.score) == (label, score)
    assert label in WordsDetector([library]).info.labels


@pytest.mark.parametrize(
    ("wanted", "language", "count"),
    [((), "en", 1), (("es",), "en", 0), (("es", "en"), "en-GB", 1), (("zh-Hant",), "zh", 0), (("es",), None, 1)],
)
def test_languages(wanted: tuple[str, ...], language: str | None, count: int) -> None:
    assert len(findings("badword", word_list("badword", languages=wanted), language=language)) == count


def test_lists_answer_apart() -> None:
    white = word_list("badword games", name="allowed", colour=ListColour.WHITE)
    found = findings("badword games", word_list("badword"), white)
    assert {(f.label, f.library) for f in found} == {("known.black", "house"), ("known.white", "allowed")}


def test_pictures_are_no_words() -> None:
    pictures = Library(
        name="pictures", kind=LibraryKind.IMAGES, colour=ListColour.BLACK, items=(LibraryItem(value="0" * 64),)
    )
    assert findings("0" * 64, pictures) == ()


def test_findings_of_one_text_are_bounded() -> None:
    assert len(findings("badword " * 1000, word_list("badword"), word_list("badword", name="second"))) == 200


def test_words_read_from_a_picture_are_located_in_it() -> None:
    part = TextPart(
        text="a badword",
        origin=Location(source=Source.OCR),
        marks=(Mark(start=2, end=9, box=(1.0, 2.0, 30.0, 12.0)),),
    )
    (answer,) = WordsDetector([word_list("badword")]).detect([part])
    assert answer.findings[0].location.box == (1.0, 2.0, 30.0, 12.0)
    assert answer.findings[0].location.text == "badword"


def test_a_detector_made_of_the_last_one_finds_the_same_while_indexes_are_joined_and_after() -> None:
    keep: dict[str, object] = {}
    words = [f"rascal{number:05}" for number in range(9_000)]
    first = WordsDetector([word_list(*words[:5_000])], keep=keep)
    assert first.detect([text_part("rascal00007")])[0].findings
    second = WordsDetector([word_list(*words[2_000:])], keep=keep)
    parts = [text_part("rascal00007 rascal02000 rascal08999")]
    expected = WordsDetector([word_list(*words[2_000:])]).detect(parts)
    assert second.detect(parts) == expected
    for thread in threading.enumerate():
        if thread.name == "evenhand-words":
            thread.join(60)
    assert second._index is not None
    assert second._index.sizes == (7_000,)
    assert second.detect(parts) == expected
