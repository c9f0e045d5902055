"""DetectText from the words that image.ocr read, with their boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from evenhand.api.compat.aws_errors import AwsError, invalid
from evenhand.api.compat.rekognition_faces import box as bounding_box
from evenhand.api.compat.rekognition_fields import items, number, structure
from evenhand.domain import Result, Source, TextPart
from evenhand.domain.location import Box, union

_MOST_REGIONS = 10
_MOST_POINTS = 100
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which words are wanted; regions in shares of the picture's sides."""

    confidence: float  # [0, 100]
    height: float  # shares of the picture's height
    width: float
    regions: tuple[tuple[Point, ...], ...]  # polygons; none: the whole picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word that was read in a picture."""

    text: str
    box: Box  # pixels
    confidence: float  # [0, 100]


def read_filters(body: Mapping[str, Any]) -> Filters:
    """Read `Filters`.

    Raises:
        AwsError: they break a limit.
    """
    given = structure(body, "Filters") or {}
    words = structure(given, "WordFilter") or {}
    return Filters(
        confidence=number(words, "MinConfidence", least=0, most=100, default=0),
        height=number(words, "MinBoundingBoxHeight", least=0, most=1, default=0),
        width=number(words, "MinBoundingBoxWidth", least=0, most=1, default=0),
        regions=tuple(_region(region) for region in items(given, "RegionsOfInterest", most=_MOST_REGIONS)),
    )


def detections(result: Result, filters: Filters) -> list[dict[str, Any]]:
    """Give TextDetections: the lines, then the words of each, which name their line as parent."""
    if result.seen is None:
        return []
    size = result.seen.size
    lines: list[list[Word]] = []
    for part in result.seen.words:
        if part.origin.source is Source.OCR:
            lines += ([word for word in line if _fits(word, filters, size)] for line in lines_of(part))
    lines = [line for line in lines if line]
    out = [_entry("LINE", number_, line, size) for number_, line in enumerate(lines)]
    for number_, line in enumerate(lines):
        for word in line:
            out.append({**_entry("WORD", len(out), [word], size), "ParentId": number_})
    return out


def lines_of(part: TextPart) -> list[list[Word]]:
    """Cut what was read into lines, and lines at spaces; single characters of one word go together.

    Args:
        part: words read in a picture, with their boxes.
    """
    out: list[list[Word]] = []
    start = 0
    for line in part.text.split("\n"):
        words: list[Word] = []
        for piece in line.split():
            begin = part.text.index(piece, start)
            start = begin + len(piece)
            marks = [mark for mark in part.marks if mark.start < start and begin < mark.end]
            place = union([mark.box for mark in marks if mark.box is not None])
            if place is not None:
                sure = [mark.score for mark in marks if mark.score is not None]
                words.append(Word(text=piece, box=place, confidence=100 * (fmean(sure) if sure else 0.0)))
        out.append(words)
    return out


def _entry(kind: str, number_: int, words: Sequence[Word], size: tuple[int, int]) -> dict[str, Any]:
    place = union([word.box for word in words]) or (0.0, 0.0, 0.0, 0.0)
    x0, y0, x1, y1 = (round(v / side, 6) for v, side in zip(place, (*size, *size), strict=True))
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return {
        "DetectedText": " ".join(word.text for word in words),
        "Type": kind,
        "Id": number_,
        "Confidence": round(fmean(word.confidence for word in words), 4),
        "Geometry": {
            "BoundingBox": bounding_box(place, size),
            "Polygon": [{"X": x, "Y": y} for x, y in corners],
        },
    }


def _fits(word: Word, filters: Filters, size: tuple[int, int]) -> bool:
    x0, y0, x1, y1 = (v / side for v, side in zip(word.box, (*size, *size), strict=True))
    if word.confidence < filters.confidence or y1 - y0 < filters.height or x1 - x0 < filters.width:
        return False
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    return not filters.regions or any(_inside(middle, region) for region in filters.regions)


def _region(region: object) -> tuple[Point, ...]:
    if not isinstance(region, dict):
        raise AwsError("SerializationException", "RegionsOfInterest must hold objects.")
    area, polygon = structure(region, "BoundingBox"), items(region, "Polygon", most=_MOST_POINTS)
    if (area is None) == (not polygon):
        raise invalid("A region of interest must have either BoundingBox or Polygon.")
    if area is not None:
        left, top, width, height = (
            number(area, name, least=0, most=1, default=0) for name in ("Left", "Top", "Width", "Height")
        )
        return ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    if len(polygon) < 3 or not all(isinstance(point, dict) for point in polygon):
        raise invalid("Polygon must have at least three points with X and Y.")
    return tuple(
        (number(point, "X", least=0, most=1, default=0), number(point, "Y", least=0, most=1, default=0))
        for point in polygon
    )


def _inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Say whether a point lies in a polygon, by counting the edges to its right."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            inside = not inside
    return inside
