"""Build the character tables of known-word matching from pinned public data.

Run from the repository root: ``python -m scripts.build_tables``. It writes ``src/evenhand/matching/data/characters.npz``,
which is committed, so that nobody needs this script to use evenhand. Sources (see ``data/README.md`` for licences):

- Unicode's confusables, as carried by the package confusable-homoglyphs;
- OpenCC's traditional-to-simplified character table, as carried by opencc-python-reimplemented;
- pinyin-data's readings, as carried by pypinyin;
- this Python's own unicodedata (general categories, NFKC, names).
"""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import numpy as np

from training.common.fetch import Source, fetch

TARGET = Path(__file__).parent.parent / "src" / "evenhand" / "matching" / "data" / "characters.npz"
CONFUSABLES = Source(
    package="confusable-homoglyphs",
    version="3.3.1",
    archive_sha256="84c92cb79dc7f55aa290d0762b2349abd8dee4c16fbe6f99eac978d394e2e6a1",
    member="confusable_homoglyphs/confusables.json",
    member_sha256="2d8b4774cd9dc6f233a18681bc00423ae270037437f276fc6a8b80630941fe7d",
)
OPENCC = Source(
    package="opencc-python-reimplemented",
    version="0.1.7",
    archive_sha256="41b3b92943c7bed291f448e9c7fad4b577c8c2eae30fcfe5a74edf8818493aa6",
    member="opencc/dictionary/TSCharacters.txt",
    member_sha256="6b5a0a799bea2bb22c001f635eaa3fc2904310f0c08addbff275477a80ecf09a",
)
PINYIN = Source(
    package="pypinyin",
    version="0.55.0",
    archive_sha256="d53b1e8ad2cdb815fb2cb604ed3123372f5a28c6f447571244aca36fc62a286f",
    member="pypinyin/pinyin_dict.json",
    member_sha256="5f294c01e6c6c0a1c8e329c79335a3f8e0b27d06bf1de7a99244b765892d1e5b",
)

SIZE = 0x110000
SPACE, WORD, PUNCT, ANY, DROP, EXPAND, LEET, BREAK, APOSTROPHE, MASK = range(10)  # as in normalise_tables.Kind

# Scripts written without spaces, or (Hangul) with endings attached: their words are matched anywhere
_ANYWHERE: tuple[str, ...] = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "TIBETAN",
    "BOPOMOFO",
    "YI ",
)
_ANYWHERE += ("IDEOGRAPHIC", "VERTICAL IDEOGRAPHIC")
# Scripts whose combining marks are vowels, not decoration
_VOWELS = (
    "DEVANAGARI",
    "BENGALI",
    "GURMUKHI",
    "GUJARATI",
    "ORIYA",
    "TAMIL",
    "TELUGU",
    "KANNADA",
    "MALAYALAM",
    "SINHALA",
)
# Scripts and symbol blocks used to imitate Latin letters; others (Arabic, Hebrew, Indic) are left to themselves
_IMITATORS: tuple[str, ...] = (
    *("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MATHEMATICAL", "DESERET", "SCRIPT"),
    *("DOUBLE-STRUCK", "BLACK-LETTER", "CARIAN", "LYCIAN", "OLD ITALIC", "OSAGE", "WARANG", "APL", "ESTIMATED"),
)
_LETTER_NAMES = ("LATIN SMALL LETTER ", "LATIN LETTER SMALL CAPITAL ", "LATIN SMALL CAPITAL LETTER ")
_LETTER_BLOCKS = ((0x1F150, "a"), (0x1F170, "a"), (0x1F1E6, "a"))  # white on black circles and squares, flag letters
_ARABIC_VARIANTS = {"ى": "ي", "ی": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه"}  # keyboards differ, the word does not
_APOSTROPHES = "'`´‘’ʼʹ′＇"
_BREAKS = '/\\,;:…—–―"“”„«»，。！？；：、．｡､؟،؛।'
_MASKS = "*#_-~^%&?•●×∗★☆█■□○◯·＊＃＿－‐‑※✱✲✳❌＠＄｜＋￡￥￠"
_LEET = "@$!|+€£¢¥¡"
_DROPS = {0x0640, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x180E}  # tatweel and fillers: seen as nothing


def name_of(char: str) -> str:
    """Unicode name, or an empty string."""
    return unicodedata.name(char, "")


def strip_marks(text: str) -> str:
    """Remove nonspacing and enclosing marks after canonical decomposition."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) not in {"Mn", "Me"})


def fold_of(char: str, simplified: dict[str, str]) -> str:
    """NFKC, case folded, simplified Chinese; may be several characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    if len(folded) > 1:
        composed = strip_marks(folded)
        folded = composed if len(composed) == 1 else folded
    return "".join(_ARABIC_VARIANTS.get(c, simplified.get(c, c)) for c in folded)


def latin_base(char: str) -> str | None:
    """The plain letter in a Latin letter's name ("LATIN SMALL LETTER O WITH STROKE" -> "o"), or None."""
    name = name_of(char)
    for prefix in _LETTER_NAMES:
        if name.startswith(prefix):
            rest = name.removeprefix(prefix).removeprefix("DOTLESS ").removeprefix("SCRIPT ").split(" WITH ")[0]
            return rest.lower() if len(rest) == 1 else None
    return None


def imitations(confusables: dict[str, list[dict[str, str]]], simplified: dict[str, str]) -> dict[str, str]:
    """Folded character -> ASCII letter that it imitates. Small letters decide before capitals do."""
    out: dict[str, str] = {}
    letters = "abcdefghijklmnopqrstuvwxyz"
    for letter in letters + letters.upper():
        for entry in confusables.get(letter, []):
            char = entry["c"]
            if len(char) == 1 and not char.isascii() and name_of(char).startswith(_IMITATORS):
                folded = fold_of(char, simplified)
                if len(folded) == 1 and not folded.isascii():
                    out.setdefault(folded, letter.lower())
    return out


def kind_of(code: int, folded: str, base: str) -> int:
    """The class of one code point (see normalise_tables.Kind)."""
    char = chr(code)
    category = unicodedata.category(char)
    for kind, members in ((APOSTROPHE, _APOSTROPHES), (BREAK, _BREAKS), (MASK, _MASKS), (LEET, _LEET)):
        if char in members:
            return kind
    if code in _DROPS or category == "Cf":
        return DROP
    if category == "Cc":
        return SPACE if char.isspace() else DROP
    if category[0] == "Z" or code == 0x2800:
        return SPACE
    if category[0] == "M":
        if name_of(char).startswith(_ANYWHERE) and not 0x3099 <= code <= 0x309A:
            return ANY
        return WORD if category == "Mc" or name_of(char).startswith(_VOWELS) else DROP
    if category in {"Cs", "Co", "Cn"}:
        return PUNCT
    if len(folded) > 1:
        return EXPAND if any(c.isalnum() for c in folded) else PUNCT
    if unicodedata.category(folded) == "Mn":
        return DROP
    if base.isascii() and base.isalnum():
        return WORD
    if category[0] in "LN" or folded.isalnum():
        return ANY if name_of(folded).startswith(_ANYWHERE) else WORD
    return PUNCT


def main() -> int:
    """Build and write the tables."""
    confusables = json.loads(fetch(CONFUSABLES).read_text(encoding="utf-8"))
    lines = (line.split("\t") for line in fetch(OPENCC).read_text(encoding="utf-8").splitlines() if "\t" in line)
    simplified = {traditional: options.split(" ")[0] for traditional, options in lines}
    imitated = imitations(confusables, simplified)

    kind = np.zeros(SIZE, np.uint8)
    fold = np.arange(SIZE, dtype=np.uint32)
    base = np.arange(SIZE, dtype=np.uint32)
    expansions: dict[int, str] = {}
    for code in range(SIZE):
        char = chr(code)
        folded = fold_of(char, simplified)
        for first, letter in _LETTER_BLOCKS:
            if first <= code < first + 26:
                folded = chr(ord(letter) + code - first)
        plain = folded
        if len(folded) == 1:
            plain = strip_marks(folded)[:1] or folded if not 0xAC00 <= ord(folded) <= 0xD7A3 else folded
            plain = imitated.get(plain) or imitated.get(folded) or latin_base(plain) or plain
            fold[code], base[code] = ord(folded), ord(plain)
        kind[code] = kind_of(code, folded, plain)
        if kind[code] == EXPAND:
            expansions[code] = folded

    readings = json.loads(fetch(PINYIN).read_text(encoding="utf-8"))
    toneless = {
        int(code): strip_marks(
            value.split(",")[0]
            .replace("ü", "v")
            .replace("ǖ", "v")
            .replace("ǘ", "v")
            .replace("ǚ", "v")
            .replace("ǜ", "v")
        )
        for code, value in readings.items()
    }
    toneless = {code: value for code, value in toneless.items() if value.isascii() and value.isalpha() and code < SIZE}
    syllables = sorted(set(toneless.values()))
    index = {syllable: i for i, syllable in enumerate(syllables)}

    edges = np.flatnonzero(np.diff(kind)) + 1
    starts = np.concatenate(([0], edges)).astype(np.uint32)
    folded_codes, based_codes = (np.flatnonzero(t != np.arange(SIZE)).astype(np.uint32) for t in (fold, base))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        TARGET,
        kind_starts=starts,
        kind_values=kind[starts],
        fold_codes=folded_codes,
        fold_values=fold[folded_codes],
        base_codes=based_codes,
        base_values=base[based_codes],
        expand_codes=np.array(sorted(expansions), np.uint32),
        expand_text=np.frombuffer("\n".join(expansions[c] for c in sorted(expansions)).encode(), np.uint8),
        pinyin_codes=np.array(sorted(toneless), np.uint32),
        pinyin_values=np.array([index[toneless[c]] for c in sorted(toneless)], np.uint16),
        syllables=np.frombuffer("\n".join(syllables).encode(), np.uint8),
    )
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes, Unicode {unicodedata.unidata_version}, ")
    sys.stdout.write(f"{len(based_codes)} bases, {len(expansions)} expansions, {len(syllables)} syllables\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
