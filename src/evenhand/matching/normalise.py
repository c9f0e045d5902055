"""Many texts as one array of letter classes, each element tied to the code point it came from.

Texts are joined by a separator that no text holds, so that one numpy pass serves a whole batch. ASCII goes through
bytes.translate, everything else through table look-ups; offsets stay those of the callers' own texts throughout.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from evenhand.matching.normalise_tables import SPACE_BYTE, Bytes, CharacterTables, Codes, Kind

Indexes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEPARATOR = "\x1e"  # between texts; a text's own is read as a space


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folded:
    """A batch of texts, folded. An element is one letter or one thing between letters."""

    joined: str  # the texts, separated; `source` and spans before `locate` count its code points
    offsets: list[int]  # where each text starts in `joined`, ascending
    buffer: Bytes  # class byte of each element; SPACE_BYTE where it is no letter of a whole-word script
    kind: Bytes  # Kind of each element
    codes: Codes | Bytes  # raw code point of each element (for an expanded character: of the folded letter)
    source: Indexes | None  # index in `joined` of each element; None: the same
    has_any: bool  # holds letters of scripts written without spaces

    def source_of(self, element: int) -> int:
        """Index in `joined` of an element."""
        return element if self.source is None else int(self.source[element])

    def text_of(self, position: int) -> int:
        """Number of the text that holds a code point of `joined`."""
        return bisect_right(self.offsets, position) - 1


def fold_texts(texts: Sequence[str], tables: CharacterTables) -> Folded:
    """Fold texts together.

    Args:
        texts: any strings, lone surrogates included (they are read as U+FFFD).
        tables: the character tables.
    """
    offsets = list(accumulate((len(text) + 1 for text in texts[:-1]), initial=1)) if texts else []
    if any(SEPARATOR in text for text in texts):
        texts = [text.replace(SEPARATOR, " ") for text in texts]
    joined = SEPARATOR + SEPARATOR.join(texts) + SEPARATOR
    if joined.isascii():
        raw = joined.encode("ascii")
        kinds = raw.translate(tables.ascii_kind)
        if int(Kind.DROP) not in kinds:
            return Folded(
                joined=joined,
                offsets=offsets,
                buffer=np.frombuffer(raw.translate(tables.ascii_letter), np.uint8),
                kind=np.frombuffer(kinds, np.uint8),
                codes=np.frombuffer(raw, np.uint8),
                source=None,
                has_any=False,
            )
    return _fold_unicode(whole(joined), offsets, tables)


def whole(text: str) -> str:
    """Replace lone surrogates, which no encoding carries, by U+FFFD; the length stays."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def _fold_unicode(joined: str, offsets: list[int], tables: CharacterTables) -> Folded:
    codes: Codes = np.frombuffer(joined.encode("utf-32-le"), "<u4")
    kind = tables.kind[codes]
    source: Indexes | None = None
    special = (kind == Kind.DROP) | (kind == Kind.EXPAND)
    if special.any():
        codes, source = _expand(codes, kind, tables)
        kind = tables.kind[codes]
    buffer = np.where(kind == Kind.WORD, tables.letter[codes], np.uint8(SPACE_BYTE))
    return Folded(
        joined=joined,
        offsets=offsets,
        buffer=buffer,
        kind=kind,
        codes=codes,
        source=source,
        has_any=bool((kind == Kind.ANY).any()),
    )


def _expand(codes: Codes, kind: Bytes, tables: CharacterTables) -> tuple[Codes, Indexes]:
    """Leave out what is seen as nothing, and put the letters that a ligature stands for in its place."""
    counts = np.ones(len(codes), np.int64)
    counts[kind == Kind.DROP] = 0
    places = np.flatnonzero(kind == Kind.EXPAND)
    parts = [tables.expansions[int(codes[place])] for place in places]
    counts[places] = [len(part) for part in parts]
    source = np.repeat(np.arange(len(codes)), counts)
    out = codes[source]
    if parts:
        first = np.cumsum(counts)[places] - counts[places]
        targets = np.concatenate([np.arange(a, a + len(p)) for a, p in zip(first, parts, strict=True)])
        out[targets] = np.frombuffer("".join(parts).encode("utf-32-le"), "<u4")
    return out, source


def ranges(starts: Indexes, ends: Indexes) -> Indexes:
    """Give all numbers of the half-open ranges, one after another."""
    lengths = ends - starts
    if len(lengths) == 0 or (total := int(lengths.sum())) == 0:
        return np.zeros(0, np.int64)
    steps = np.repeat(starts - np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)[:-1])), lengths)
    out: Indexes = np.arange(total, dtype=np.int64) + steps
    return out


def tokens_of(buffer: Bytes) -> tuple[Indexes, Indexes]:
    """Give starts and ends (exclusive) of the words in a buffer."""
    word = buffer != SPACE_BYTE
    edges = np.flatnonzero(word[1:] != word[:-1]) + 1
    if len(word) and word[0]:
        edges = np.concatenate((np.zeros(1, np.int64), edges))
    if len(word) and word[-1]:
        edges = np.concatenate((edges, np.full(1, len(word))))
    return edges[0::2], edges[1::2]
