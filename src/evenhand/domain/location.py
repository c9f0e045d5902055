"""Where a piece of evidence is: characters of a text, a box of a picture, a stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Span = tuple[int, int]  # [start, end) in Unicode code points
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the picture as decoded, origin top left
TimeRange = tuple[float, float]  # [start, end] in seconds from the start of the media


class Source(StrEnum):
    """What a part was read from."""

    TEXT = "text"  # the caller's own text
    IMAGE = "image"  # a still picture
    FRAME = "frame"  # one frame of an animation, a video or a stream
    OCR = "ocr"  # words read from a picture
    CODE = "code"  # payload of a QR code or bar code
    AUDIO = "audio"  # a stretch of sound
    SPEECH = "speech"  # words heard
    SUBTITLE = "subtitle"  # words that a video carries as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The place of a piece of evidence. What does not apply is None."""

    source: Source
    span: Span | None = None  # code points of the part's text
    box: Box | None = None  # pixels
    time: TimeRange | None = None  # seconds
    frame: int | None = None  # index of the frame in an animation, from 0
    text: str | None = None  # the words at the span, for texts that the caller does not hold (OCR, codes, speech)

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form: `source`, and only those of the others that are set."""
        out: dict[str, object] = {"source": self.source.value}
        if self.span is not None:
            out["span"] = list(self.span)
        if self.box is not None:
            out["box"] = [round(v, 1) for v in self.box]
        if self.time is not None:
            out["time"] = [round(v, 3) for v in self.time]
        if self.frame is not None:
            out["frame"] = self.frame
        if self.text is not None:
            out["text"] = self.text
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Ties a span of a derived text back to pixels or seconds: one word of OCR, one spoken word."""

    start: int  # code points, inclusive
    end: int  # code points, exclusive
    box: Box | None = None
    time: TimeRange | None = None
    score: float | None = None  # how sure the reader is of it, 0 to 1, uncalibrated; None: it does not say


def union(boxes: list[Box]) -> Box | None:
    """Give the smallest box that holds all of `boxes`, or None for none."""
    if not boxes:
        return None
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
