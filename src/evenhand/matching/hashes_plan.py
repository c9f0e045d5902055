"""How a 256-bit hash is cut into pieces, so that few look-ups find everything within 31 bits.

Multi-index hashing (Norouzi, Punjani, Fleet 2012): give each piece a radius such that the radii sum up to
31 - pieces + 1; then two hashes within 31 bits differ in some piece by no more than its radius. Many small pieces mean
few look-ups and many candidates; few large ones the reverse. Which is cheaper depends on how many hashes there are.

The candidates of one piece are thinned out by the next piece before their hashes are read (the pigeonring principle,
Qin and Xiao 2018): going round the pieces as in a ring, there is a piece that is within its radius, and from which
on every stretch of pieces differs by less than the stretch's radii and length together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HASH_BITS = 256
WIDEST = 31  # bits; the distance up to which the tables miss nothing
CHECK_BITS = 8  # of the next piece, kept beside each row number
_FEW = 20_000  # hashes; below, comparing one by one is as fast as tables, which take 4 MB at least
_MANY = 1_250_000  # hashes; from here on 11 long pieces are cheaper than 16 short ones
_LONGEST = 23  # bits of a key; one more doubles the tables' 16 MB each, for an eighth less time


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece, by whose first bits a table is sorted."""

    start: int  # first bit
    width: int  # bits of the table's key
    radius: int  # bits that may differ


def plan_for(count: int) -> tuple[Piece, ...]:
    """Choose the pieces for so many hashes; none where comparing one by one is as fast."""
    if count < _FEW:
        return ()
    if count < _MANY:
        return cut(16, 16)
    return cut(11, min(_LONGEST, max(20, (count - 1).bit_length())))


def cut(pieces: int, width: int) -> tuple[Piece, ...]:
    """Cut a hash into so many pieces of one length, of which the first `width` bits are the key.

    Raises:
        ValueError: the pieces are shorter than the key or the check.
    """
    length = HASH_BITS // pieces
    if not CHECK_BITS <= width <= length:
        raise ValueError(f"{pieces} pieces have {length} bits; a key takes {CHECK_BITS} to {length}, not {width}")
    radius, wider = divmod(WIDEST - pieces + 1, pieces)
    return tuple(
        Piece(start=number * length, width=width, radius=radius + (number < wider)) for number in range(pieces)
    )


def neighbours(piece: Piece) -> NDArray[np.intp]:
    """Give the masks that turn a key into all keys within the radius, in order: neighbours lie close in the tables."""
    masks = [
        sum(1 << bit for bit in bits)
        for flipped in range(piece.radius + 1)
        for bits in combinations(range(piece.width), flipped)
    ]
    return np.array(sorted(masks), np.intp)


def keys_of(hashes: NDArray[np.uint64], start: int, width: int) -> NDArray[np.uint32]:
    """Cut bits out of each hash.

    Args:
        hashes: uint64 [n, 4].
        start: first bit, counted from the lowest of the first word.
        width: bits, at most 32.

    Returns:
        uint32 [n].
    """
    word, shift = divmod(start, 64)
    cut_out = hashes[:, word] >> np.uint64(shift)
    if shift + width > 64:
        cut_out |= hashes[:, word + 1] << np.uint64(64 - shift)
    cut_out &= np.uint64((1 << width) - 1)
    return cut_out.astype(np.uint32)
