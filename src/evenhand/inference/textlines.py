"""Reading the lines of text in a picture, with PP-OCR (English and Chinese) as packaged by rapidocr.

The sessions are those of `textengine`.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.domain.location import Box, union
from evenhand.inference import textseen
from evenhand.inference.glance import CELL, Glance, windows
from evenhand.inference.textengine import make_engine
from evenhand.inference.textmoved import Look, Moved, look_of
from evenhand.inference.textseen import Seen
from evenhand.inference.textshape import Shape, shape_of, standing

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETECT_SIDE = 960  # px; text is looked for at this long side, then read from the full array. At 1,600 it finds no more
MAX_LINES = 200  # most lines read of one array, the tallest first: reading takes longest, and a page has about 60
MIN_CONFIDENCE = 0.5  # mean confidence of a line's characters; below, it is mostly texture taken for letters
_CERTAIN = 0.95  # confidence from which a line is known again elsewhere; others have another chance where they go
_FLIPPED = 0.9  # confidence from which a line is taken to stand on its head


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A stretch of a line with its place: a word, or one character of a script written without spaces."""

    start: int  # code points of the line's text
    end: int
    box: Box  # pixels of the array read


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text."""

    text: str  # never blank
    words: tuple[Word, ...]  # in order of start
    box: Box  # pixels of the array read
    confidence: float
    angle: float = 0.0  # degrees clockwise from left to right in which the line is read, [0, 360)
    slim: float = 0.0  # height of the letters over the length of the line; 0: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read of one picture."""

    lines: tuple[Line, ...] = ()
    left_out: int = 0  # lines that were seen but not read, because there were too many
    reused: int = 0  # places of lines, blank ones too, that were taken over from the frame before


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read at a place, kept for the next frame."""

    line: Line | None
    shape: Shape | None = None  # None: of a still, or too small to be known again over another ground
    look: Look | None = None  # None: of a still, not certain, slanted or at an edge


class LineReader:
    """Reads lines. Weights are loaded on the first call.

    Args:
        threads: threads inside one run; 0: one per core that this process may use.
        thorough: search all of every picture for text; otherwise only the stretches in which a first look saw
            anything like letters.
    """

    def __init__(self, *, threads: int = 0, thorough: bool = False) -> None:
        self._threads = threads
        self._glance = None if thorough else Glance(threads=threads)
        self._lock = threading.Lock()
        self._engine: Any = None

    def read(self, rgb: NDArray[np.uint8]) -> Reading:
        """Read the lines in a picture, top to bottom and left to right.

        Args:
            rgb: uint8 [height, width, 3], RGB. Text under about 9 px high is often missed.

        Raises:
            ModelError: rapidocr or its weights, or those of the first look, are not installed.
        """
        return self._read(rgb, None)[0]

    def read_frame(self, rgb: NDArray[np.uint8], before: Sequence[Seen]) -> tuple[Reading, tuple[Seen, ...]]:
        """Read a frame of a video; what stands as in a frame before it is not read again.

        Args:
            rgb: as in `read`.
            before: frames that were read, of this video or of others; the one most like this is used.

        Returns:
            What stands in the frame, and what to give with the next.

        Raises:
            ModelError: as in `read`.
        """
        reading, seen = self._read(rgb, before)
        return reading, seen

    def _read(self, rgb: NDArray[np.uint8], before: Sequence[Seen] | None) -> tuple[Reading, tuple[Seen, ...]]:
        """Read a frame; `before` is None for a still, of which nothing is kept."""
        engine = self._loaded()
        bgr = _bgr(rgb)
        small = engine.text_det.preprocess_op.resize(bgr)
        size = (rgb.shape[0], rgb.shape[1])
        now, last, different = None, None, np.ones(tuple(side // CELL for side in small.shape[:2]), np.bool_)
        if before is not None:
            now = textseen.blocks(small)
            last, different = textseen.likest(now, before, size=size) or (None, different)
        wanted = np.ones_like(different) if self._glance is None else self._glance.cells(small)
        sure, searched = self._searched(small, wanted, last, different)
        kept, left_out, reused = self._placed(bgr, small, sure, before, last, different, size[::-1])
        lines = tuple(one.line for _, one in kept if isinstance(one, _Known) and one.line is not None)
        reading = Reading(lines=lines, left_out=left_out, reused=reused)
        if before is None or now is None:
            return reading, ()
        seen = Seen(
            size=size,
            blocks=textseen.kept(now, last, different),
            searched=searched,
            sure=sure,  # (half as many bits took 15 ms: its small numbers are denormal)
            lettered=textseen.lettered(sure),
            lines=tuple(kept),
        )
        return reading, textseen.remembered(before, seen, last, different)

    def _placed(
        self,
        bgr: NDArray[np.uint8],
        small: NDArray[np.uint8],
        sure: NDArray[np.float32],
        before: Sequence[Seen] | None,
        last: Seen | None,
        different: NDArray[np.bool_],
        size: tuple[int, int],
    ) -> tuple[list[tuple[NDArray[np.float32], object]], int, int]:
        """Read the lines where letters are, within `size` (width, height).

        Returns:
            Places in pixels of `small` with what was read there; lines left out; places taken over from `before`.
        """
        engine = self._loaded()
        quads, _ = engine.text_det.postprocess_op(sure[None, None], bgr.shape[:2])
        if not len(quads):
            return [], 0, 0
        quads = engine.text_det.sorted_boxes(quads)
        left_out = max(0, len(quads) - MAX_LINES)
        if left_out:
            quads = quads[np.argsort([-_height(quad) for quad in quads], kind="stable")[:MAX_LINES]]
        scale = np.asarray([small.shape[1] / bgr.shape[1], small.shape[0] / bgr.shape[0]], np.float32)
        places = [np.asarray(quad, np.float32) * scale for quad in quads]
        known: list[_Known | None] = [
            textseen.same_line(place, last, different, _Known) if last else None for place in places
        ]
        grey = None if before is None else textseen.luma(small)
        if before and grey is not None:
            alike = [seen for seen in before if seen.size == size[::-1]]
            known = [old or _standing(grey, place, alike) for place, old in zip(places, known, strict=True)]
        stood, full = known, None if before is None else textseen.luma(bgr)
        if before and full is not None and None in known:
            moved = Moved(full, _looks(before))
            known = [old or _moved(moved, quad, size) for quad, old in zip(quads, known, strict=True)]
        fresh = iter(self._lines(bgr, [q for q, old in zip(quads, known, strict=True) if old is None], size))
        kept: list[tuple[NDArray[np.float32], object]] = []
        for place, quad, old, still in zip(places, quads, known, stood, strict=True):
            now = old or _Known(next(fresh))
            if grey is not None and full is not None and still is None:
                certain = now.line is not None and now.line.confidence >= _CERTAIN
                now = replace(now, shape=shape_of(grey, place), look=look_of(full, quad) if certain else None)
            kept.append((place, now))
        return kept, left_out, sum(old is not None for old in known)

    def _searched(
        self, small: NDArray[np.uint8], wanted: NDArray[np.bool_], last: Seen | None, different: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Search the wanted cells for text, those that were searched before and look the same excepted.

        Returns:
            How sure it is of letters, float32 [height, width], and the cells for which that is told.
        """
        sure: NDArray[np.float32] = np.zeros(small.shape[:2], np.float32)
        searched = np.zeros(different.shape, np.bool_)
        if last is not None:
            searched = last.searched & ~different
            sure[:] = last.sure * np.repeat(np.repeat(searched, CELL, 0), CELL, 1)
        for x0, y0, x1, y1 in windows(wanted & ~searched):
            place, found = searched[y0 // CELL : y1 // CELL, x0 // CELL : x1 // CELL], self.map(small[y0:y1, x0:x1])
            if place.any():
                known = np.repeat(np.repeat(place, CELL, 0), CELL, 1)
                found = np.where(known, sure[y0:y1, x0:x1], found)
            sure[y0:y1, x0:x1] = found
            place[:] = True
        return sure, searched

    def _lines(
        self, bgr: NDArray[np.uint8], quads: Sequence[NDArray[np.float32]], size: tuple[int, int]
    ) -> list[Line | None]:
        """Read the lines within quads; None: nothing that is sure enough."""
        if not quads:
            return []
        engine = self._loaded()
        crops, turned = engine.cls_and_rotate(engine.crop_text_regions(bgr, quads))
        read = engine.recognize_txt(crops)
        lines: list[Line | None] = []
        for quad, turn, text, score, info in zip(
            quads, turned.cls_res, read.txts, read.scores, read.word_results, strict=True
        ):
            line = None
            if score >= MIN_CONFIDENCE and text.strip():
                flipped = "180" in turn[0] and turn[1] > _FLIPPED
                line = _line(quad, text, info, score=float(score), flipped=flipped, size=size)
            lines.append(line)
        return lines

    def fitted(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the array in which text is looked for: BGR, at most DETECT_SIDE, sides that 32 divides."""
        small: NDArray[np.uint8] = self._loaded().text_det.preprocess_op.resize(_bgr(rgb))
        return small

    def map(self, small: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say for each pixel how sure it is that it lies within letters.

        Args:
            small: as `fitted` gives it, or a part of it with sides that 32 divides.

        Returns:
            float32 [height, width], 0 to 1.
        """
        det = self._loaded().text_det
        mean, std = (np.asarray(v, np.float32) for v in (det.preprocess_op.mean, det.preprocess_op.std))
        planes = np.empty((1, 3, *small.shape[:2]), np.float32)
        for i, (factor, offset) in enumerate(zip(1 / (255 * std), mean / std, strict=True)):
            np.multiply(small[:, :, i], factor, out=planes[0, i])
            planes[0, i] -= offset
        sure: NDArray[np.float32] = det.session(planes)[0, 0]
        return sure

    def _loaded(self) -> Any:
        with self._lock:
            if self._engine is None:
                self._engine = make_engine(self._threads or len(os.sched_getaffinity(0)), side=DETECT_SIDE)
            return self._engine


def _bgr(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(_roomy(rgb), cv2.COLOR_RGB2BGR), np.uint8)


def _standing(grey: NDArray[np.uint8], place: NDArray[np.float32], before: Sequence[Seen]) -> _Known | None:
    """Give what was read of a line that stands in its place while the ground moves; blank places are looked at anew."""
    for seen in reversed(before):
        for _, old in seen.lines:
            if isinstance(old, _Known) and old.line and old.shape and standing(grey, place, old.shape):
                return old
    return None


def _looks(before: Sequence[Seen]) -> Iterator[tuple[Look, _Known]]:
    for seen in before:
        for _, old in seen.lines:
            if isinstance(old, _Known) and old.look is not None:
                yield old.look, old


def _moved(moved: Moved[_Known], quad: NDArray[np.float32], size: tuple[int, int]) -> _Known | None:
    """Give what was read of a line that has moved with its ground; its look and shape are those of its new place."""
    found = moved.find(np.asarray(quad, np.float32))
    if found is None:
        return None
    old, (dx, dy) = found
    if old.line is None:
        return None
    wide, high = size

    def there(box: Box) -> Box:
        x0, y0, x1, y1 = box
        return (min(max(x0 + dx, 0), wide), min(max(y0 + dy, 0), high), min(x1 + dx, wide), min(y1 + dy, high))

    words = tuple(replace(word, box=there(word.box)) for word in old.line.words)
    return _Known(replace(old.line, words=words, box=there(old.line.box)))


def _roomy(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Widen a strip at its right or lower edge, where it would vanish when text is looked for; places stay the same."""
    height, width = rgb.shape[:2]
    least = max(64, max(height, width) // 8)
    extra = ((0, max(0, least - height)), (0, max(0, least - width)), (0, 0))
    return np.pad(rgb, extra, mode="edge") if min(height, width) < least else rgb


def _height(quad: NDArray[np.float32]) -> float:
    return float(min(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[0] - quad[1])))


def _line(
    quad: NDArray[np.float32], text: str, info: Any, *, score: float, flipped: bool, size: tuple[int, ...]
) -> Line:
    """Place the words of a line: the reader's columns are spread evenly along the quad that the line was cut from."""
    top_left, top_right, bottom_right, bottom_left = (np.asarray(corner, dtype=np.float64) for corner in quad)
    across = int(max(np.linalg.norm(top_left - top_right), np.linalg.norm(bottom_right - bottom_left)))
    down = int(max(np.linalg.norm(top_left - bottom_left), np.linalg.norm(top_right - bottom_right)))
    # A quad that is taller than wide was read from its upper to its lower edge.
    begin, finish = np.stack([top_left, bottom_left]), np.stack([top_right, bottom_right])
    if down / max(across, 1) >= 1.5:
        begin, finish = np.stack([top_left, top_right]), np.stack([bottom_left, bottom_right])
    if flipped:
        begin, finish = finish, begin

    def box(left: float, right: float) -> Box:
        corners = np.concatenate([begin + (finish - begin) * min(max(f, 0.0), 1.0) for f in (left, right)])
        low, high = np.clip(corners.min(axis=0), 0, size), np.clip(corners.max(axis=0), 0, size)
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    words, at, columns = [], 0, max(float(info.line_txt_len), 1.0)
    for characters, places in _pieces(info):
        start = text.find(characters, at)
        if start < 0:  # the reader's two accounts of the line differ: the rest goes with the whole line's place
            break
        at = start + len(characters)
        gap = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else columns / max(len(text), 1)
        first, last = places[0] + 0.5 - gap / 2, places[-1] + 0.5 + gap / 2
        words.append(Word(start=start, end=at, box=box(first / columns, last / columns)))
    if at < len(text.rstrip()):
        words.append(Word(start=at, end=len(text), box=box(0.0, 1.0)))
    way, high = (finish - begin).mean(axis=0), float(np.linalg.norm(begin[0] - begin[1]))
    return Line(
        text=text,
        words=tuple(words),
        box=union([w.box for w in words]) or box(0.0, 1.0),
        confidence=score,
        angle=float(np.degrees(np.arctan2(way[1], way[0]))) % 360,
        slim=high / max(float(np.linalg.norm(way)), 1.0),
    )


def _pieces(info: Any) -> list[tuple[str, list[int]]]:
    """Give the words of a line with the columns of their characters; Chinese is given character by character."""
    kinds = (kind.value for kind in info.word_types)
    pieces = [
        [(character, [place]) for character, place in zip(word, places, strict=True)]
        if kind == "cn"
        else [("".join(word), list(places))]
        for word, places, kind in zip(info.words, info.word_cols, kinds, strict=True)
    ]
    return list(itertools.chain.from_iterable(pieces))
