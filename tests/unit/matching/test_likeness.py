"""The bank of likenesses: exact search, rows that survive, damage that is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenhand.errors import LibraryError
from evenhand.matching.landmarks import Landmarks
from evenhand.matching.likeness import LikenessBank, append

SPACE = "test 1"


def _vectors(count: int, *, seed: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).normal(size=(count, 256)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _marks(count: int) -> list[Landmarks]:
    def one(i: int) -> Landmarks:
        return Landmarks(places=np.full((3, 2), i, np.uint16), bits=np.full((3, 32), i + 1, np.uint8), size=(448, i))

    return [one(i % 250) for i in range(count)]


def _keys(count: int) -> list[str]:
    return [f"{i:064x}" for i in range(count)]


def _bank(folder: Path, count: int) -> LikenessBank:
    append(folder / "b", _keys(count), _vectors(count), _marks(count), space=SPACE)
    return LikenessBank(folder / "b", space=SPACE)


def test_the_nearest_are_those_that_comparing_all_gives(tmp_path: Path) -> None:
    bank, rows = _bank(tmp_path, 20_000), _vectors(20_000)
    queries = np.concatenate([rows[[5, 19_999]], _vectors(3, seed=2)])
    found = bank.nearest(queries, least=0.15, most=10)
    exact = queries @ rows.T
    for hits, truth in zip(found, exact, strict=True):
        wanted = [int(row) for row in np.argsort(-truth)[:10] if truth[row] >= 0.15]
        close = {int(row) for row in np.flatnonzero(truth >= 0.148)}  # eight bits move a cosine by up to .002
        assert {row for row, _ in hits} <= close
        assert [row for row, _ in hits][:1] == wanted[:1]
        assert all(abs(score - truth[row]) < 0.004 for row, score in hits)


def test_rows_are_added_once_and_their_landmarks_come_back(tmp_path: Path) -> None:
    assert append(tmp_path / "b", _keys(4), _vectors(4), _marks(4), space=SPACE) == (4, 4)
    assert append(tmp_path / "b", _keys(6), _vectors(6), _marks(6), space=SPACE) == (2, 6)
    bank = LikenessBank(tmp_path / "b", space=SPACE)
    assert bank.hashes() == _keys(6)
    assert bank.landmarks(5).size == (448, 5)
    assert bank.hashes()[2] == _keys(6)[2]


def test_an_interrupted_addition_leaves_no_trace(tmp_path: Path) -> None:
    _bank(tmp_path, 3)
    with (tmp_path / "b" / "vectors").open("ab") as stream:
        stream.write(b"half a row")
    append(tmp_path / "b", _keys(5), _vectors(5), _marks(5), space=SPACE)
    (hits,) = LikenessBank(tmp_path / "b", space=SPACE).nearest(_vectors(5)[4:], least=0.9, most=3)
    assert [row for row, _ in hits] == [4]


def test_an_empty_bank_answers_nothing(tmp_path: Path) -> None:
    assert _bank(tmp_path, 0).nearest(_vectors(2), least=0.1, most=5) == [[], []]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("meta.json", "{", "no bank"),
        ("meta.json", '{"format": 1, "space": "other 2", "rows": 1}', "made with other 2"),
        ("meta.json", '{"format": 1, "space": "test 1", "rows": -4}', "damaged"),
        ("vectors", "short", "cut short"),
    ],
)
def test_damage_is_told(tmp_path: Path, file: str, text: str, words: str) -> None:
    _bank(tmp_path, 2)
    (tmp_path / "b" / file).write_text(text)
    with pytest.raises(LibraryError, match=words):
        LikenessBank(tmp_path / "b", space=SPACE)
