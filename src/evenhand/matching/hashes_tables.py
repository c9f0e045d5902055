"""Sorted tables over 256-bit hashes: built once, never changed, in memory or mapped from a file.

For each piece of the plan: the row numbers in order of the piece's key, and where each key starts. The hashes
themselves are in order of the first piece, which therefore needs no row numbers. Ten million take 0.91 GB with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.matching.hashes_plan import CHECK_BITS, Piece, keys_of, neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ROWS = 1 << 24  # a row number has 24 bits; the 8 above are the check
_ROW = np.uint32(MAX_ROWS - 1)
_GROUP_BITS = 6  # keys are counted from their group's start, so that 16 bits are enough
_BLOCK = 16_384  # hashes compared at a time, so that the intermediate results stay in the cache
_MOST = 4_000_000  # candidates of one batch held at a time, 48 bytes each
_SUM = np.uint32(0x01010101)  # multiplying four bytes by this adds them up in the highest

Found = tuple["NDArray[np.intp]", "NDArray[np.intp]", "NDArray[Any]"]  # query, row, bits that differ


@dataclass(frozen=True, slots=True)
class Table:
    """One piece's table."""

    piece: Piece
    following: Piece  # the piece after it, going round
    masks: NDArray[np.intp]  # see neighbours()
    spare: NDArray[np.uint8]  # for each mask: bits that may differ in the following piece's check
    groups: NDArray[np.uint32]  # where each group of 64 keys starts
    starts: NDArray[Any]  # uint16 (uint32 where one key has too many rows): where each key starts, cut off
    rows: NDArray[np.uint32] | None  # row number, check above it; None: the order of the hashes themselves


class SortedHashes:
    """Hashes with their tables. Immutable; asked from any number of threads."""

    def __init__(self, hashes: NDArray[np.uint64], tables: tuple[Table, ...]) -> None:
        self.hashes = hashes
        self._tables = tables

    def __len__(self) -> int:
        """Count the hashes."""
        return len(self.hashes)

    def search(self, queries: NDArray[np.uint64], distance: int) -> Found:
        """Find every hash within some bits of each query.

        Args:
            queries: uint64 [n, 4].
            distance: bits, at most 31 where there are tables.

        Returns:
            Number of the query, row and bits that differ; each row once a query, in no order.
        """
        if not self._tables:
            return self.scan(queries, distance)
        parts = []
        for table in self._tables:
            found = self._through(table, queries)
            if found is None:  # too much at a time
                if len(queries) == 1:
                    return self.scan(queries, distance)
                half = len(queries) // 2
                first, second = self.search(queries[:half], distance), self.search(queries[half:], distance)
                return _joined([first, (second[0] + half, second[1], second[2])])
            query, row = found
            bits = _differ(self.hashes.take(row, axis=0, mode="clip"), queries.take(query, axis=0, mode="clip"))
            near = np.flatnonzero(bits <= distance)
            parts.append((query[near], row[near], bits[near]))
        query, row, bits = _joined(parts)
        _, once = np.unique(query * MAX_ROWS + row, return_index=True)
        return query[once], row[once], bits[once]

    def scan(self, queries: NDArray[np.uint64], distance: int) -> Found:
        """Compare with all hashes, one by one; any distance."""
        parts = []
        for number, query in enumerate(queries):
            for begin in range(0, len(self), _BLOCK):
                block = self.hashes[begin : begin + _BLOCK]
                head = np.bitwise_count(block[:, 0] ^ query[0])
                head += np.bitwise_count(block[:, 1] ^ query[1])
                row = np.flatnonzero(head <= distance)  # the first half rules out nearly all
                bits = np.bitwise_count(block[row] ^ query).sum(axis=1, dtype=np.uint16)
                near = np.flatnonzero(bits <= distance)
                parts.append((np.full(len(near), number, np.intp), row[near] + begin, bits[near]))
        return _joined(parts)

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Give the row of each hash, -1 for those that are not here. Rows must differ from each other."""
        found = np.full(len(hashes), -1, np.intp)
        if not self._tables:
            alike = np.flatnonzero(np.isin(self.hashes[:, 0], hashes[:, 0])).tolist()
            rows = {self.hashes[row].tobytes(): row for row in alike}
            for number in np.flatnonzero(np.isin(hashes[:, 0], self.hashes[:, 0])).tolist() if rows else ():
                found[number] = rows.get(hashes[number].tobytes(), -1)
            return found
        table = self._tables[0]
        key = keys_of(hashes, table.piece.start, table.piece.width).astype(np.intp)
        start, count = _stretches(table, key)
        for step in range(int(count.max(initial=0))):
            left = np.flatnonzero((count > step) & (found < 0))
            row = start[left] + step
            same = (self.hashes[row] == hashes[left]).all(axis=1)
            found[left[same]] = row[same]
        return found

    def _through(self, table: Table, queries: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
        """Give the candidates (query, row) of one table; None where they are too many."""
        width = len(table.masks)
        key = keys_of(queries, table.piece.start, table.piece.width).astype(np.intp)
        start, count = _stretches(table, (key[:, None] ^ table.masks).ravel())
        ends = np.cumsum(count, dtype=np.intp)
        total = int(ends[-1])
        if total > (_MOST if len(queries) > 1 else len(self) // 2):
            return None
        # Places of each stretch in the table, one stretch after the other, without a loop in Python
        start -= ends
        start += count
        place = np.repeat(start, count)
        place += np.arange(total)
        look = np.repeat(np.arange(len(count)), count)
        if table.rows is None:
            look //= width
            return look, place
        row = table.rows.take(place, mode="clip")
        check = keys_of(queries, table.following.start, CHECK_BITS).astype(np.uint8)
        differ = np.repeat(check, width).take(look, mode="clip")
        differ ^= row.view(np.uint8)[3::4]
        np.bitwise_count(differ, out=differ)
        keep = np.flatnonzero(differ <= np.tile(table.spare, len(queries)).take(look, mode="clip"))
        row = row.take(keep, mode="clip")
        row &= _ROW
        look = look.take(keep, mode="clip")
        look //= width
        return look, row.astype(np.intp)


def order_for(hashes: NDArray[np.uint64], plan: tuple[Piece, ...]) -> NDArray[np.intp]:
    """Give the order in which hashes must stand for a plan.

    Args:
        hashes: uint64 [n, 4], at most MAX_ROWS.
        plan: see hashes_plan.

    Raises:
        ValueError: too many hashes.
    """
    if len(hashes) > MAX_ROWS:
        raise ValueError(f"{len(hashes)} hashes, at most {MAX_ROWS} go into one set of tables")
    return _order(keys_of(hashes, plan[0].start, plan[0].width)) if plan else np.arange(len(hashes))


def arrays_of(hashes: NDArray[np.uint64], plan: tuple[Piece, ...]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Build the arrays of `open_hashes`, by name, one after the other.

    Args:
        hashes: uint64 [n, 4], in order for the plan.
        plan: see hashes_plan.
    """
    yield "hashes", hashes
    for number, piece in enumerate(plan):
        key = keys_of(hashes, piece.start, piece.width)
        starts = np.zeros((1 << piece.width) + 1, np.uint32)
        np.cumsum(np.bincount(key, minlength=1 << piece.width), out=starts[1:])
        groups = starts[:: 1 << _GROUP_BITS].copy()
        yield f"groups{number}", groups
        yield f"starts{number}", starts.astype(np.uint16) if int(np.diff(groups).max()) < 1 << 16 else starts
        if number:
            following = plan[(number + 1) % len(plan)]
            rows = _order(key)
            marked = keys_of(hashes, following.start, CHECK_BITS)[rows]
            marked <<= np.uint32(24)
            marked |= rows.astype(np.uint32)
            yield f"rows{number}", marked


def open_hashes(arrays: Mapping[str, Any], plan: tuple[Piece, ...]) -> SortedHashes:
    """Put the arrays of `arrays_of` together, made or mapped from a file.

    Raises:
        ValueError: an array is missing.
    """
    tables = []
    for number, piece in enumerate(plan):
        following, masks = plan[(number + 1) % len(plan)], neighbours(piece)
        spare = 1 + piece.radius + following.radius - np.bitwise_count(masks.astype(np.uint64)).astype(np.uint8)
        groups, starts, rows = (arrays.get(f"{name}{number}") for name in ("groups", "starts", "rows"))
        if groups is None or starts is None:
            raise ValueError(f"the table of piece {number} is missing")
        tables.append(Table(piece, following, masks, spare, groups, starts, rows))
    return SortedHashes(arrays["hashes"], tuple(tables))


def _stretches(table: Table, key: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Give where each key's rows start, and how many there are. The keys are used up."""
    low = table.starts.take(key, mode="clip")
    key += 1
    count = table.starts.take(key, mode="clip")
    count -= low  # differences of numbers cut off to 16 bits are right as long as they fit into 16 bits
    key -= 1
    key >>= _GROUP_BITS
    group = table.groups.take(key, mode="clip")
    low -= group.astype(low.dtype)
    start = group.astype(np.intp)
    start += low
    return start, count


def _differ(ours: NDArray[np.uint64], theirs: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Count the bits that differ, row by row; at least one must be alike, for the count to fit into a byte."""
    ours ^= theirs
    counts = np.bitwise_count(ours).view(np.uint32).ravel()
    counts *= _SUM
    return counts.view(np.uint8)[3::4]


def _order(key: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Sort stably: keys and places in one number each sort several times faster than an argsort does."""
    both = key.astype(np.uint64)
    both <<= np.uint64(32)
    both |= np.arange(len(key), dtype=np.uint64)
    both.sort()
    both &= np.uint64(0xFFFFFFFF)
    return both.view(np.intp)


def _joined(parts: list[Found]) -> Found:
    if not parts:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.uint8)
    query, row, bits = (np.concatenate(column) for column in zip(*parts, strict=True))
    return query, row, bits
