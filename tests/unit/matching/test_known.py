"""Samples of documents and banks together: white samples as negatives, and what floods do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour
from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.floods import PICTURES
from evenhand.matching.known import KnownMatch, KnownPictures
from evenhand.matching.pdq import to_hex

Hash = NDArray[np.uint64]
RNG = np.random.default_rng(4)
BASE: Hash = RNG.integers(0, 2**64, 4, dtype=np.uint64)


def off(words: Hash, bits: int, *, start: int = 0) -> Hash:
    changed = words.copy()
    for bit in range(start, start + bits):
        changed[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return changed


def turned(words: Hash, *, turn: int = 0) -> Hash:
    """Make the hashes of a picture, one of which is given."""
    turns = np.random.default_rng(5).integers(0, 2**64, (8, 4), dtype=np.uint64)
    turns[turn] = words
    return turns


def library(
    *samples: Hash, name: str = "l", colour: ListColour = ListColour.BLACK, options: tuple[str, ...] = ()
) -> Library:
    items = tuple(LibraryItem(value=to_hex(sample)) for sample in samples)
    return Library(name=name, kind=LibraryKind.IMAGES, colour=colour, items=items, options=options)


def banked(folder: Path, *samples: Hash, name: str = "b", colour: ListColour = ListColour.BLACK) -> Library:
    with BankWriter(folder / name) as writer:
        writer.add(np.stack(samples), tag="A1")
    return Library(name=name, kind=LibraryKind.IMAGES, colour=colour, bank=str(folder / name))


def short(matches: list[KnownMatch]) -> list[tuple[str, str, int, int]]:
    return [(m.library.name, m.label, m.turn, m.bits) for m in matches]


def test_documents_and_banks_answer_together(tmp_path: Path) -> None:
    known = KnownPictures([library(off(BASE, 5)), banked(tmp_path, BASE, off(BASE, 12))])
    first, second, none = known.matches([turned(BASE), turned(off(BASE, 2), turn=3), turned(off(BASE, 60))])
    assert short(first) == [("b", "known.black", 0, 0), ("l", "known.black", 0, 5), ("b", "known.black", 0, 12)]
    assert short(second) == [("b", "known.black", 3, 2), ("l", "known.black", 3, 3), ("b", "known.black", 3, 10)]
    assert first[0].tag == "A1"
    assert none == []
    assert known.matches([]) == []


def test_what_is_added_to_a_bank_is_found_without_opening_it_again(tmp_path: Path) -> None:
    known = KnownPictures([banked(tmp_path, BASE)])
    other = off(BASE, 100)
    assert known.matches([turned(other)]) == [[]]
    with BankWriter(tmp_path / "b") as writer:
        writer.add(other[None])
        writer.remove(BASE[None])
    assert [len(found) for found in known.matches([turned(other), turned(BASE)])] == [1, 0]


def test_a_nearer_white_sample_denies_a_match() -> None:
    white = library(BASE, name="w", colour=ListColour.WHITE)
    known = KnownPictures([library(off(BASE, 20)), white])
    template, nearer, bad, between = known.matches([turned(off(BASE, bits)) for bits in (0, 9, 20, 10)])
    assert short(template) == [("w", "known.white", 0, 0)]
    assert short(nearer) == [("w", "known.white", 0, 9)]
    assert short(bad) == [("l", "known.black", 0, 0), ("w", "known.white", 0, 20)]
    assert [m.label for m in between] == ["known.black", "known.white"]  # as near: both are told


def flood(known: KnownPictures) -> None:
    for _ in range(4 * PICTURES):
        changed = BASE.copy()
        for bit in RNG.choice(256, 25, replace=False):
            changed[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        known.matches([turned(changed)])


def test_a_flooding_sample_asks_for_review_and_allows_nothing(tmp_path: Path) -> None:
    for colour, wide in ((ListColour.BLACK, [("known.review", True)]), (ListColour.WHITE, [])):
        for made in (library(BASE, colour=colour), banked(tmp_path, BASE, name=f"b-{colour}", colour=colour)):
            known = KnownPictures([made])
            (before,) = known.matches([turned(off(BASE, 15))])
            assert [m.label for m in before] == [f"known.{colour}"]
            flood(known)
            far, near = known.matches([turned(off(BASE, 15)), turned(off(BASE, 8))])
            assert [(m.label, m.flooded) for m in far] == wide
            assert [(m.label, m.flooded) for m in near] == [(f"known.{colour}", False)]


def test_a_library_may_ask_for_no_quarantine() -> None:
    known = KnownPictures([library(BASE, options=("no-quarantine",))])
    flood(known)
    ((match,),) = known.matches([turned(off(BASE, 15))])
    assert match.label == "known.black"
