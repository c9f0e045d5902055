"""A bank of hashes: what is added is found, what is removed is not, whoever looks and whatever broke."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.errors import LibraryError
from evenhand.matching.bank import HashBank
from evenhand.matching.bank_writer import BankWriter

Hashes = NDArray[np.uint64]


def hashes(count: int, *, seed: int = 1) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), dtype=np.uint64)


def off_by(words: Hashes, bits: int) -> Hashes:
    """Flip so many bits, spread over the hash."""
    changed = words.copy()
    for bit in range(bits):
        place = bit * 8 % 256 + bit // 32
        changed[:, place // 64] ^= np.uint64(1) << np.uint64(place % 64)
    return changed


def known(bank: HashBank, queries: Hashes) -> list[int]:
    """Number of the queries that the bank holds, exactly."""
    return [match.query for match in bank.search(queries, distance=0)]


def by_comparing(held: Hashes, queries: Hashes, distance: int) -> set[tuple[int, bytes, int]]:
    return {
        (number, held[row].tobytes(), int(bits))
        for number, query in enumerate(queries)
        for row, bits in enumerate(np.bitwise_count(held ^ query).sum(axis=1))
        if bits <= distance
    }


@pytest.mark.parametrize("count", [10, 20_000, 60_000])
@pytest.mark.parametrize("distance", [0, 8, 31])
def test_agrees_with_comparing_all(tmp_path: Path, count: int, distance: int) -> None:
    held = hashes(count)
    near = np.concatenate([off_by(held[:5], bits) for bits in (1, 8, 20, 31, 32)])
    queries = np.concatenate([held[:5], near, hashes(5, seed=2)])
    with BankWriter(tmp_path / "bank") as writer:
        assert writer.add(held) == count
        writer.add(near)  # in the log, beside the segments
        found = {(m.query, m.hash, m.bits) for m in writer.search(queries, distance=distance)}
    assert found == by_comparing(np.concatenate([held, near]), queries, distance)


def test_tags_times_and_order(tmp_path: Path) -> None:
    one = hashes(1)
    with BankWriter(tmp_path / "bank") as writer:
        writer.add(off_by(one, 3), tag="A2")
        writer.add(one, tag="B1", expires=2_000)
        assert [(m.bits, m.tag) for m in writer.search(one, now=1_999)] == [(0, "B1"), (3, "A2")]
        assert [(m.bits, m.tag) for m in writer.search(one, now=2_000)] == [(3, "A2")]
        assert writer.add(one) == 1  # past its time, so it counts as new
        assert len(writer) == 2


@pytest.mark.parametrize("settled", [False, True], ids=["in the log", "in a segment"])
def test_a_reader_sees_each_change(tmp_path: Path, settled: bool) -> None:
    held = hashes(100)
    writer = BankWriter(tmp_path / "bank")
    reader = HashBank(tmp_path / "bank")
    assert known(reader, held) == []
    writer.add(held[:50])
    if settled:
        writer.compact()
    assert known(reader, held) == list(range(50))
    assert writer.remove(held[:10]) == 10
    assert writer.remove(held[:10]) == 0
    assert known(reader, held) == list(range(10, 50))
    assert writer.add(held[5:60]) == 15
    assert known(reader, held) == list(range(5, 60))
    writer.add(held[20:30], expires=int(time.time()) - 1)
    assert known(reader, held) == [*range(5, 20), *range(30, 60)]
    assert len(reader) == 45
    writer.compact()
    assert known(reader, held) == [*range(5, 20), *range(30, 60)]
    assert reader.segments == (45, 0)
    writer.close()


def test_repeated_hashes_are_kept_once(tmp_path: Path) -> None:
    held = hashes(30_000)
    with BankWriter(tmp_path / "bank") as writer:
        assert writer.add(np.concatenate([held, held])) == 30_000
        assert writer.add(held) == 0
        assert len(writer) == 30_000


def test_many_small_additions_become_few_segments(tmp_path: Path) -> None:
    held = hashes(60_000)
    with BankWriter(tmp_path / "bank") as writer:
        for begin in range(0, len(held), 4_000):
            writer.add(held[begin : begin + 4_000])
        assert len(writer.segments) <= 4
        assert len(writer) == 60_000
        assert known(writer, held[::1_000]) == list(range(60))
        assert len(list((tmp_path / "bank").iterdir())) <= 9  # what was joined is gone


def test_it_is_all_there_when_opened_again(tmp_path: Path) -> None:
    held = hashes(25_000)
    with BankWriter(tmp_path / "bank") as writer:
        writer.add(held[:20_500], tag="A")
        writer.add(held[20_500:], tag="B")
        writer.remove(held[:3])
    with HashBank(tmp_path / "bank") as reader:
        assert len(reader) == 24_997
        assert {m.tag for m in reader.search(held[20_000:21_000])} == {"A", "B"}
    with BankWriter(tmp_path / "bank") as writer:
        assert known(writer, held[:5]) == [3, 4]


@pytest.mark.parametrize("cut", [1, 30, 57, 200])
def test_a_write_that_was_cut_off_is_dropped(tmp_path: Path, cut: int) -> None:
    held = hashes(20)
    with BankWriter(tmp_path / "bank") as writer:
        writer.add(held[:10])
        writer.add(held[10:])
    (log,) = (tmp_path / "bank").glob("*.log")
    os.truncate(log, log.stat().st_size - cut)
    assert known(HashBank(tmp_path / "bank"), held) == list(range(10))
    with BankWriter(tmp_path / "bank") as writer:
        writer.add(held[15:])
    assert known(HashBank(tmp_path / "bank"), held) == [*range(10), *range(15, 20)]


def test_a_removal_that_only_reached_the_log_is_done_again(tmp_path: Path) -> None:
    held = hashes(10)
    folder = tmp_path / "bank"
    with BankWriter(folder) as writer:
        writer.add(held)
        writer.compact()
        (state,) = folder.glob("*.state")
        before = state.read_bytes()
        writer.remove(held[:4])
    state.write_bytes(before)  # as if the machine had stopped between the two
    with BankWriter(folder) as writer:
        assert known(writer, held) == list(range(4, 10))


def test_left_over_files_are_tidied_up(tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    BankWriter(folder).close()
    for name in ("7.hashes.new", "7.hashes", "7.state", "9.log"):
        (folder / name).write_bytes(b"half")
    BankWriter(folder).close()
    assert sorted(path.name for path in folder.iterdir()) == ["0.log", "manifest.json", "writer.lock"]


_KILLED = """
import sys, numpy as np
from pathlib import Path
from evenhand.matching.bank_writer import BankWriter
writer = BankWriter(Path(sys.argv[1]))
held = np.random.default_rng(1).integers(0, 2**64, (200_000, 4), dtype=np.uint64)
for begin in range(0, len(held), 1_000):
    writer.add(held[begin:begin + 1_000])
    print(begin + 1_000, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_confirmed(tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise AssertionError
    confirmed = 0
    while confirmed < 30_000:  # past the first segment
        confirmed = int(process.stdout.readline())
        if confirmed > 1_000:
            assert len(HashBank(folder)) >= confirmed  # read while it is written
    process.kill()
    rest = process.communicate()[0].split()
    confirmed = int(rest[-1]) if rest else confirmed
    held = hashes(200_000)
    with BankWriter(folder) as writer:  # its lock went with it
        assert confirmed <= len(writer) <= confirmed + 1_000
        assert known(writer, held[:confirmed:500]) == list(range(confirmed // 500))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with BankWriter(tmp_path / "bank") as writer:
        for change in (lambda: None, lambda: writer.add(hashes(20_000)), writer.compact):
            change()
            with pytest.raises(LibraryError, match="another process is changing"):
                BankWriter(tmp_path / "bank")
    BankWriter(tmp_path / "bank").close()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("manifest.json", b"{}", "damaged"),
        ("manifest.json", b'{"format": 9, "segments": [], "log": 0, "tags": []}', "format 9"),
        ("1.hashes", b"rubbish", "damaged"),
        ("1.hashes", b"evenhand hashes\n" + bytes(20_000), "damaged"),
        ("1.state", b"12", "damaged"),
        ("1.state", None, "missing"),
        ("2.log", None, "missing"),
    ],
)
def test_a_damaged_bank_says_so(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    folder = tmp_path / "bank"
    with BankWriter(folder) as writer:
        writer.add(hashes(10))
        writer.compact()
    (folder / name).unlink()
    if data is not None:
        (folder / name).write_bytes(data)
    with pytest.raises(LibraryError, match=message):
        HashBank(folder)


def test_what_is_no_bank(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="library import"):
        HashBank(tmp_path)
    with BankWriter(tmp_path / "bank") as writer:
        assert writer.add(hashes(0)) == 0
        with pytest.raises(ValueError, match=r"\[n, 4\]"):
            writer.add(np.zeros((2, 3), np.uint64))
        with pytest.raises(ValueError, match="0 to 31"):
            writer.search(hashes(1), distance=32)
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be"):
        BankWriter(tmp_path / "file")
