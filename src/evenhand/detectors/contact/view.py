"""The folded view of a text that the contact channels read, with a map back to the original's code points."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

# Where one code point stands for another: Latin to Greek extensions, enclosed, CJK compatibility, full-width,
# mathematical, enclosed supplements. Small, so that the table is made in milliseconds.
_RANGES = (
    (0x80, 0x600),
    (0x660, 0x6FA),
    (0x966, 0x970),
    (0x1E00, 0x2000),
    (0x2000, 0x200B),
    (0x2070, 0x2100),
    (0x2100, 0x2150),
    (0x2460, 0x2500),
    (0x2776, 0x2794),
    (0x3000, 0x3001),
    (0xFB00, 0xFB07),
    (0xFE50, 0xFE6C),
    (0xFF00, 0xFFEF),
    (0x1D400, 0x1D800),
    (0x1F100, 0x1F18A),
)
_EXTRA = {"⓿": "0", "İ": "i", "〸": "十", "➕": "+", "∶": ":", "꞉": ":", "⁄": "/", "∕": "/", "˙": ".", "․": "."}

# Invisible characters, variation selectors and the keycap: dropped, so that they cannot split a word or a number.
_UNSEEN = "[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u20e3\ufe00-\ufe0f\ufeff]+"
# Ornaments between two Chinese characters ("加薇♥信") are dropped too, others may be meant;
_HAN, _ORNAMENT = "[\u4e00-\u9fff]", r"[*~_|^\u00b7\u2022\u25a0-\u25ff\u2600-\u27bf\u30fb\U0001f300-\U0001faff]{1,3}"
# and so are spaces where every character stands alone ("加 微 信").
_SPACED = rf"(?<={_HAN})(?<!\S{_HAN}) (?={_HAN}(?!{_HAN}))"
_DROPPED = re.compile(f"{_UNSEEN}|(?<={_HAN}){_ORNAMENT}(?={_HAN})|{_SPACED}")
_MAYBE_DROPPED = re.compile(f"{_UNSEEN}|{_HAN}(?:{_ORNAMENT}| )")  # over many texts joined, where edges cannot be seen


_TABLE_SIZE = 0x20000


def fold_table() -> dict[int, str]:
    """Make the fold: every entry maps one code point to exactly one."""
    table: dict[int, str] = {}
    for start, stop in _RANGES:
        for code in range(start, stop):
            char = chr(code)
            digit = unicodedata.digit(char, None)
            plain = str(digit) if digit is not None else unicodedata.normalize("NFKC", char).lower()
            if 0x1F150 <= code < 0x1F18A and (code - 0x1F150) % 32 < 26:  # negative circled and squared letters
                plain = chr(ord("a") + (code - 0x1F150) % 32)
            if len(plain) == 1 and plain != char:
                table[code] = plain
    table |= {ord(key): value for key, value in _EXTRA.items()}
    return table


class Kind(StrEnum):
    """What a hit is."""

    PHONE = "phone number"
    MAIL = "e-mail address"
    HANDLE = "messenger id"
    INVITE = "call to move to a messenger"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One contact or link, in code points of the view."""

    kind: Kind
    start: int
    end: int
    score: float  # in [0, 1]
    reason: str


@dataclass(frozen=True, slots=True)
class View:
    """A folded text and, where characters were dropped, the way back."""

    text: str  # lower case, folded
    cuts: tuple[int, ...] = ()  # positions in `text` behind which characters were dropped, ascending
    shifts: tuple[int, ...] = ()  # how many were dropped in all, up to each cut
    size: int = 0  # code points of the original

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the original's [start, end) for text[start:end], with what was dropped inside and just behind."""
        if not self.cuts:
            return start, end
        return start + self._shift(start), min(end + self._shift(end), self.size)

    def _shift(self, place: int) -> int:
        index = bisect_right(self.cuts, place) - 1
        return self.shifts[index] if index >= 0 else 0


class Folder:
    """Folds texts, many at once: one table look-up over the code points of a whole batch."""

    def __init__(self) -> None:
        self._table = np.arange(_TABLE_SIZE, dtype=np.uint32)
        for code, plain in fold_table().items():
            self._table[code] = ord(plain)
        self._table[ord("A") : ord("Z") + 1] += 32
        self._table[0xD800:0xE000] = 0xFFFD  # lone surrogates, which the automaton cannot read

    def fold(self, texts: Sequence[str]) -> list[View]:
        """Give one view for each text, in order."""
        odd = [text for text in texts if not text.isascii()]
        folded = iter(self._fold_odd(odd) if odd else ())
        return [View(text.lower(), size=len(text)) if text.isascii() else next(folded) for text in texts]

    def _fold_odd(self, texts: list[str]) -> list[View]:
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        plain = self._table[np.minimum(codes, _TABLE_SIZE - 1)]
        np.copyto(plain, codes, where=codes >= _TABLE_SIZE)
        joined = plain.tobytes().decode("utf-32-le", "surrogatepass")
        dropping = _MAYBE_DROPPED.search(joined) is not None
        views, start = [], 0
        for text in texts:
            stop = start + len(text)
            views.append(_drop(joined[start:stop]) if dropping else View(joined[start:stop], size=len(text)))
            start = stop
        return views


def _drop(text: str) -> View:
    cuts, shifts, dropped = [], [], 0
    for match in _DROPPED.finditer(text):
        cuts.append(match.start() - dropped)
        dropped += match.end() - match.start()
        shifts.append(dropped)
    return View(_DROPPED.sub("", text) if cuts else text, tuple(cuts), tuple(shifts), len(text))
