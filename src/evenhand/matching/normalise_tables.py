"""Character tables: what each code point is, which letter it stands for, and which letter class it falls in.

Classes merge letters that may stand for one another ("i", "l", "1", "!"), so a search by class misses no disguise;
what it finds too much is refused letter by letter afterwards (`phrases_verify`). Classes fit one byte.
Sources and licences: `data/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

SIZE = 0x110000
SPACE_BYTE = 0x20  # stands for anything that is no letter
LEET_READINGS: Mapping[str, str] = MappingProxyType(
    dict(zip("0123456789@$!|+€£¢¥¡", ("o", "il", *"zeasgtbgas", "il", "il", *"telcyi"), strict=True))
)


class Kind(IntEnum):
    """What a code point is to the matcher."""

    SPACE = 0  # white space
    WORD = 1  # a letter or digit of a script whose words are matched whole
    PUNCT = 2  # punctuation or a symbol that may stand between the letters of one word
    ANY = 3  # a letter of a script written without spaces: matched anywhere
    DROP = 4  # seen as nothing: zero-width, bidi control, soft hyphen, decoration
    EXPAND = 5  # stands for several characters: a ligature, a unit
    LEET = 6  # a symbol that is also read as a letter
    BREAK = 7  # punctuation that ends a word or clause for certain
    APOSTROPHE = 8
    MASK = 9  # like PUNCT, and used to hide a letter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CharacterTables:
    """All tables, indexed by code point. About 11 MB in memory."""

    kind: Bytes  # Kind of each code point
    letter: Bytes  # class byte of each letter, digit and leet symbol; SPACE_BYTE for the rest
    fold: Codes  # NFKC, case folded, simplified Chinese
    base: Codes  # like fold, without marks, and imitations replaced by the Latin letter
    expansions: Mapping[int, str]  # code point -> the folded characters it stands for
    pinyin: npt.NDArray[np.uint16]  # 1 + syllable number of a Chinese character; 0: none
    syllables: Mapping[str, int]  # toneless syllable -> its number, from 0
    ascii_kind: bytes  # `kind` as a table for bytes.translate
    ascii_letter: bytes  # class byte of letters and digits alone, for bytes.translate; leet symbols are no letters

    @property
    def nbytes(self) -> int:
        """Memory held by the arrays, in bytes."""
        return sum(table.nbytes for table in (self.kind, self.letter, self.fold, self.base, self.pinyin))

    def letters_of(self, code: int) -> str:
        """The folded characters that one code point stands for."""
        return self.expansions.get(code) or chr(self.fold[code])


def load_tables() -> CharacterTables:
    """Read the tables that ship with the package (tens of milliseconds; keep the answer)."""
    raw = files("evenhand.matching").joinpath("data/characters.npz").read_bytes()
    with np.load(BytesIO(raw), allow_pickle=False) as data:
        lengths = np.diff(np.append(data["kind_starts"], SIZE))
        kind = np.repeat(data["kind_values"], lengths).astype(np.uint8)
        fold, base = np.arange(SIZE, dtype=np.uint32), np.arange(SIZE, dtype=np.uint32)
        fold[data["fold_codes"]] = data["fold_values"]
        base[data["base_codes"]] = data["base_values"]
        expanded = data["expand_text"].tobytes().decode().split("\n")
        expansions = dict(zip(data["expand_codes"].tolist(), expanded, strict=True))
        pinyin = np.zeros(SIZE, np.uint16)
        pinyin[data["pinyin_codes"]] = data["pinyin_values"] + 1
        syllables = {name: i for i, name in enumerate(data["syllables"].tobytes().decode().split("\n"))}
    letter = _classes(kind, base)
    ascii_letter = np.full(256, SPACE_BYTE, np.uint8)
    ascii_letter[:128] = np.where(kind[:128] == Kind.WORD, letter[:128], SPACE_BYTE)
    ascii_kind = np.zeros(256, np.uint8)
    ascii_kind[:128] = kind[:128]
    for table in (kind, letter, fold, base, pinyin):
        table.setflags(write=False)
    return CharacterTables(
        kind=kind,
        letter=letter,
        fold=fold,
        base=base,
        expansions=expansions,
        pinyin=pinyin,
        syllables=syllables,
        ascii_kind=ascii_kind.tobytes(),
        ascii_letter=ascii_letter.tobytes(),
    )


def _classes(kind: Bytes, base: Codes) -> Bytes:
    """Class bytes: Latin letters keep their own (l joins i), digits join a letter, other scripts share 128 classes."""
    small = np.full(128, SPACE_BYTE, np.uint8)
    small[ord("a") : ord("z") + 1] = np.arange(ord("a"), ord("z") + 1, dtype=np.uint8)
    small[ord("l")] = ord("i")
    for char, readings in LEET_READINGS.items():
        if char.isascii():
            small[ord(char)] = small[ord(readings[0])]
    spread = ((base.astype(np.uint64) * np.uint64(2654435761)) >> np.uint64(13)) & np.uint64(127)
    classes = (spread + np.uint64(128)).astype(np.uint8)
    plain = base < 128
    classes[plain] = small[base[plain]]
    for char, readings in LEET_READINGS.items():
        classes[ord(char)] = small[ord(readings[0])]
    wanted = (kind == Kind.WORD) | (kind == Kind.ANY) | (kind == Kind.LEET)
    return np.where(wanted, classes, np.uint8(SPACE_BYTE)).astype(np.uint8)
