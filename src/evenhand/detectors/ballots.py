"""Ballots, campaign posters and polling signs among the words of a picture: a neutral mark, `politics`.

Only words that any election uses (`data/ballot_words.json`) count, and how they are laid out: a heading over rows of
like height, or a few lines with one set large. No name of a person, a party, an event or a group is among them, and
nothing is looked at but the lines that were read: no face, flag or emblem can lead to the mark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from statistics import median

from evenhand.domain.location import Box, union
from evenhand.inference.textlines import Line

LABEL = "politics"
SCORE_LAID_OUT = 0.85  # the words, on a page laid out like such a paper
SCORE_SIGN = 0.7  # a sign that says nothing but where to vote
SCORE_WORDS = 0.6  # the words alone
MAX_LINES = 60  # a page with more is prose, which is left to the text detectors

_POSTER_LINES = 14
_DISPLAY = 1.6  # height of a poster's largest line over that of its middling one
_ROWS = 3  # rows of like height, one below the other, that make a form
_LIKE = 1.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What the words of a picture look like."""

    score: float  # in [0, 1]
    reason: str
    box: Box | None  # around the lines that say so


class Ballots:
    """Knows election papers by their words and layout. The words are read when it is made."""

    def __init__(self) -> None:
        # "paper": ballots and polling places; "campaign": a call for votes; "office", "election": what it is for;
        # "private": votes that are nobody's politics, as in schools, clubs and firms
        table = json.loads(files("evenhand.detectors.data").joinpath("ballot_words.json").read_text("utf-8"))
        self._words = {kind: re.compile("|".join(found), re.MULTILINE) for kind, found in table.items()}

    def find(self, lines: Sequence[tuple[Line, Box]]) -> Ballot | None:
        """Say whether the lines of a picture are a ballot, a campaign poster or a polling sign.

        Args:
            lines: in reading order, each with its box on the levelled page.

        Returns:
            None where they are not.
        """
        if not lines or len(lines) > MAX_LINES:
            return None
        said = [" ".join(line.text.lower().split()) for line, _ in lines]
        whole = "\n".join(said)
        kinds = {kind: len({m.group() for m in found.finditer(whole)}) for kind, found in self._words.items()}
        judged = None if kinds["private"] else _judged(kinds, lines)
        if judged is None:
            return None
        score, what = judged
        telling = [self._words[kind] for kind in ("paper", "campaign", "office", "election")]
        close = [
            line.box
            for (line, _), text in zip(lines, said, strict=True)
            if any(found.search(text) for found in telling)
        ]
        laid = "words and layout of" if score == SCORE_LAID_OUT else "words of"
        return Ballot(score=score, reason=f"{laid} {what}; a topic, not a violation", box=union(close))


def _judged(kinds: Mapping[str, int], lines: Sequence[tuple[Line, Box]]) -> tuple[float, str] | None:
    told = kinds["office"] + kinds["election"]
    laid_out = SCORE_LAID_OUT if _poster(lines) or _form(lines) else SCORE_WORDS
    if kinds["paper"] > 1 or (kinds["paper"] and told):
        return laid_out, "a ballot or a polling notice"
    if kinds["campaign"] and (told or kinds["campaign"] > 1):
        return laid_out, "a campaign poster"
    if kinds["paper"] and len(lines) <= _POSTER_LINES // 2:
        return SCORE_SIGN, "a polling sign"
    return None


def _heights(lines: Sequence[tuple[Line, Box]]) -> list[float]:
    return [max(box[3] - box[1], 1.0) for _, box in lines]


def _poster(lines: Sequence[tuple[Line, Box]]) -> bool:
    """Few lines, one of them set large."""
    heights = _heights(lines)
    return len(lines) <= _POSTER_LINES and (len(lines) < 4 or max(heights) >= _DISPLAY * median(heights))


def _form(lines: Sequence[tuple[Line, Box]]) -> bool:
    """Rows of like height that begin at the same place."""
    heights = _heights(lines)
    best = 0
    for (_, first), height in zip(lines, heights, strict=True):
        alike = [
            other
            for (_, other), high in zip(lines, heights, strict=True)
            if max(height, high) <= _LIKE * min(height, high) and abs(other[0] - first[0]) <= height
        ]
        best = max(best, len(alike))
    return best >= _ROWS
