"""Names as people write them, brought to one spelling: case, accents, full-width forms, look-alikes, separators."""

from __future__ import annotations

import re
import unicodedata

_BREAK = " "
_ASCII_WORD = re.compile("[a-z0-9]+")

# Letters of other scripts (and Latin letters without a decomposition) that look like a Latin one; casefolded.
# Data after the "confusable" idea of Unicode TR 39, cut down to what passes for a plain letter at a glance.
_LOOKALIKES = str.maketrans(
    "авсԁеғһіјкӏмнорԛѕтԝхуүѵαβεηικνορτυχωɑɡıɩʟɴʀʏᴀᴇᴏᴄᴅᴍᴛᴜᴠᴡᴢđłøħŧəɛɪ",
    "abcdefhijklmnopqstwxyyvabenikvoptuxwagiilnryaeocdmtuvwzdlohteei",
)
_LEET = str.maketrans({
    "0": "o", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "€": "e", "£": "l", "+": "t", "¢": "c",
})  # fmt: skip
_ONE_AS_I = str.maketrans("1!|", "iii")
_ONE_AS_L = str.maketrans("1!|", "lll")
_MARKED = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x0670))  # marks that only dress a letter
_WIDE = (
    (0x0E00, 0x0E7F),  # Thai
    (0x1100, 0x11FF),  # Hangul letters
    (0x3040, 0x30FF),  # kana
    (0x3130, 0x318F),
    (0x3400, 0x9FFF),  # ideographs
    (0xAC00, 0xD7AF),  # Hangul syllables
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def is_unspaced(text: str) -> bool:
    """Say whether `text` holds a letter of a script that is written without spaces, or glues endings to its words."""
    return any(low <= ord(ch) <= high for ch in text for low, high in _WIDE)


def fold(text: str) -> str:
    """Give `text` casefolded, without accents, vowel points and invisible characters, in NFKC, spaces for separators.

    A change from a small to a capital letter counts as a separator ("faceRace" is "face race").
    """
    if text.isascii() and text == text.lower():  # nearly all: nothing to fold
        return text
    text = unicodedata.normalize("NFKC", text)
    out: list[str] = []
    for place, ch in enumerate(text):
        if ch.isupper() and place:
            before, after = text[place - 1], text[place + 1 : place + 2]
            if before.islower() or (before.isupper() and after.islower()):
                out.append(_BREAK)
        out.append(ch)
    folded = unicodedata.normalize("NFKD", "".join(out).casefold())
    kept = (ch for ch in folded if not any(low <= ord(ch) <= high for low, high in _MARKED))
    return unicodedata.normalize("NFKC", "".join(ch for ch in kept if unicodedata.category(ch) != "Cf"))


def spellings(name: str) -> frozenset[str]:
    """Give every reading of `name`: as folded, with look-alikes as Latin letters, with digits as letters or dropped.

    Each reading has its words separated by single spaces.
    """
    base = fold(name)
    readings = {base, base.translate(_LOOKALIKES)}
    for text in tuple(readings):
        if not text.isalpha():
            leet = text.translate(_LEET)
            readings |= {leet.translate(_ONE_AS_I), leet.translate(_ONE_AS_L)}
            readings.add("".join(ch for ch in text if not ch.isdigit()))
    return frozenset(" ".join(split(text)) for text in readings)


def split(folded: str) -> list[str]:
    """Split folded text into words: runs of letters, digits and the marks that belong to them."""
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    spaced = "".join(ch if ch.isalnum() or unicodedata.category(ch)[0] == "M" else _BREAK for ch in folded)
    return spaced.split()


def squash(phrase: str) -> str:
    """Give the words of `phrase` folded and written as one."""
    return "".join(split(fold(phrase)))


def stems(word: str) -> tuple[str, ...]:
    """Give `word` and what it may be the plural of, or, in Arabic, the form with an article of."""
    out = [word]
    if word.endswith("s") and len(word) > 3:
        out.append(word[:-1])
        if word.endswith("es"):
            out.append(word[:-2])
        if word.endswith("ies"):
            out.append(word[:-3] + "y")
    out.extend(word.removeprefix(prefix) for prefix in ("ال", "وال", "بال", "لل") if word.startswith(prefix))
    return tuple(out)
