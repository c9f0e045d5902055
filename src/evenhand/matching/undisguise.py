"""Undo disguised spelling before a model reads: invisible characters, lookalikes, leet, spaced and stretched letters.

Word lists look for every reading of a text at once (see normalise_readings); a model reads one text, so this changes
only what is hardly ever meant: "i.d.i.o.t", "1d10t", "idiоt" with a Cyrillic letter, "idi\u200bot", "idiooot". Ordinary
text comes back as it is, and quickly. Case, punctuation and emoji stay: they tell the model something.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

# Format characters that are never seen. Joiners stay beside scripts and emoji that need them.
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u2060-\u2064\u2066-\u206f\u202a-\u202e\ufeff\U000e0000-\U000e007f]"
    "|(?<=[A-Za-z\u0400-\u04ff\u3400-\u9fff])[\u200c\u200d]+(?=[A-Za-z\u0400-\u04ff\u3400-\u9fff])"
)
_STYLED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff\u2460-\u24ff\u2100-\u214f\U0001f130-\U0001f189]+")
_LOOKALIKES = str.maketrans(
    "асеорхуіјһԁԛԝгкмнвтАВЕКМНОРСТХУІЈαοεικνρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aceopxyijhdqwrkmhbtABEKMHOPCTXYIJaoeiknptuxABEZHIKMNOPTYX",
)
_MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u052f])[A-Za-z\u0370-\u03ff\u0400-\u052f]{2,40}\b")
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i"}
# letters with digits or signs between them; addresses, handles and version numbers have dots, slashes or more digits
_LEETED = re.compile(
    r"(?<![\w@.:/#&=+$-])(?=[\w@$!]{0,20}[A-Za-z])[A-Za-z0134578$@!]{3,20}(?<![!$])(?![\w@.:/#&=+$-]*[@/=]|\.\w|\w)"
)
_INNER = re.compile(r"[A-Za-z][0134578$@!]{1,3}[A-Za-z]|^(?:\$[a-z]|@ss)[a-z]+|^[A-Za-z]+\${1,2}$")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|k|m|g|gb|mb|kg|km|cm|mm|am|pm|x|s|h|hz|d|p|v|w|a|b|c|e|f)?", re.IGNORECASE)
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_]([ .\-_*|~·]))(?:[^\W\d_]\1){2,40}[^\W\d_](?![^\W_])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_SIGNED = re.compile(r"[A-Za-z][0134578$@!][0134578$@!A-Za-z]|[$@][a-z]|[A-Za-z]\$")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

Change = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A text without its disguise."""

    text: str
    places: tuple[int, ...] | None  # for each character of `text`, where it began; None when nothing was changed
    ends: tuple[int, ...] | None = None  # ... and where it ended, exclusive

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the span of the original for text[start:end]; `start` is less than `end`."""
        if self.places is None or self.ends is None:
            return start, end
        return self.places[start], self.ends[end - 1]


def undisguise(text: str) -> Plain:
    """Give the text as a reader would understand it; time is linear in its length."""
    out = Plain(text=text, places=None)
    for hint, pattern, change in _STEPS:
        if hint is None or hint.search(out.text):
            out = _apply(out, pattern, change)
    return out


def _apply(plain: Plain, pattern: re.Pattern[str], change: Change) -> Plain:
    if not pattern.search(plain.text):
        return plain
    pieces: list[str] = []
    places: list[int] = []
    ends: list[int] = []
    old = plain.places if plain.places is not None else range(len(plain.text))
    last = plain.ends if plain.ends is not None else range(1, len(plain.text) + 1)
    at = 0
    for found in pattern.finditer(plain.text):
        start, end = found.span()
        new = change(found)
        if new == found[0]:
            continue
        pieces += (plain.text[at:start], new)
        places += old[at:start]
        ends += last[at:start]
        # a character of the replacement stands for its share of the original
        size, count = end - start, len(new)
        places += (old[start + (i * size) // count] for i in range(count))
        ends += (last[start + max(-(-(i + 1) * size // count), 1) - 1] for i in range(count))
        at = end
    if not pieces:
        return plain
    pieces.append(plain.text[at:])
    return Plain(text="".join(pieces), places=(*places, *old[at:]), ends=(*ends, *last[at:]))


def _styled(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _mixed(found: re.Match[str]) -> str:
    latin = sum(c.isascii() for c in found[0])
    return found[0].translate(_LOOKALIKES) if latin * 2 >= len(found[0]) else found[0]


def _leet(found: re.Match[str]) -> str:
    word = found[0]
    digits = sum(c.isdigit() for c in word)
    if (
        not _INNER.search(word)
        or _ORDINAL.fullmatch(word)
        or digits > 0.6 * len(word)
        or (len(word) < 5 and digits > 1)
    ):
        return word  # "10am", "H1N1", "@user"
    return "".join(_LEET.get(c, c) for c in word)


def _spaced(found: re.Match[str]) -> str:
    if _WIDE.search(found[0]):
        return found[0]
    return found[0].replace(found[1], "")


def _stretched(found: re.Match[str]) -> str:
    text, (start, end) = found.string, found.span()
    alone = not text[max(0, start - 1) : start].isalnum() and not text[end : end + 1].isalnum()
    return found[0] if alone or found[1] in "IXVM" else found[1]  # "www", "xxx", Roman numbers


_STEPS: tuple[tuple[re.Pattern[str] | None, re.Pattern[str], Change], ...] = (
    (None, _INVISIBLE, lambda found: ""),
    (None, _STYLED, _styled),
    (_FOREIGN, _MIXED, _mixed),
    (None, _SPACED, _spaced),
    (_SIGNED, _LEETED, _leet),
    (None, _STRETCHED, _stretched),
)
