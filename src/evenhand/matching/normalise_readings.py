"""Other readings of a text, made only of its suspicious places: what its disguised words would be undisguised.

The plain reading knows words as written. Where punctuation stands inside a word, symbols stand for letters, letters
stand alone one by one or are drawn out, the place and a few words around it are written again, undisguised, behind
the plain reading in one buffer. Ordinary text has few such places, so this costs little; and since every reading
keeps the word boundaries it found, "pass it" never becomes a hit for a word across the space.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from evenhand.matching.normalise import SEPARATOR, Flags, Folded, Indexes, ranges, tokens_of
from evenhand.matching.normalise_tables import SPACE_BYTE, Bytes, CharacterTables, Kind

MASK_BYTE = 0x3F  # "?": a letter that was hidden; no class byte is
_SHORT = 3  # a neighbour of letters standing alone that may belong to them has at most so many letters
_GAP = 3  # letters standing alone have at most so many code points between them
_LONE = b"aiueoynr"  # letters that are words of their own, or stand for one, beside others standing alone


class Disguise(IntFlag):
    """How the match differs from the pattern as the operator wrote it."""

    NONE = 0
    LETTERS = 1  # other letters, digits or symbols in place of letters, or decorated letters
    SPACED = 2  # spaces or punctuation between the letters, or none where the pattern has some
    STRETCHED = 4
    MASKED = 8  # a letter was hidden
    PINYIN = 16  # matched by sound


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """The plain reading and, behind it, the others."""

    buffer: Bytes
    elements: Indexes | None  # element of the folded batch that each byte came from; None: the same
    starts: list[int]  # first element of each reading, ascending; the first is 0, the plain one
    how: tuple[Disguise, ...]  # what each reading undoes

    def how_of(self, element: int) -> Disguise:
        """The disguise that the reading at this element undoes."""
        return self.how[bisect_right(self.starts, element) - 1]


class _Builder:
    """Collects readings behind a folded batch's plain one."""

    def __init__(self, folded: Folded) -> None:
        self.buffers: list[Bytes] = [folded.buffer]
        self.elements: list[Indexes] = []
        self.how: list[Disguise] = [Disguise.NONE]

    def add(self, buffer: Bytes, elements: Indexes, how: Disguise) -> None:
        """Add one reading; `elements` says which element of the folded batch each of its bytes came from."""
        if len(buffer):
            self.buffers.append(buffer)
            self.elements.append(elements)
            self.how.append(how)

    def build(self) -> Readings:
        """Join them."""
        plain, how = self.buffers[0], tuple(self.how)
        if not self.elements:
            return Readings(buffer=plain, elements=None, starts=[0], how=how)
        lengths = np.array([len(buffer) for buffer in self.buffers])
        return Readings(
            buffer=np.concatenate(self.buffers),
            elements=np.concatenate([np.arange(len(plain), dtype=np.int64), *self.elements]),
            starts=(np.cumsum(lengths) - lengths).tolist(),
            how=how,
        )


def read(folded: Folded, tables: CharacterTables, *, around: int) -> Readings:
    """Give all readings of a batch.

    Args:
        folded: the batch.
        tables: the tables it was folded with.
        around: how many words on either side of a suspicious place belong to it (longest phrase less one, at most 4).
    """
    builder = _Builder(folded)
    kind = folded.kind
    inner = (kind == Kind.PUNCT) | (kind == Kind.MASK) | (kind == Kind.LEET)
    if inner.any() or (kind == Kind.APOSTROPHE).any():
        _joined(builder, folded, inner, tables, around)
    _spaced(builder, folded, tables, around)
    disguised = builder.build()
    _stretched(builder, folded, folded.buffer, None, tables, around)
    if disguised.elements is not None:  # letters may be drawn out in any reading so far
        plain = len(folded.buffer)
        _stretched(builder, folded, disguised.buffer[plain:], disguised.elements[plain:], tables, around)
    return builder.build()


def _windows(bounds: Indexes, places: Indexes, around: int) -> Indexes:
    """Elements of the chunks (between `bounds`) that hold the places, with `around` chunks either side, each once.

    Every window begins with the bound before it, which reads as a space.
    """
    if len(places) == 0:
        return places
    reach = 2 * around  # a comma and a space are two bounds
    slot = np.searchsorted(bounds, places)
    slot = slot[np.concatenate((np.ones(1, np.bool_), slot[1:] != slot[:-1]))]  # `places` ascend, so does `slot`
    left, right = np.maximum(slot - 1 - reach, 0), np.minimum(slot + reach, len(bounds) - 1)
    new = np.concatenate((np.ones(1, np.bool_), left[1:] > right[:-1]))
    last = np.concatenate((np.flatnonzero(new)[1:] - 1, np.full(1, len(left) - 1)))
    return ranges(bounds[left[new]], bounds[right[last]] + 1)


def _joined(builder: _Builder, folded: Folded, inner: Flags, tables: CharacterTables, around: int) -> None:
    r"""Punctuation inside words left out ("f.u.n"), symbols read as letters ("fu|\\|"), hidden letters ("f*n")."""
    kind = folded.kind
    word = folded.buffer != SPACE_BYTE
    apostrophe = _joining_apostrophes(kind, word)
    inner[apostrophe] = True
    # A place counts when a letter stands before it, and one after it with at most two more such signs between
    after = np.zeros(len(word), np.bool_)
    after[:-1] = word[1:]
    near = after.copy()
    near[:-1] |= inner[1:] & after[1:]
    near[:-2] |= inner[1:-1] & inner[2:] & after[2:]
    between = inner & near
    between[1:] &= word[:-1]
    leet = kind == Kind.LEET
    signs = np.flatnonzero(leet)  # the first and last element separate texts: none is a sign
    reads = (tables.letter[folded.codes[signs]] != ord("i")) | after[signs] | leet[signs + 1]
    active = np.zeros(len(word), np.bool_)
    active[signs[reads]] = True
    touching = active & (after | np.append(False, word[:-1]))
    touching[:-2] |= active[:-2] & active[1:-1] & active[2:]
    places, symbols = np.flatnonzero(between), np.flatnonzero(touching)
    if len(places) == 0 and len(symbols) == 0:
        return
    bounds = np.flatnonzero(_divides(kind) | (kind == Kind.ANY))
    if len(places):
        window = _windows(bounds, places, around)
        window = window[~inner[window]]
        builder.add(folded.buffer[window], window, Disguise.SPACED)
        _masked(builder, folded, places[kind[places] == Kind.MASK], bounds, around)
    if len(symbols):
        window = _windows(bounds, symbols, around)
        window = window[~inner[window] | active[window]]
        letters = np.where(active[window], tables.letter[folded.codes[window]], folded.buffer[window])
        builder.add(letters, window, Disguise.LETTERS)


def _joining_apostrophes(kind: Bytes, word: Flags) -> Indexes:
    """Apostrophes that split a word without need: "f'un", "f'u'n"; not those of "he'll" or "it's"."""
    found = np.flatnonzero(kind == Kind.APOSTROPHE)
    found = found[(found > 1) & (found < len(kind) - 4)]
    three = word[found + 1] & word[found + 2] & word[found + 3]
    lone = (kind[found - 2] == Kind.APOSTROPHE) | (kind[found + 2] == Kind.APOSTROPHE)
    joining: Indexes = found[three | (lone & word[found + 1] & word[found - 1])]
    return joining


def _masked(builder: _Builder, folded: Folded, places: Indexes, bounds: Indexes, around: int) -> None:
    """One or two signs in a row stand for as many hidden letters; `places` are the first of each row."""
    kind, word = folded.kind, folded.buffer != SPACE_BYTE
    if len(places) == 0:
        return
    mask = kind == Kind.MASK
    second = mask[places + 1]
    follows = word[np.minimum(places + 1 + second, len(word) - 1)]
    places, second = places[follows], second[follows]
    window = _windows(bounds, places, around)
    hidden = np.zeros(len(word), np.bool_)
    hidden[places] = True
    hidden[places[second] + 1] = True
    letters = np.where(hidden[window], np.uint8(MASK_BYTE), folded.buffer[window])
    builder.add(letters, window, Disguise.MASKED)


def _spaced(builder: _Builder, folded: Folded, tables: CharacterTables, around: int) -> None:
    """Letters standing alone, one after another ("f u n", "f. u. n."), put together."""
    buffer, kind = folded.buffer, folded.kind
    lone = np.flatnonzero(kind == Kind.LEET)
    lone = lone[(kind[lone - 1] == Kind.SPACE) & (kind[lone + 1] == Kind.SPACE)]  # "f | n": both ends are separators
    symbols = len(lone) > 0
    if symbols:
        buffer = buffer.copy()
        buffer[lone] = tables.letter[folded.codes[lone]]
    starts, ends = tokens_of(buffer)
    if len(starts) < 2:
        return
    lengths = ends - starts
    single = (lengths == 1) | (
        (lengths <= 4) & (buffer[starts] == buffer[ends - 1]) & (buffer[starts] == buffer[(starts + ends) // 2])
    )
    if not (single[1:] & single[:-1]).any():
        return
    # Between two words: white space or a slash; "it's", "d-day" and "e.g." have none and are one piece
    apart = _divides(kind[starts[1:] - 1]) | _divides(kind[ends[:-1]])
    single[1:] &= apart
    single[:-1] &= apart
    gaps = starts[1:] - ends[:-1]
    codes, border = folded.codes, ord(SEPARATOR)
    for place in (ends[:-1], np.minimum(ends[:-1] + 1, starts[1:] - 1), starts[1:] - 1):
        apart &= codes[place] != border  # no run goes on in the next text
    pair = single[1:] & single[:-1] & apart
    words = _Words(buffer=buffer, starts=starts, ends=ends, lengths=lengths)
    if (pair & (gaps <= _GAP)).any():
        _put_together(builder, words, pair & (gaps <= _GAP), apart & (gaps <= _GAP), around)
    if (pair & (gaps == 1)).any() and (pair & (gaps > 1)).any():  # "f u n  n o w": the wider gap is between words
        _put_together(builder, words, pair & (gaps == 1), apart & (gaps == 1), around)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Words:
    buffer: Bytes
    starts: Indexes
    ends: Indexes
    lengths: Indexes


def _put_together(builder: _Builder, words: _Words, pair: Flags, near: Flags, around: int) -> None:
    """Write runs of letters standing alone as words, in several ways.

    Args:
        builder: takes the readings.
        words: the words of the batch.
        pair: whether word i and word i + 1 both stand alone, and together.
        near: whether word i and word i + 1 are close enough to be one.
        around: how many words on either side to write with them.
    """
    buffer, starts, ends, lengths = words.buffer, words.starts, words.ends, words.lengths
    edges = np.flatnonzero(np.diff(np.concatenate(([False], pair, [False])).astype(np.int8)))
    first, last = edges[0::2], edges[1::2]  # words first..last, inclusive, stand alone
    alone = np.zeros(256, np.bool_)
    alone[list(_LONE)] = True
    head, tail = alone[buffer[starts[first]]], alone[buffer[starts[last]]]
    many, more = last - first >= 2, last - first >= 3
    close_left = (first > 0) & (lengths[first - 1] <= _SHORT) & near[np.maximum(first - 1, 0)]
    following = np.minimum(last + 1, len(starts) - 1)
    close_right = (last + 1 < len(starts)) & (lengths[following] <= _SHORT) & near[np.minimum(last, len(near) - 1)]
    variants = (
        (many, first, last),
        (more & head, first + 1, last),
        (more & tail, first, last - 1),
        (more & head & tail & (last - first >= 4), first + 1, last - 1),
        (close_left, first - 1, last),
        (close_right, first, last + 1),
    )
    for wanted, left, right in variants:
        a, b = left[wanted], right[wanted]
        if len(a) == 0:
            continue
        begin = starts[np.maximum(a - around, 0)] - 1
        stop = ends[np.minimum(b + around, len(ends) - 1)] + 1
        begin, stop = np.maximum(begin, 0), np.minimum(stop, len(buffer))
        window = ranges(begin, stop)
        sizes = stop - begin
        within = (window >= np.repeat(starts[a], sizes)) & (window < np.repeat(ends[b], sizes))
        window = window[~(within & (buffer[window] == SPACE_BYTE))]
        builder.add(buffer[window], window, Disguise.SPACED)


def _divides(kinds: Bytes) -> Flags:
    out: Flags = (kinds == Kind.SPACE) | (kinds == Kind.BREAK)
    return out


def _stretched(
    builder: _Builder, folded: Folded, buffer: Bytes, elements: Indexes | None, tables: CharacterTables, around: int
) -> None:
    """Letters written three times or more in a row, read as one and as two, in the plain reading or in all others."""
    if len(buffer) < 3:
        return
    triple = (buffer[2:] == buffer[1:-1]) & (buffer[1:-1] == buffer[:-2]) & (buffer[2:] != SPACE_BYTE)
    found = np.flatnonzero(triple)
    if len(found) == 0:
        return
    at = found if elements is None else elements[found]
    nexts = (found + 1, found + 2) if elements is None else (elements[found + 1], elements[found + 2])
    letters = [tables.fold[folded.codes[place]] for place in (at, *nexts)]
    digit = (letters[0] >= ord("0")) & (letters[0] <= ord("9"))
    # Classes merge letters: "ill" is no run, "1000" no word
    found = found[(letters[0] == letters[1]) & (letters[1] == letters[2]) & ~digit]
    if len(found) == 0:
        return
    third = np.zeros(len(buffer), np.bool_)
    third[found + 2] = True
    second = third.copy()
    second[found + 1] = True
    bounds = np.flatnonzero(buffer == SPACE_BYTE)
    if len(bounds) == 0:
        return
    window = _windows(bounds, found, around)
    runs = np.cumsum(second[window] & ~np.append(False, second[window][:-1]))
    # The first run of a word apart from its others: a word may need "ss" here and "o" there
    is_first = np.zeros(len(window) + 2, np.bool_)
    is_first[runs[buffer[window] == SPACE_BYTE] + 1] = True
    opening = is_first[runs]
    drops = [second[window], third[window]]
    if len(found) > 1 and not np.array_equal(second[window] & opening, second[window]):
        drops += [np.where(opening, third[window], second[window]), np.where(opening, second[window], third[window])]
    for drop in drops:
        kept = window[~drop]
        if elements is None:
            builder.add(buffer[kept], kept, Disguise.STRETCHED)
        else:
            builder.add(buffer[kept], elements[kept], Disguise.STRETCHED | Disguise.SPACED | Disguise.MASKED)
