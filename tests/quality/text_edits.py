"""Heavy edits of texts, as people make them to get past a list: seven in ten words are left, or fewer letters."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

_LEET = {"a": "4", "e": "3", "o": "0", "i": "1", "s": "5"}

Edit = Callable[[str, random.Random, Sequence[str]], str]


def _dropped(text: str, dice: random.Random, words: Sequence[str]) -> str:
    return " ".join(word for word in text.split() if dice.random() > 0.3) or text


def _replaced(text: str, dice: random.Random, words: Sequence[str]) -> str:
    return " ".join(word if dice.random() > 0.3 else dice.choice(words) for word in text.split())


def _halves(text: str, dice: random.Random, words: Sequence[str]) -> str:
    own = text.split()
    return " ".join(own[len(own) // 2 :] + own[: len(own) // 2])


def _digits(text: str, dice: random.Random, words: Sequence[str]) -> str:
    return "".join(_LEET.get(char, char) if dice.random() < 0.6 else char for char in text)


def _begun(text: str, dice: random.Random, words: Sequence[str]) -> str:
    return " ".join(dice.choice(words) for _ in range(8)) + " " + text


def _swapped(text: str, dice: random.Random, words: Sequence[str]) -> str:
    chars = list(text)
    for at in range(len(chars) - 1):
        if dice.random() < 0.12:
            chars[at], chars[at + 1] = chars[at + 1], chars[at]
    return "".join(chars)


EDITS: Mapping[str, Edit] = {
    "three words in ten dropped": _dropped,
    "three words in ten replaced": _replaced,
    "halves swapped": _halves,
    "digits for letters": _digits,
    "eight words of others before it": _begun,
    "one letter in eight swapped": _swapped,
}
