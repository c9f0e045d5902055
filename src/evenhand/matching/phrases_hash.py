"""Hashes of words in a buffer, eight bytes at a time, and a set of hashes that answers in bulk.

A hash only proposes: two words may share one, so whoever uses it compares the words themselves. That costs one
multiplication for eight letters and no loop in Python, and grows with the number of words, not of patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenhand.matching.normalise import Indexes
from evenhand.matching.normalise_tables import Bytes

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]

_K0, _K1, _K2, _K3 = (
    np.uint64(k) for k in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
)
_PAD = 24


def hash_words(buffer: Bytes, starts: Indexes, ends: Indexes) -> Hashes:
    """Hash each word buffer[start:end]: its first 16 bytes, its last 8 and its length."""
    padded = np.zeros(len(buffer) + _PAD, np.uint8)
    padded[: len(buffer)] = buffer
    eights: Hashes = np.ndarray((len(buffer) + _PAD - 8,), "<u8", padded, 0, (1,))
    lengths = ends - starts
    shifts = ((8 - np.minimum(lengths, 8)) << 3).astype(np.uint64)
    hashes: Hashes = ((eights[starts] << shifts) ^ lengths.astype(np.uint64)) * _K0
    hashes ^= hashes >> np.uint64(29)
    long = np.flatnonzero(lengths > 8)
    if len(long):
        rest = np.minimum(lengths[long] - 8, 8)
        second = eights[starts[long] + 8] << ((8 - rest) << 3).astype(np.uint64)
        hashes[long] ^= second * _K1
        longest = long[lengths[long] > 16]
        hashes[longest] ^= eights[ends[longest] - 8] * _K2
    hashes *= _K3
    hashes ^= hashes >> np.uint64(32)
    return hashes


def chain(first: Hashes, second: Hashes) -> Hashes:
    """Hash of a phrase from the hash of its beginning and of its next word."""
    out: Hashes = (first * _K1) ^ second
    out ^= out >> np.uint64(31)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashSet:
    """Hashes with the numbers they stand for; immutable."""

    keys: Hashes  # sorted, without doubles
    first: Numbers  # keys[i] stands for numbers[first[i]:first[i + 1]]
    numbers: Numbers
    bits: Bytes  # one bit for each possible top of a hash: most misses end here, inside the processor's cache
    shift: int

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def nbytes(self) -> int:
        """Memory held by the arrays, in bytes."""
        return self.keys.nbytes + self.first.nbytes + self.numbers.nbytes + self.bits.nbytes

    def find(self, hashes: Hashes) -> tuple[Indexes, Indexes]:
        """Give (place in `hashes`, number) pairs for all hashes in the set."""
        none = np.zeros(0, np.int64)
        if len(self.keys) == 0 or len(hashes) == 0:
            return none, none
        top = hashes >> np.uint64(self.shift)
        hit = (self.bits[top >> np.uint64(3)] >> (top & np.uint64(7)).astype(np.uint8)) & np.uint8(1)
        places = np.flatnonzero(hit)
        slots = np.minimum(np.searchsorted(self.keys, hashes[places]), len(self.keys) - 1)
        same = self.keys[slots] == hashes[places]
        places, slots = places[same], slots[same]
        counts = self.first[slots + 1] - self.first[slots]
        starts = self.first[slots]
        which = np.repeat(np.arange(len(slots)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places[which], self.numbers[starts[which] + within].astype(np.int64)


def make_set(hashes: Hashes, numbers: Indexes) -> HashSet:
    """Make a set in which hashes[i] stands for numbers[i]; a hash may occur more than once."""
    order = np.argsort(hashes, kind="stable")
    keys, first = np.unique(hashes[order], return_index=True)
    # About 16 bits a key keeps false alarms near 6 in 100; 512 KiB at most keeps the table in the cache
    width = min(max(int(len(keys) * 16).bit_length(), 10), 22)
    flags = np.zeros(1 << width, np.bool_)
    flags[keys >> np.uint64(64 - width)] = True
    return HashSet(
        keys=keys,
        first=np.append(first, len(hashes)).astype(np.int32),
        numbers=numbers[order].astype(np.int32),
        bits=np.packbits(flags, bitorder="little"),
        shift=64 - width,
    )
