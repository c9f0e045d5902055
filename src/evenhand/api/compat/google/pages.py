"""The page of `fullTextAnnotation`: blocks, paragraphs, words and symbols of what was read in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from evenhand.api.compat.rekognition_text import Word
from evenhand.domain.location import Box, union

_TEXT = 1  # of BlockType
_SPACE, _LINE_BREAK = 1, 5  # of BreakType
_BLOCKS = ("UNKNOWN", "TEXT")
_BREAKS = ("UNKNOWN", "SPACE", "SURE_SPACE", "EOL_SURE_SPACE", "HYPHEN", "LINE_BREAK")

Lines = Sequence[Sequence[Word]]


def page(blocks: Sequence[Lines], size: tuple[int, int]) -> dict[str, Any]:
    """Give a picture as one page, enumerations by number.

    What the reader gave as one piece is a block of one paragraph: it does not tell paragraphs within it. Symbols have
    no boxes, since the reader places words.

    Args:
        blocks: for each, its lines of words.
        size: width and height of the picture, in the pixels that boxes are given in.
    """
    placed = [lines for lines in ([line for line in block if line] for block in blocks) if lines]
    sure = [word.confidence for lines in placed for line in lines for word in line]
    out: dict[str, Any] = {"width": size[0], "height": size[1], "blocks": [_block(lines) for lines in placed]}
    return {**out, "confidence": _confidence(sure)} if sure else out


def named(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Give a `fullTextAnnotation` with its enumerations by name."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {name: walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if key == "blockType":
            return _BLOCKS[value]
        return _BREAKS[value] if key == "type" else value

    return {name: walk(value) for name, value in annotation.items()}


def polygon(box: Box) -> dict[str, Any]:
    """Give the corners of a box, in whole pixels, clockwise from the upper left."""
    x0, y0, x1, y1 = (round(value) for value in box)
    return {"vertices": [{"x": x, "y": y} for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]}


def _block(lines: Lines) -> dict[str, Any]:
    words = [word for line in lines for word in line]
    place = polygon(union([word.box for word in words]) or (0.0, 0.0, 0.0, 0.0))
    told = {"boundingBox": place, "confidence": _confidence([word.confidence for word in words])}
    rows = [_word(word, _LINE_BREAK if word is line[-1] else _SPACE) for line in lines for word in line]
    return {**told, "blockType": _TEXT, "paragraphs": [{**told, "words": rows}]}


def _word(word: Word, after: int) -> dict[str, Any]:
    symbols: list[dict[str, Any]] = [{"text": character} for character in word.text]
    symbols[-1]["property"] = {"detectedBreak": {"type": after}}
    return {"boundingBox": polygon(word.box), "confidence": _confidence([word.confidence]), "symbols": symbols}


def _confidence(percent: Sequence[float]) -> float:
    return round(fmean(percent) / 100, 6)
