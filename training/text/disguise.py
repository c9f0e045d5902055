"""Disguised copies of texts, as people who evade moderation write them, for training and for measuring robustness."""

from __future__ import annotations

import random

from evenhand.matching.normalise_tables import CharacterTables

LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1", "b": "8", "g": "9"}
LOOKALIKES = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "y": "у", "i": "і", "k": "к", "h": "һ"}
NEIGHBOURS = {"a": "sq", "e": "wr", "i": "uo", "o": "ip", "u": "yi", "t": "ry", "n": "bm", "s": "ad", "r": "et"}
ZERO_WIDTH = "\u200b\u200c\u200d\u2060"
KINDS = ("leet", "spaced", "lookalike", "zero_width", "typo", "stretched", "masked", "dotted")


def disguise(text: str, rng: random.Random, kind: str = "", share: float = 0.4) -> str:
    """Disguise some words of a text in one way.

    Args:
        text: any text.
        rng: the source of chance.
        kind: one of KINDS; chosen by `rng` when empty.
        share: share of the words of three letters and more that are changed.
    """
    kind = kind or rng.choice(KINDS)
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 3 and word.isalpha()]
    if not long:
        return text
    for i in rng.sample(long, max(1, round(share * len(long)))):
        words[i] = _CHANGE[kind](words[i], rng)
    return " ".join(words)


def disguise_chinese(text: str, rng: random.Random, tables: CharacterTables) -> str:
    """Disguise some characters of a Chinese text: as toneless pinyin, or with signs set between them."""
    names = {number: syllable for syllable, number in tables.syllables.items()}
    places = [i for i, character in enumerate(text) if tables.pinyin[ord(character)]]
    if len(places) < 2:
        return text
    chosen = set(rng.sample(places, max(1, len(places) // 4)))
    spoken, sign = rng.random() < 0.5, rng.choice((" ", "*", ".", "-", "~", "、", "\u200b"))
    out = []
    for i, character in enumerate(text):
        if i not in chosen:
            out.append(character)
        elif spoken:
            syllable = names[int(tables.pinyin[ord(character)]) - 1]
            out.append(rng.choice((syllable, f" {syllable} ", syllable[0])))
        else:
            out.append(character + sign)
    return "".join(out)


def _leet(word: str, rng: random.Random) -> str:
    return "".join(rng.choice(LEET[c.lower()]) if c.lower() in LEET and rng.random() < 0.6 else c for c in word)


def _spaced(word: str, rng: random.Random) -> str:
    return rng.choice((" ", ".", "-", "_", "*")).join(word)


def _lookalike(word: str, rng: random.Random) -> str:
    return "".join(LOOKALIKES.get(c, c) if rng.random() < 0.6 else c for c in word)


def _zero_width(word: str, rng: random.Random) -> str:
    return "".join(c + (rng.choice(ZERO_WIDTH) if rng.random() < 0.5 else "") for c in word)


def _typo(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + rng.choice(NEIGHBOURS.get(word[at].lower(), word[at])) + word[at + 1 :],
        )
    )


def _stretched(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] * rng.randint(2, 5) + word[at:]


def _masked(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + rng.choice("*#_%.") + word[at + 1 :]


def _dotted(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + rng.choice((".", "-", " ", "*")) + word[at:]


_CHANGE = {
    "leet": _leet,
    "spaced": _spaced,
    "lookalike": _lookalike,
    "zero_width": _zero_width,
    "typo": _typo,
    "stretched": _stretched,
    "masked": _masked,
    "dotted": _dotted,
}
