"""How plausible letters are as words of any of about ninety languages: keyboard mashing and random strings are not.

A trigram model of letters (`data/letters.npz`, built by `training/cheap_text/letters.py`) gives the cost of each letter
after the two before it; a word whose mean cost is above that of 99.9% of real words of its length is implausible. Words
with digits, dots, slashes or underscores (code, addresses, hashes, file names), all-capital abbreviations and stretched
letters are not held against a text. Chinese is judged by how rare its characters are.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
TABLE_SIZE = 0x20000
SUSPECT = 57.0  # mean cost a letter of a text, in the table's units of 1/12 bit, above which words are looked at
MIN_LETTERS = 6
MAX_TOKENS = 2000  # tokens looked at in one text
SCORE_TOP = 0.9

_SPECIAL = dict(zip("ßłıøđæœþðёіїєґўјђљњћџə", "sliodaotdеиаегуйдлнчцe", strict=True)) | {"ї": "и"}
_RUNS = re.compile(r"(.)\1{2,}")
_EDGES = "\"'“”‘’«»()[]{}<>.,;:!?¡¿…*_~-–—"
_CODE = re.compile(r"[\d@#/\\._:=<>{}\[\]()&%$|~^+*`\u0080-\u009f]")
_MIXED_CASE = re.compile(r"[a-z][A-Z]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3041-\u30ff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Gibberish:
    """Text without meaning."""

    score: float
    start: int
    end: int
    reason: str


class LetterModel:
    """The tables, read once. `letters` maps code points below 0x20000 to letter classes, 0 for everything else."""

    def __init__(self) -> None:
        with files("evenhand.detectors.data").joinpath("letters.npz").open("rb") as stream:
            stored = np.load(stream, allow_pickle=False)
            self.cost: npt.NDArray[np.uint8] = stored["cost"].reshape(-1)  # (59 ** 3,)
            self.size: int = stored["cost"].shape[0]
            self._limits: list[float] = [float(v) for v in stored["thresholds"]]
            frequent = stored["frequent"]
        self.letters = np.zeros(TABLE_SIZE, dtype=np.uint8)
        classes = {c: 1 + i for i, c in enumerate(LATIN + CYRILLIC)}
        for code in (*range(0x41, 0x250), *range(0x400, 0x460), *range(0x490, 0x4E0), *range(0x1E00, 0x1F00)):
            char = chr(code).lower()[0]
            base = _SPECIAL.get(char) or unicodedata.normalize("NFD", char)[0]
            self.letters[code] = classes.get(base, 0)
        self.frequent = frozenset(map(chr, frequent))
        self.common = self.frequent | _common_han()

    def costs(self, letters: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Give the cost of each letter with its neighbours, 0 for what is no letter; both ends must be class 0.

        Args:
            letters: letter classes, shape (n,), n >= 2.
        """
        wide = letters.astype(np.int32)
        out = np.zeros_like(letters)
        np.take(self.cost, (wide[:-2] * self.size + wide[1:-1]) * self.size + wide[2:], out=out[1:-1], mode="clip")
        out[letters == 0] = 0
        return out

    def implausible(self, word: str) -> bool:
        """Say whether a word of Latin or Cyrillic letters is none in any language known."""
        codes = np.fromiter((ord(c) for c in f" {word} "), dtype=np.uint32)
        letters = np.take(self.letters, codes, mode="clip")
        count = int(np.count_nonzero(letters))
        if count < len(word) or not count:
            return False
        return float(self.costs(letters).sum()) / count > self._limits[min(count, len(self._limits) - 1)]

    def measure(self, text: str) -> Gibberish | None:
        """Give how sure a text is gibberish, or None when it is not."""
        if len(_HAN.findall(text[:2000])) * 2 > len(text[:2000]):
            return self._han(text[:2000])
        letters = bad = 0
        start, end = len(text), 0
        for token in list(re.finditer(r"\S{1,200}", text))[:MAX_TOKENS]:
            word = token.group().strip(_EDGES)
            letters += sum(map(str.isalpha, word))
            if _plain(word) and self.implausible(_RUNS.sub(r"\1\1", unicodedata.normalize("NFC", word))):
                bad += len(word)
                start, end = min(start, token.start()), token.end()
        if bad < MIN_LETTERS:
            return None
        share = min(1.0, max(0.0, (bad / letters - 0.4) / 0.4))
        score = SCORE_TOP * share * (0.45 + 0.55 * min(1.0, (bad - MIN_LETTERS) / 18))
        return Gibberish(score, start, end, "letters that form no words") if score >= 0.3 else None

    def _han(self, text: str) -> Gibberish | None:
        chars = _HAN.findall(text)
        if len(chars) < 12 or _KANA.search(text):
            return None
        rare = sum(1 for c in chars if c not in self.common) / len(chars)
        frequent = sum(1 for c in chars if c in self.frequent) / len(chars)
        score = 0.0
        if rare > 0.25:
            score = min(SCORE_TOP, 0.4 + rare)
        elif len(chars) >= 20 and frequent < 0.15:
            score = 0.5 + min(0.3, len(chars) / 400)
        return Gibberish(score, 0, len(text), "characters that form no sentence") if score else None


def _plain(word: str) -> bool:
    """Say whether a word is made of letters only and is no abbreviation or name of code."""
    if len(word) < 4 or _CODE.search(word) or _MIXED_CASE.search(word) or (word.isupper() and len(word) <= 6):
        return False
    return word.isalpha()


def _common_han() -> frozenset[str]:
    """Give the characters of the first levels of GB 2312 and Big5, the everyday ones by those standards' own order."""
    simplified = bytes(b for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for b in (row, cell))
    cells = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = bytes(b for row in range(0xA4, 0xC7) for cell in cells for b in (row, cell))
    return frozenset(simplified.decode("gb2312", "ignore")) | frozenset(traditional.decode("big5", "ignore"))
