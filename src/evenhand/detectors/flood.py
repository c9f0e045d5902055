"""Flood and gibberish in text: `spam.flood`, `spam.gibberish`.

A batch is laid out as one array of code points; a few table look-ups over it say which texts could be either, and only
those are measured (`repetition.py`, `gibberish.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.gibberish import MIN_LETTERS, SUSPECT, TABLE_SIZE, Gibberish, LetterModel
from evenhand.detectors.repetition import MAX_CHARS, Flood, measure
from evenhand.domain import Finding, PartKind, TextPart

# Kinds of character that are counted for each text, as bits of one table.
_MARK, _EMOJI, _TAG, _HAN, _FREQUENT = 1, 2, 4, 8, 16

_INFO = DetectorInfo(
    name="text.flood",
    version="1",
    reads=PartKind.TEXT,
    labels=("spam.flood", "spam.gibberish"),
    cost=Cost.CHEAP,
    description="Finds repetition meant to flood, and text without meaning.",
    examples=(
        Example(
            title="the same line again and again",
            part=lambda: TextPart(text="JOIN MY GROUP NOW\n" * 20),
            labels=frozenset({"spam.flood"}),
        ),
        Example(
            title="keyboard mashing",
            part=lambda: TextPart(text="sdkjfhskdjfh wqoeiruqwp zxmcnbvzx"),
            labels=frozenset({"spam.gibberish"}),
        ),
        Example(title="laughter", part=lambda: TextPart(text="hahahahaha that is sooooo good!!! jajajaja")),
    ),
)


class FloodDetector:
    """Finds floods and gibberish. Its tables are read on the first call."""

    def __init__(self) -> None:
        self._tools: tuple[LetterModel, npt.NDArray[np.uint8]] | None = None

    @property
    def info(self) -> DetectorInfo:
        """The declaration."""
        return _INFO

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order."""
        if not parts:
            return []
        if self._tools is None:
            model = LetterModel()
            self._tools = model, _flags(model)
        model, flags = self._tools
        pieces = [piece for index, part in enumerate(parts) for piece in _pieces(index, part.text)]
        texts = [piece.text for piece in pieces]
        repeats, odd = _suspects(texts, model, flags)
        answers = [NOTHING] * len(parts)
        for which in np.flatnonzero(repeats | odd).tolist():
            piece = pieces[which]
            flood = measure(piece.text) if repeats[which] else None
            gibberish = model.measure(piece.text) if odd[which] and flood is None else None
            answer = _answer(parts[piece.part], piece.start, flood, gibberish)
            if _top(answer) > _top(answers[piece.part]):
                answers[piece.part] = answer
        return answers


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a text; short texts are one piece, long ones are measured piece by piece and the worst counts."""

    part: int
    start: int
    text: str


def _pieces(part: int, text: str) -> list[_Piece]:
    if len(text) <= MAX_CHARS:
        return [_Piece(part, 0, text)]
    return [_Piece(part, start, text[start : start + MAX_CHARS]) for start in range(0, len(text), MAX_CHARS)]


def _top(answer: Detection) -> float:
    return max(answer.scores.values(), default=0.0)


def _flags(model: LetterModel) -> npt.NDArray[np.uint8]:
    flags = np.zeros(TABLE_SIZE, dtype=np.uint8)
    for start, stop in ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30)):
        flags[start:stop] = _MARK
    for start, stop in ((0x2600, 0x27C0), (0x2B50, 0x2B56), (0x1F000, 0x1FB00)):
        flags[start:stop] = _EMOJI
    flags[[ord("@"), ord("#")]] = _TAG
    flags[0x4E00:0xA000] = _HAN
    flags[[ord(c) for c in model.frequent]] = _HAN | _FREQUENT
    return flags


Mask = npt.NDArray[np.bool_]


def _suspects(texts: Sequence[str], model: LetterModel, flags: npt.NDArray[np.uint8]) -> tuple[Mask, Mask]:
    """Say which texts may be floods and which may be gibberish; a text with neither mark is neither."""
    # A line feed before, between and behind keeps runs and words of neighbours apart, and every stretch non-empty.
    joined = "\n" + "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate(([0], np.cumsum(lengths + 1)[:-1]))

    def total(values: npt.NDArray[np.uint8] | Mask) -> npt.NDArray[np.int64]:
        sums: npt.NDArray[np.int64] = np.add.reduceat(values, starts, dtype=np.int64)
        return sums

    letters = np.take(model.letters, codes, mode="clip")
    kinds = np.take(flags, codes, mode="clip")
    letter_count = total(letters > 0)
    mean = total(model.costs(letters)) / np.maximum(letter_count, 1)
    odd = (letter_count >= MIN_LETTERS) & (mean > SUSPECT)

    same = np.zeros(len(codes), dtype=np.bool_)
    np.equal(codes[1:], codes[:-1], out=same[1:])
    repeats = total(same) >= 7
    if kinds.any():
        repeats |= total(kinds == _MARK) >= 9
        repeats |= total(kinds == _EMOJI) > 8
        repeats |= total(kinds == _TAG) > 6
        han = total(kinds >= _HAN)
        if han.any():
            odd |= (han >= 12) & (total(kinds >= _FREQUENT) < 0.35 * han)
    return repeats | np.fromiter(map(_repeats_words, texts), dtype=np.bool_, count=len(texts)), odd


def _repeats_words(text: str) -> bool:
    if len(text) < 30:
        return False
    words = text.split()
    if len(words) > 9:
        return len(set(words)) <= 0.65 * len(words)
    return len(set(text)) <= 0.5 * len(text)  # few spaces: judged by its characters


def _answer(part: TextPart, start: int, flood: Flood | None, gibberish: Gibberish | None) -> Detection:
    scores: dict[str, float] = {}
    findings: list[Finding] = []
    for label, found in (("spam.flood", flood), ("spam.gibberish", gibberish)):
        if found is not None:
            scores[label] = found.score
            findings.append(
                Finding(
                    label=label,
                    score=found.score,
                    location=part.locate(start + found.start, start + found.end),
                    detector=_INFO.name,
                    version=_INFO.version,
                    reason=found.reason,
                    language=part.language,
                )
            )
    return Detection(findings=tuple(findings), scores=scores) if findings else NOTHING


def make(context: DetectorContext) -> FloodDetector:
    """Make the detector; it needs nothing from the context."""
    return FloodDetector()
