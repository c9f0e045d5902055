"""The tables behind the refusals are in order."""

from __future__ import annotations

from evenhand.fairness.spelling import fold, spellings, squash, stems
from evenhand.fairness.terms import read_sections, terms


def test_terms_are_folded_and_long_enough() -> None:
    """No term is empty or a lone Latin letter, which would refuse half the world."""
    table = terms()
    for entries in (table.words, table.starts, table.inside, table.alone, table.topic, table.person, table.language):
        assert entries
        for term in entries:
            assert term == squash(term)
            assert len(term) > 1 or not term.isascii()
    assert all(len(term) > 4 for term in table.inside if term.isascii())  # matched inside other words
    assert table.allow.isdisjoint(table.words)


def test_sections() -> None:
    """Headings, comments, blanks and empty terms."""
    text = "# note\n[a | b]\none, two,\n\n  three \n[c]\nfour"
    assert list(read_sections(text)) == [("a | b", "one"), ("a | b", "two"), ("a | b", "three"), ("c", "four")]
    assert list(read_sections("[x]\na, b", separator="\n")) == [("x", "a, b")]


def test_fold() -> None:
    """Case, accents, width, capitals in the middle, invisible characters."""
    table = {"faceRace": "face race", "RACECar": "race car", "Ｒａｃｅ": "race", "étnia": "etnia", "a\u200bb": "ab"}
    assert {text: fold(text) for text in table} == table


def test_spellings() -> None:
    """Digits are read as letters both ways, and dropped."""
    assert {"race", "rce"} <= spellings("r4ce")
    assert {"islam", "lslam", "slam"} <= spellings("1slam")
    assert "race" in spellings("rасе")


def test_stems() -> None:
    """Plurals and the Arabic article."""
    assert "ethnicity" in stems("ethnicities")
    assert "race" in stems("races")
    assert "دين" in stems("الدين")
