"""Reading the lines of text in a picture, with PP-OCR (English and Chinese) as packaged by rapidocr.

The weights come inside that package. Sessions are made here and handed to it, so it has nothing to fetch or to write.
"""

from __future__ import annotations

import itertools
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.domain.location import Box, union
from evenhand.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETECT_SIDE = 960  # px; text is looked for at this long side, then read from the full array. At 1,600 it finds no more
MAX_LINES = 200  # most lines read of one array, the tallest first: reading takes longest, and a page has about 60
MIN_CONFIDENCE = 0.5  # mean confidence of a line's characters; below, it is mostly texture taken for letters
_FLIPPED = 0.9  # confidence from which a line is taken to stand on its head
_STAGES = (
    ("Det", "PP-OCRv6_det_small.onnx"),
    ("Cls", "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
    ("Rec", "PP-OCRv6_rec_small.onnx"),
)


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


class LineReader:
    """Reads lines. Weights are loaded on the first call.

    Args:
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._engine: Any = None

    def read(self, rgb: NDArray[np.uint8]) -> Reading:
        """Read the lines in a picture, top to bottom and left to right.

        Args:
            rgb: uint8 [height, width, 3], RGB. Text under about 9 px high is often missed.

        Raises:
            ModelError: rapidocr or its weights are not installed.
        """
        engine = self._loaded()
        bgr = np.ascontiguousarray(_roomy(rgb)[:, :, ::-1])
        quads = engine.text_det(bgr).boxes
        if quads is None or len(quads) == 0:
            return Reading()
        left_out = max(0, len(quads) - MAX_LINES)
        if left_out:
            quads = quads[np.argsort([-_height(quad) for quad in quads], kind="stable")[:MAX_LINES]]
        crops, turned = engine.cls_and_rotate(engine.crop_text_regions(bgr, quads))
        read = engine.recognize_txt(crops)
        lines = []
        for quad, turn, text, score, info in zip(
            quads, turned.cls_res, read.txts, read.scores, read.word_results, strict=True
        ):
            if score >= MIN_CONFIDENCE and text.strip():
                flipped = "180" in turn[0] and turn[1] > _FLIPPED
                lines.append(_line(quad, text, info, score=float(score), flipped=flipped, size=rgb.shape[1::-1]))
        return Reading(lines=tuple(lines), left_out=left_out)

    def _loaded(self) -> Any:
        with self._lock:
            if self._engine is None:
                self._engine = _make_engine(self._threads or len(os.sched_getaffinity(0)))
            return self._engine


def _make_engine(threads: int) -> Any:
    try:
        import onnxruntime as ort
        from omegaconf import flag_override
        from rapidocr import RapidOCR
    except ImportError as error:
        raise ModelError("Reading text in pictures needs rapidocr: install evenhand with the extra 'image'.") from error
    from importlib import resources

    engine: Any = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.return_word_box": True,
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECT_SIDE,
            # A line is scored over its own outline. Over its bounding box, slanted lines count what is beside them.
            "Det.score_mode": "slow",
        }
    )
    for section, file in _STAGES:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # pictures differ in size, and an arena keeps the most it ever held
        try:
            path = str(resources.files("rapidocr") / "models" / file)
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"OCR weights {file} cannot be loaded; reinstall rapidocr 3.10 or later.") from error
        with flag_override(engine.cfg[section], "allow_objects", True):
            engine.cfg[section].session = session
    # Its stages are loaded by its own first call; a blank picture would stop at the first, so they are asked for here.
    engine.text_det, engine.text_cls, engine.text_rec = (
        engine._load_det_model(),
        engine._load_cls_model(),
        engine._load_rec_model(),
    )
    return engine


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
