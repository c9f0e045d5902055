"""Finds words and phrases that differ from those of a list by a letter or two, or that sound like them.

The work for one token does not depend on its text's length or on the list's: what a token is near is looked up once,
by the ways to leave letters out of it (symmetric deletes, after SymSpell) or by its sound, and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

MOST_LETTERS = 24  # of one word; longer ones are only compared as they are
LEAST_LETTERS = 4  # of a word that may differ; shorter ones are compared as they are
_TWO = 8  # letters from which two may differ
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_REMEMBERED = 50_000  # tokens; then all are forgotten
MOST = 400  # found in one text; what else is found at the same place is told, too
_LEAST_KEY = 3  # of a sound's key; shorter ones are shared by too many words
_ALIKE = 0.7  # Jaro-Winkler similarity of the letters; keys alone take "taught" for "tight"


class NearWords:
    """An index of phrases whose words may differ a little. Used by one thread at a time.

    Args:
        phrases: each of one word or more; words of under four letters must stand as they are.
        near: makes of the list's words what gives, for a token, number -> distance of those it is near.
    """

    def __init__(
        self, phrases: Sequence[str], near: Callable[[Sequence[str]], Callable[[str], Mapping[int, int]]]
    ) -> None:
        numbers: dict[str, int] = {}
        self._phrases: list[tuple[int, ...]] = []
        self._first: dict[int, list[int]] = {}
        for phrase in phrases:
            words = tuple(numbers.setdefault(word, len(numbers)) for word in words_of(phrase))
            if words:
                self._first.setdefault(words[0], []).append(len(self._phrases))
            self._phrases.append(words)
        self._near = near(list(numbers))
        self._known: dict[str, Mapping[int, int]] = {}

    def find(self, text: str, live: Callable[[int], bool] | None = None) -> list[tuple[int, int, int, int]]:
        """Give phrase, start and end (code points), and how many letters differ, by place.

        Args:
            text: any.
            live: whether a phrase is to be told; None: all are.

        Returns:
            All that is found up to the place at which there are 400.
        """
        tokens = list(tokens_of(text))
        found = [self._near_of(word) for word, _, _ in tokens]
        out: list[tuple[int, int, int, int]] = []
        for place, firsts in enumerate(found):
            if len(out) >= MOST:
                break
            for first in firsts:
                for number in self._first.get(first, ()):
                    words = self._phrases[number]
                    rest = found[place : place + len(words)]
                    if len(rest) < len(words) or (live is not None and not live(number)):
                        continue
                    if all(word in near for word, near in zip(words, rest, strict=True)):
                        differ = sum(near[word] for word, near in zip(words, rest, strict=True))
                        out.append((number, tokens[place][1], tokens[place + len(words) - 1][2], differ))
        return out

    def _near_of(self, token: str) -> Mapping[int, int]:
        known = self._known.get(token)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[token] = self._near(token)
        return known


def spelled(words: Sequence[str]) -> Callable[[str], Mapping[int, int]]:
    """Compare by letters: of a word of four letters one may differ, of eight two.

    To differ is to be changed, left out, put in, or swapped with its neighbour.
    """
    exact = {word: number for number, word in enumerate(words)}
    left_out: dict[str, list[int]] = {}
    for number, word in enumerate(words):
        for short in shortened(word, allowed(word)):
            left_out.setdefault(short, []).append(number)
    most = max((allowed(word) for word in words), default=0)

    def near(token: str) -> Mapping[int, int]:
        found = {exact[token]: 0} if token in exact else {}
        if len(token) < LEAST_LETTERS - 1 or len(token) > MOST_LETTERS + 2:
            return found
        candidates = {number for short in shortened(token, most) for number in left_out.get(short, ())}
        for number in candidates - set(found):
            differ = distance(token, words[number], allowed(words[number]))
            if differ is not None:
                found[number] = differ
        return found

    return near


def sounding(words: Sequence[str]) -> Callable[[str], Mapping[int, int]]:
    """Compare by sound, as English is spoken: equal Metaphone keys, and letters not too far apart.

    Raises:
        ImportError: jellyfish is not installed (extra `audio`).
    """
    import jellyfish

    exact = {word: number for number, word in enumerate(words)}
    keys: dict[str, list[int]] = {}
    for number, word in enumerate(words):
        if len(key := jellyfish.metaphone(word)) >= _LEAST_KEY:
            keys.setdefault(key, []).append(number)

    def near(token: str) -> Mapping[int, int]:
        found = {exact[token]: 0} if token in exact else {}
        if token.isascii() and len(token) <= MOST_LETTERS:
            for number in keys.get(jellyfish.metaphone(token), ()):
                if jellyfish.jaro_winkler_similarity(token, words[number]) >= _ALIKE:
                    found.setdefault(number, 1)
        return found

    return near


def allowed(word: str) -> int:
    """Say how many letters of a word may differ."""
    if not LEAST_LETTERS <= len(word) <= MOST_LETTERS:
        return 0
    return 2 if len(word) >= _TWO else 1


def words_of(phrase: str) -> list[str]:
    """Give the words of a phrase, in lower case."""
    return [word for word, _, _ in tokens_of(phrase)]


def tokens_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Give each word of a text in lower case, with the place where it stands in code points."""
    for match in _TOKEN.finditer(text):
        yield match.group().casefold().replace("’", "'"), match.start(), match.end()


def distance(one: str, other: str, most: int) -> int | None:
    """Give how many letters differ (optimal string alignment); None: more than `most`."""
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, mate in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != mate))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == mate:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def shortened(word: str, most: int) -> set[str]:
    """Give a word with up to `most` letters left out."""
    found = {word}
    if len(word) > MOST_LETTERS + most:
        return found
    for count in range(1, min(most, len(word)) + 1):
        for places in combinations(range(len(word)), len(word) - count):
            found.add("".join([word[place] for place in places]))
    return found
