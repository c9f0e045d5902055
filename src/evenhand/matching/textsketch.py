"""A text as a sketch of 128 numbers by which near-duplicates are found; the text itself cannot be had back from it.

MinHash (Broder, 1997) over the pieces of five characters of the normalised text: letters and digits alone, in lower
case, width and accents folded. The share of equal numbers of two sketches estimates the share of pieces that two texts
have in common (Jaccard); its standard error is at most 0.044.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK = "t1:"  # a sketch as text begins with it
NUMBERS = 128
PIECE = 5  # characters; where most are of a script without spaces, two
LEAST_CHARS = 20  # normalised, counting a Chinese, Japanese or Korean one twice; a shorter text resembles too many
MOST_CHARS = 20_000  # normalised; what comes after is not compared, in samples and in what is checked alike
_BLOCK = 4_096  # pieces turned into numbers at a time: 4 MB
_WIDE = (0x2E80, 0xD7FF)  # from CJK radicals to Hangul


def normalised(text: str) -> str:
    """Give the letters and digits of a text, folded, at most 20,000."""
    cut = text[: 4 * MOST_CHARS]
    folded = unicodedata.normalize("NFKD", cut if cut.isascii() else unicodedata.normalize("NFKC", cut)).casefold()
    return "".join(char for char in folded if char.isalnum())[:MOST_CHARS]


def sketch(text: str) -> NDArray[np.uint32] | None:
    """Work out the sketch of a text.

    Returns:
        uint32 [128]; None where the text is too short to be told from others.
    """
    clean = normalised(text)
    if not clean:
        return None
    codes = np.frombuffer(clean.encode("utf-32-le"), np.uint32).astype(np.uint64)
    if len(codes) + _wide(codes) < LEAST_CHARS:
        return None
    pieces = _pieces(codes, _size(codes))
    factors, terms = _hashes()
    least = np.full(NUMBERS, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(pieces), _BLOCK):
        block = pieces[start : start + _BLOCK, None]
        values = ((block * factors + terms) >> np.uint64(32)).astype(np.uint32)
        least = np.minimum(least, values.min(0))
    return least


def long_enough(text: str) -> bool:
    """Say whether a text can be told from others: whether it has a sketch."""
    clean = normalised(text)
    codes = np.frombuffer(clean.encode("utf-32-le"), np.uint32).astype(np.uint64)
    return len(codes) + _wide(codes) >= LEAST_CHARS


def share_new(text: str, span: tuple[int, int], numbers: NDArray[np.uint32]) -> float:
    """Estimate how much of a stretch of a text is not in the text of a sketch.

    A piece whose value lies below the least that the sketch saw cannot have been there, so nothing counts as new that
    is old. Of the new pieces only some are known as such, the fewer the longer the sketch's text: nearly all of 50
    letters, one in three of 300, one in twenty of 2,500. The share known is scaled up by that.

    Args:
        text: holds the stretch.
        span: start and end of the stretch, in code points.
        numbers: the sketch of the other text, uint32 [128].

    Returns:
        The share of the stretch's pieces, with those around it where it is short, in [0, 1]; 1 for what lies beyond
        the characters that are compared.
    """
    clean = normalised(text)
    codes = np.frombuffer(clean.encode("utf-32-le"), np.uint32).astype(np.uint64)
    start, end = (min(len(normalised(text[:at])), len(codes)) for at in span)
    if start == end:
        return 1.0 if start == MOST_CHARS else 0.0
    size = _size(codes)
    around = (0, size // 2, size - 1)  # characters on either side, the fewer the longer the stretch
    least = (2 * size, size)
    more = around[sum(end - start + 2 * by < need for by, need in zip(around, least, strict=False))]
    stretch = codes[max(0, start - more) : end + more]
    if len(stretch) < size:
        return 0.0
    pieces = _pieces(stretch, size)[:_BLOCK, None]
    factors, terms = _hashes()
    values = ((pieces * factors + terms) >> np.uint64(32)).astype(np.uint32)
    least_of_all = float(numbers.mean()) / 2**32  # of that many pieces the least is expected to be 1 / (pieces + 1)
    known = 1 - (1 - min(least_of_all, 1.0)) ** NUMBERS
    return min(1.0, float((values < numbers).any(1).mean()) / max(known, 1e-9))


def alike(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """Estimate the share of pieces that two texts have in common, in [0, 1]."""
    return float((one == other).mean())


def as_text(numbers: NDArray[np.uint32]) -> str:
    """Write a sketch as text: 686 characters."""
    return MARK + base64.urlsafe_b64encode(np.ascontiguousarray(numbers, "<u4").tobytes()).decode().rstrip("=")


def from_text(text: str) -> NDArray[np.uint32]:
    """Read a sketch.

    Raises:
        ValueError: it is none; says what is wrong.
    """
    if not text.startswith(MARK):
        raise ValueError(f"a text's sketch begins with '{MARK}'; 'evenhand library from-texts' makes one")
    coded = text[len(MARK) :]
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a text's sketch is cut off or changed; make it anew") from error
    if len(raw) != 4 * NUMBERS:
        raise ValueError("a text's sketch is cut off or changed; make it anew")
    return np.frombuffer(raw, "<u4").astype(np.uint32)


def _size(codes: NDArray[np.uint64]) -> int:
    return 2 if 2 * _wide(codes) > len(codes) else PIECE


def _pieces(codes: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """Give the pieces of a normalised text as numbers, each once."""
    pieces = np.zeros(len(codes) - size + 1, np.uint64)
    for at in range(size):  # a polynomial of the characters, modulo 2**64
        pieces = pieces * np.uint64(0x100000001B3) + codes[at : len(codes) - size + 1 + at]
    return _mixed(np.unique(pieces))


def _wide(codes: NDArray[np.uint64]) -> int:
    return int(((codes >= _WIDE[0]) & (codes <= _WIDE[1])).sum())


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread values over all bits (the finaliser of SplitMix64), so that neighbours have nothing in common."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@cache
def _hashes() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Give 128 multiply-shift hash functions; the seed is part of the format."""
    numbers = np.random.Generator(np.random.PCG64(20_261_123)).integers(0, 2**64, (2, NUMBERS), dtype=np.uint64)
    return numbers[0] | np.uint64(1), numbers[1]
