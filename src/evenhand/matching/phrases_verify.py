"""Is a candidate really the pattern? Letter by letter, with the rules that keep innocent words innocent.

The search proposes by letter class; here each letter of the text must be able to stand for the letter of the pattern:

- a digit or symbol for a letter that it looks like, but a number is no word, and short patterns bear few of them;
- a decorated letter for a plain one, but "ñ" never for "n", and in patterns of three letters or fewer only
  decorations that no orthography uses ("año", "sık" are words of their own);
- an imitation from another script, but a word wholly in the other script must stand among words of the pattern's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from evenhand.matching.normalise import Folded, Indexes
from evenhand.matching.normalise_readings import Disguise
from evenhand.matching.normalise_tables import LEET_READINGS, CharacterTables, Kind

_OWN_LETTERS = frozenset("ñйїўґ")  # letters of their own, never a decorated form of another
_LETTERS = frozenset({int(Kind.WORD), int(Kind.ANY), int(Kind.EXPAND)})
_DROP = int(Kind.DROP)
_VOICED = "\uff9e\uff9f"  # half-width voicing marks, letters by category
_SHORT = 3  # letters; patterns up to this length bear less disguise
_BLOCKS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {"latin": ((0, 0x250), (0x1E00, 0x1F00)), "greek": ((0x370, 0x400),), "cyrillic": ((0x400, 0x530),)}
)
_NEAR = 40  # code points either side that say which script the surroundings are in


class Verifier:
    """Checks candidates in one folded batch."""

    def __init__(self, folded: Folded, tables: CharacterTables) -> None:
        self._folded = folded
        self._tables = tables
        self._counts: dict[str, Indexes] = {}  # script -> letters of it before each code point; made when needed

    def letters(self, pattern: str) -> str:
        """The folded letters of a pattern, without what stands between them."""
        if pattern.isascii() and pattern.isalnum():
            return pattern
        kinds, wanted = self._tables.kind, _LETTERS
        return "".join(
            letter
            for char in pattern
            if int(kinds[ord(char)]) in wanted
            for letter in self._tables.letters_of(ord(char))
            if int(kinds[ord(letter)]) in wanted
        )

    def check(self, letters: str, elements: list[int], hidden: frozenset[int] = frozenset()) -> Disguise | None:
        """Compare the letters of a pattern with as many elements of the batch.

        Args:
            letters: folded letters of the pattern (see `letters`).
            elements: the element that stands for each letter.
            hidden: places in `letters` where a mask stands for the letter.

        Returns:
            How the text is disguised, or None when it is not the pattern.
        """
        if len(letters) != len(elements):
            return None
        how = Disguise.NONE
        digits = symbols = plain = 0
        foreign: list[str] = []
        for place, (wanted, element) in enumerate(zip(letters, elements, strict=True)):
            if place in hidden:
                continue
            raw, found, marked = self._read(element)
            if found == wanted:
                plain += 1
                if marked or (raw != found and _is_fancy(raw, found)):
                    how = Disguise.LETTERS
                continue
            how = Disguise.LETTERS
            if raw.isascii() and wanted.isascii():
                if not wanted.isalpha():
                    return None
                if raw.isalpha():
                    if not self._mixes_case(element, raw, wanted):
                        return None
                    plain += 1
                elif wanted in LEET_READINGS.get(raw, ""):
                    digits, symbols = digits + raw.isdigit(), symbols + (not raw.isdigit())
                else:
                    return None
            elif wanted in LEET_READINGS.get(raw, ""):
                symbols += 1
            elif (bare := _strip(found)) == _strip(wanted):
                if found in _OWN_LETTERS or wanted in _OWN_LETTERS or (bare not in (found, wanted)):
                    return None
                if len(letters) <= _SHORT and found != bare and raw.isalpha() and ord(raw) < 0x250:
                    return None
                plain += 1
            elif self._imitates(found, wanted):
                if len(letters) <= _SHORT and ord(raw) < 0x250:
                    return None
                foreign.append(found)
            else:
                return None
        if how is Disguise.NONE:
            return how
        if len(letters) < _SHORT or (digits and not _bearable(len(letters), digits, symbols, plain + len(foreign))):
            return None
        if not plain and not foreign and (digits or not symbols):
            return None
        return how if not foreign or self._out_of_place(letters, elements, foreign) else None

    def _read(self, element: int) -> tuple[str, str, bool]:
        """Raw character, folded letter with its own marks composed, and whether it carries marks that compose not."""
        joined, position = self._folded.joined, self._folded.source_of(element)
        end = position + 1
        if joined[end] < "\u0300" and (char := joined[position]).isascii():
            return char, char.lower(), False
        code = int(self._folded.codes[element])
        if joined[end] < "\u0300":
            return chr(code), chr(self._tables.fold[code]), False
        while end < position + 4 and is_mark(joined[end]):
            end += 1
        if end == position + 1:
            return chr(code), chr(self._tables.fold[code]), False
        form: Literal["NFC", "NFKC"] = "NFKC" if joined[end - 1] in _VOICED else "NFC"
        composed = unicodedata.normalize(form, joined[position:end])
        if len(composed) == 1:
            return composed, chr(self._tables.fold[ord(composed)]), False
        decorated = self._tables.kind[ord(joined[position + 1])] == _DROP and not _is_vowel_sign(joined[end - 1])
        return chr(code), chr(self._tables.fold[code]), decorated

    def _mixes_case(self, element: int, raw: str, wanted: str) -> bool:
        """A small l among capitals reads as I, a capital I among small letters as l."""
        if (raw, wanted) not in {("l", "i"), ("I", "l")}:
            return False
        position = self._folded.source_of(element)
        around = self._folded.joined[position - 1 : position] + self._folded.joined[position + 1 : position + 2]
        others = [char for char in around if char.isalpha() and char not in "lI"]
        return bool(others) and all(char.isupper() == (raw == "l") for char in others)

    def _imitates(self, found: str, wanted: str) -> bool:
        base = self._tables.base
        a, b = chr(base[ord(found)]), chr(base[ord(wanted)])
        return a == b or {a, b} == {"i", "l"}

    def _out_of_place(self, letters: str, elements: list[int], foreign: list[str]) -> bool:
        """Whether imitating letters are in the wrong place: mixed in a word, or among words of the other script."""
        script = _script(next((c for c in letters if c.isalpha()), "a"))
        folded = self._folded
        fold, codes = self._tables.fold, folded.codes
        if len(foreign) < len(elements) and any(_script(chr(fold[codes[e]])) == script for e in elements):
            return True
        if any(not _everyday(char) for char in foreign):
            return True
        start, end = folded.source_of(elements[0]), folded.source_of(elements[-1]) + 1
        text = folded.text_of(start)
        stop = folded.offsets[text + 1] - 1 if text + 1 < len(folded.offsets) else len(folded.joined)
        ours, all_letters = self._scripts_near(script, max(folded.offsets[text], start - _NEAR), min(stop, end + _NEAR))
        inside = end - start  # the word itself is all of the other script
        return ours > 0 and ours * 2 >= all_letters - inside

    def _scripts_near(self, script: str, start: int, end: int) -> tuple[int, int]:
        """How many letters of a script, and of all, stand in joined[start:end]."""
        if not self._counts:
            codes = np.frombuffer(self._folded.joined.encode("utf-32-le"), "<u4")
            kinds = self._tables.kind[codes]
            letter = ((kinds == Kind.WORD) & ((codes < ord("0")) | (codes > ord("9")))) | (kinds == Kind.ANY)
            self._counts[""] = np.concatenate(([0], np.cumsum(letter)))
            for name, blocks in _BLOCKS.items():
                within = np.any([(codes >= low) & (codes < high) for low, high in blocks], axis=0)
                self._counts[name] = np.concatenate(([0], np.cumsum(letter & within)))
        ours, total = self._counts.get(script), self._counts[""]
        return 0 if ours is None else int(ours[end] - ours[start]), int(total[end] - total[start])


def _bearable(length: int, digits: int, symbols: int, letters: int) -> bool:
    """Whether a word with digits for letters is still a word: "A55" and "1055" are none, "sh0t" is."""
    if length <= _SHORT:
        return digits <= 1 and letters >= 1
    return letters + symbols >= 2 and letters >= 1 and digits <= (length + 1) // 2


def _is_fancy(raw: str, found: str) -> bool:
    """A letter made to look special (mathematical, enclosed, superscript), not one of another width or case."""
    if raw.casefold() == found or 0xFF01 <= ord(raw) <= 0xFFEE:
        return False
    return 0x1F100 <= ord(raw) < 0x1F200 or unicodedata.normalize("NFKC", raw) != raw


def is_mark(char: str) -> bool:
    """Whether a character belongs to the letter before it."""
    return char >= "\u0300" and (unicodedata.combining(char) != 0 or char in _VOICED)


def _is_vowel_sign(mark: str) -> bool:
    """Signs of Arabic and Hebrew that writers leave out or put in at will; they decorate nothing."""
    return 0x0591 <= ord(mark) <= 0x06ED


def _strip(char: str) -> str:
    return unicodedata.normalize("NFD", char)[0]


def _script(char: str) -> str:
    """Name of a letter's script in _BLOCKS; "other" for other letters, "" for what is no letter."""
    if not char.isalpha():
        return ""
    if char < "\u0250":
        return "latin"
    if "\u0400" <= char < "\u0530":
        return "cyrillic"
    return "greek" if "\u0370" <= char < "\u0400" else "latin" if "\u1e00" <= char < "\u1f00" else "other"


def _everyday(char: str) -> bool:
    """Letters that whole words of Russian, Greek or plain Latin text are made of."""
    code = ord(char)
    return code < 0x180 or 0x3B1 <= code <= 0x3C9 or 0x430 <= code <= 0x451
