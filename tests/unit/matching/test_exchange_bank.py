"""Lists into banks and out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.exchange import Entry, Shared, Skipped
from evenhand.matching.exchange_bank import export_entries, import_entries
from evenhand.matching.pdq import from_hex, to_hex

RNG = np.random.default_rng(3)
HASHES = [to_hex(RNG.integers(0, 2**64, 4, dtype=np.uint64)) for _ in range(50)]


def test_in_and_out(tmp_path: Path) -> None:
    entries = [
        Shared(hash=digest, tag=f"t{number % 3}", expires=2_000_000_000 + number if number % 2 else None)
        for number, digest in enumerate(HASHES)
    ]
    with BankWriter(tmp_path / "bank") as writer:
        done = import_entries(entries, writer)
        assert (done.added, done.removed, done.skipped) == (50, 0, {})
        writer.compact()
        assert sorted(export_entries(writer), key=lambda e: e.hash) == sorted(entries, key=lambda e: e.hash)
        (match,) = writer.search(from_hex(HASHES[4])[None], distance=0)
        assert match.tag == "t1"


def test_withdrawn_hashes_go_and_the_last_word_counts(tmp_path: Path) -> None:
    one, two, three = HASHES[:3]
    with BankWriter(tmp_path / "bank") as writer:
        import_entries([Shared(hash=one), Shared(hash=two)], writer)
        entries: list[Entry] = [
            Shared(hash=one, gone=True),
            Shared(hash=two, gone=True),
            Shared(hash=two, tag="back"),
            Shared(hash=three),
            Shared(hash=three, gone=True),
            Skipped(why="a video's hash"),
            Skipped(why="a video's hash"),
        ]
        done = import_entries(entries, writer)
        assert (done.added, done.removed, done.skipped) == (0, 1, {"a video's hash": 2})
        assert [(entry.hash, entry.tag) for entry in export_entries(writer)] == [(two, "back")]


def test_hashes_of_blank_pictures_are_left_out(tmp_path: Path) -> None:
    blank = ["0" * 64, "f" * 64, "0" * 48 + HASHES[0][:16]]
    entries = [Shared(hash=digest) for digest in [*blank, HASHES[1]]]
    with BankWriter(tmp_path / "bank") as writer:
        done = import_entries(entries, writer)
        assert (done.added, done.plain, done.skipped) == (1, tuple(blank), {"a blank picture's hash": 3})
        assert import_entries(entries, writer, keep_plain=True).added == 3


def test_days_are_for_entries_that_say_none(tmp_path: Path) -> None:
    with BankWriter(tmp_path / "bank") as writer:
        import_entries(
            [Shared(hash=HASHES[0]), Shared(hash=HASHES[1], expires=2_000_000_001)], writer, expires=2_000_000_000
        )
        assert {entry.expires for entry in export_entries(writer)} == {2_000_000_000, 2_000_000_001}
