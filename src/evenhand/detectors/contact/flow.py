"""Words read from a picture, joined where a picture breaks them: ids over lines, letters set apart, digits in words.

A picture has no room, or somebody wants to hide: "WeChat: leo_" stands over "deal18", a phone number over three lines,
an id in letters with gaps. The joined text is read beside the text as it stands, and only for contacts that
cross a joint; what it is joined from stays where it is for everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from evenhand.detectors.contact.view import Hit

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {word: str(digit) for digit, word in enumerate(_WORDS)} | {"oh": "0"}
_SAID = "|".join(_DIGITS)
_SPOKEN = re.compile(rf"(?<![a-z])(?:{_SAID})(?:[ \n,.-]{{1,2}}(?:{_SAID})){{3,30}}(?![a-z])")
_WORD = re.compile(_SAID)
_TOKEN = re.compile(r"\S+")
_APART = re.compile(r"[a-z0-9_@.:+#*-]{1,10}|[\u4e00-\u9fff]")  # a piece of an id with gaps in it
_PIECE = re.compile(r"[a-z0-9_@.+#-]{1,24}")
_TAIL = re.compile(r"[a-z0-9_@.+#-]{1,24}\Z")
_NUMBER = re.compile(r"\+?\d{1,11}")
_LAST_NUMBER = re.compile(r"(?<![a-z0-9_.,+])\+?\d{1,11}\Z")
_GROUPS = 4  # most lines that a number is set on
_PRICE = re.compile(r"\d{1,7}[.,]\d{1,3}")
_LEAST_APART = 5  # pieces in a row, from which gaps are taken to be inside an id
_MEAN_APART = 2.6  # characters of such a piece on average; words of prose are longer
# Messengers whose name may be written letter by letter; the gap behind the name is read as a colon.
_NAMES = frozenset(
    {"whatsapp", "wechat", "weixin", "telegram", "snapchat", "insta", "kik", "lineid", "vx", "wx", "tg", "qq"}
)
# A cue with its number stuck to it, as full-width letters are read: the cue's last letter gives way to a space.
_STUCK = re.compile(r"(?<![a-z])(?:call|text|tel|phone|mobile|sms)(?=\+?\d{3})")


_Joint = tuple[int, int, str]  # first and last place of a gap, and what stands for it


@dataclass(frozen=True, slots=True)
class Flow:
    """A joined text and the way back to the text it was made of."""

    text: str
    places: tuple[int, ...]  # for each character, where it stands in the folded text

    def back(self, hit: Hit) -> Hit:
        """Give a hit in places of the folded text."""
        return replace(hit, start=self.places[hit.start], end=self.places[hit.end - 1] + 1)


def joined(text: str) -> Flow | None:
    """Join a folded text of a picture; None when there is nothing to join."""
    letters: list[str] = list(text)  # "" where a character is dropped
    for found in _SPOKEN.finditer(text):
        for word in _WORD.finditer(text, *found.span()):
            letters[word.start()] = _DIGITS[word.group()]
            letters[word.start() + 1 : word.end()] = [""] * (len(word.group()) - 1)
        for i in range(*found.span()):
            if not text[i].isalpha():
                letters[i] = ""
    for found in _STUCK.finditer(text):
        letters[found.end() - 1] = " "
    tokens = [(t.start(), t.end()) for t in _TOKEN.finditer(text)]
    gaps = _gaps(text, tokens, letters)
    for start, end, letter in _breaks(text, tokens) + _chains(text, tokens) + gaps:
        letters[start:end] = [letter, *[""] * (end - start - 1)]
    kept = tuple(i for i, letter in enumerate(letters) if letter)
    made = "".join(letters)
    return Flow(made, kept) if made != text else None


def _gaps(text: str, tokens: list[tuple[int, int]], letters: list[str]) -> list[_Joint]:
    """Give the gaps between the pieces of ids whose letters are set apart, in a row or one below the other."""
    gaps, run = list[_Joint](), list[tuple[int, int]]()
    for token in [*tokens, None]:
        piece = "".join(letters[token[0] : token[1]]) if token is not None else " "
        # A digit said in words leaves nothing behind but its digit; a word of four letters is a word.
        if token is not None and _APART.fullmatch(piece or "0") and not (len(piece) > 3 and piece.isalpha()):
            run.append(token)
            continue
        gaps += _close(run, letters)
        run = []
    return gaps


def _close(run: list[tuple[int, int]], letters: list[str]) -> list[_Joint]:
    """Give the gaps of the part of a run that is set apart, without words at its ends."""
    pieces = ["".join(letters[start:end]) for start, end in run]
    first, last = 0, len(run)
    while first < last and (pieces[first].endswith(":") or (len(pieces[first]) > 1 and pieces[first].isalpha())):
        first += 1
    while last > first and len(pieces[last - 1]) > 2 and pieces[last - 1].isalpha():
        last -= 1
    if last - first < _LEAST_APART or sum(map(len, pieces[first:last])) > _MEAN_APART * (last - first):
        return []
    joints, said = list[_Joint](), ""
    for i in range(first, last - 1):
        said += pieces[i]
        joints.append((run[i][1], run[i + 1][0], ":" if said in _NAMES else ""))
    return joints


def _breaks(text: str, tokens: list[tuple[int, int]]) -> list[_Joint]:
    """Give the line breaks inside an id: the next line is one piece, and together they look like no two words."""
    joints = list[_Joint]()
    for (start, end), (begin, stop) in pairwise(tokens):
        if text[end:begin] != "\n" or (stop < len(text) and text[stop] != "\n"):
            continue
        right, tail = text[begin:stop], _TAIL.search(text, max(start, end - 24), end)
        if tail is None or not _PIECE.fullmatch(right) or _PRICE.fullmatch(right):
            continue
        left = tail.group()
        if _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
            continue  # a chain of numbers: see below
        sign = left[-1] in "_@.-" or right[0] in "_@.-"
        # A bare word above a number is a heading over it, unless something announces the word.
        told = not left.isalpha() or tail.start() > start or text[max(0, start - 2) : start].rstrip().endswith(":")
        digits = any(c.isdigit() for c in left)
        if sign or (told and (digits or (len(right) >= 3 and any(c.isdigit() for c in right)))):
            joints.append((end, begin, ""))
    return joints


def _chains(text: str, tokens: list[tuple[int, int]]) -> list[_Joint]:
    """Give the breaks between the groups of one number: closed in a Chinese mobile number, else spaces."""
    joints, chain = list[_Joint](), list[tuple[int, int]]()
    for token in [*tokens, None]:
        last = _LAST_NUMBER.search(text, *token) if token is not None else None
        if token is None or last is None or (token[1] < len(text) and text[token[1]] != "\n"):
            follows, chain_next = False, list[tuple[int, int]]()
        else:
            follows = bool(chain) and last.start() == token[0] and text[chain[-1][1] : token[0]] == "\n"
            chain_next = [last.span()]
        if follows:
            chain += chain_next
            continue
        if 2 <= len(chain) <= _GROUPS:
            whole = "".join(text[a:b] for a, b in chain)
            between = "" if len(whole) == 11 and whole[0] == "1" else " "
            joints += [(end, end + 1, between) for _, end in chain[:-1]]
        chain = chain_next
    return joints
