"""Hash lists into banks, and banks into hash lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from evenhand.matching.bank import HashBank
from evenhand.matching.bank_files import NEVER
from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.exchange import Entry, Shared, Skipped

_AT_A_TIME = 250_000  # entries held between reading and writing
_FEWEST, _MOST = 96, 160  # ones of a hash; PDQ compares with the median, so that a picture worth hashing has about 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    added: int  # hashes that were not there
    removed: int  # hashes that their source has withdrawn
    plain: tuple[str, ...]  # first hashes left out because no picture worth hashing has them
    skipped: Mapping[str, int]  # why other entries were left out, and how many


def import_entries(
    entries: Iterable[Entry], writer: BankWriter, *, expires: int = NEVER, keep_plain: bool = False
) -> Imported:
    """Put a list into a bank. Within a list the last entry of a hash counts.

    Args:
        entries: see `exchange_files.read_list`.
        writer: the bank.
        expires: when hashes stop matching whose source does not say, seconds since 1970.
        keep_plain: take hashes too that are nearly all ones or nearly all noughts, as blank pictures have.

    Raises:
        LibraryError: an entry is wrong, or the bank cannot be written; what stood before it may be in the bank.
    """
    added = removed = 0
    skipped: Counter[str] = Counter()
    plain: list[str] = []
    reading = iter(entries)
    while some := list(islice(reading, _AT_A_TIME)):
        last: dict[str, Shared] = {}
        for entry in some:
            if isinstance(entry, Skipped):
                skipped[entry.why] += 1
            elif not entry.gone and not keep_plain and not _FEWEST <= int(entry.hash, 16).bit_count() <= _MOST:
                skipped["a blank picture's hash"] += 1
                plain.append(entry.hash)
            else:
                last[entry.hash] = entry
        removed += writer.remove(_words([entry.hash for entry in last.values() if entry.gone]))
        by_tag: defaultdict[str, list[Shared]] = defaultdict(list)
        for entry in last.values():
            if not entry.gone:
                by_tag[entry.tag].append(entry)
        for tag, group in by_tag.items():
            times = np.array([expires if entry.expires is None else entry.expires for entry in group], np.uint32)
            added += writer.add(_words([entry.hash for entry in group]), expires=times, tag=tag)
    return Imported(added=added, removed=removed, plain=tuple(plain[:10]), skipped=dict(skipped))


def export_entries(bank: HashBank) -> Iterator[Shared]:
    """Give all good hashes of a bank, in no order."""
    for items in bank.items():
        tags = bank.tags
        for begin in range(0, len(items.hashes), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            digits = items.hashes[some].astype(">u8").tobytes().hex()
            times, numbers = items.expires[some].tolist(), items.tags[some].tolist()
            for row, (expires, tag) in enumerate(zip(times, numbers, strict=True)):
                yield Shared(
                    hash=digits[64 * row : 64 * row + 64], tag=tags[tag], expires=None if expires == NEVER else expires
                )


def _words(digests: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    return np.frombuffer(bytes.fromhex("".join(digests)), ">u8").reshape(-1, 4).astype(np.uint64)
