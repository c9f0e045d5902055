"""Quarantine: for a sample that matches many different pictures, and for no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.matching.floods import PICTURES, SECONDS, Floods, QuarantineFile

SAMPLE = bytes(range(32))


def pictures(count: int, *, apart: int = 20) -> list[NDArray[np.uint64]]:
    """Make hashes that differ from each other in about that many bits."""
    rng = np.random.default_rng(1)
    made = []
    for _ in range(count):
        words = np.zeros(256, np.uint8)
        words[rng.choice(256, apart // 2, replace=False)] = 1
        made.append(np.packbits(words).view(np.uint64))
    return made


def test_many_different_pictures_lead_there() -> None:
    floods = Floods()
    answers = [floods.matched(SAMPLE, picture, 20, now=i) for i, picture in enumerate(pictures(PICTURES + 5, apart=40))]
    assert answers == [False] * (PICTURES - 1) + [True] * 6
    assert floods.matched(SAMPLE, pictures(1)[0], 0)
    assert not floods.matched(bytes(32), pictures(1)[0], 20)


@pytest.mark.parametrize(
    ("made", "bits", "seconds"),
    [
        (pictures(1) * 500, 20, 1.0),  # one picture posted again and again
        (pictures(500, apart=6), 20, 1.0),  # and saved again each time
        (pictures(500, apart=40), 8, 1.0),  # the sample itself, saved again
        (pictures(500, apart=40), 20, SECONDS / (PICTURES - 2)),  # different ones, but slowly
    ],
    ids=["reposts", "re-encoded reposts", "close", "slow"],
)
def test_what_does_not(made: list[NDArray[np.uint64]], bits: int, seconds: float) -> None:
    floods = Floods()
    assert not any(floods.matched(SAMPLE, picture, bits, now=i * seconds) for i, picture in enumerate(made))


def test_other_processes_know_and_a_release_is_for_good(tmp_path: Path) -> None:
    one, other = Floods(QuarantineFile(tmp_path)), Floods(QuarantineFile(tmp_path))
    made = pictures(PICTURES, apart=40)
    assert [one.matched(SAMPLE, picture, 20) for picture in made][-1]
    assert other.matched(SAMPLE, made[0], 20)
    record = QuarantineFile(tmp_path)
    assert [(q.hash, q.pictures) for q in record.all()] == [
        ("0706050403020100" + "0f0e0d0c0b0a0908" + "1716151413121110" + "1f1e1d1c1b1a1918", PICTURES)
    ]
    assert record.release(SAMPLE)
    assert not record.release(SAMPLE)
    assert QuarantineFile(tmp_path).all() == []
    for floods in (one, other):
        assert not any(floods.matched(SAMPLE, picture, 20) for picture in made + made)


def test_half_a_line_is_waited_for_and_rubbish_is_left_out(tmp_path: Path) -> None:
    record = QuarantineFile(tmp_path)
    path = tmp_path / "quarantine.jsonl"
    path.write_bytes(b'rubbish\n{"hash": "' + b"00" * 32 + b'", "since": 5, "pic')
    assert record.all() == []
    with path.open("ab") as stream:
        stream.write(b'tures": 60}\n')
    assert [(q.since, q.pictures) for q in record.all()] == [(5, 60)]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    floods = Floods(QuarantineFile(tmp_path / "gone"))
    assert [floods.matched(SAMPLE, picture, 20) for picture in pictures(PICTURES, apart=40)][-1]
