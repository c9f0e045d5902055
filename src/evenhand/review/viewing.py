"""Pictures and sound of kept contents, drawn anew: a caller's own file of a picture never reaches a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from evenhand.decode import decode
from evenhand.decode.apart import open_reader, plan_recording
from evenhand.domain import AudioPart, ImagePart, TextPart
from evenhand.errors import InputError, NotFoundError
from evenhand.review.evidence import Held
from evenhand.settings import Settings

_QUALITY = 88
BUCKETS = 1_200  # of a waveform
_WAVE_S = 60.0  # seconds that making a waveform may take
_WRITE_S = 300.0  # ... and a transcript
_LINE_WORDS, _LINE_GAP_S = 12, 1.0


def picture(kept: Held, settings: Settings, *, frame: int | None = None) -> bytes:
    """Give a picture, or one frame of an animation, as JPEG: boxes of findings are in its pixels. Blocks.

    Args:
        kept: the content.
        settings: limits of decoding.
        frame: number of the frame; None: the first.

    Raises:
        NotFoundError: it is no picture, or has no such frame.
        InputError: it cannot be decoded.
    """
    if kept.family != "image":
        raise NotFoundError("that content is no picture")
    parts = [part for part in decode(kept.content(), settings).parts if isinstance(part, ImagePart)]
    wanted = [part for part in parts if frame is None or (part.origin.frame or 0) == frame]
    if not wanted:
        raise NotFoundError("that picture has no such frame")
    out = BytesIO()
    wanted[0].image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def waveform(kept: Held, settings: Settings) -> dict[str, Any]:
    """Give the peaks of a recording's sound, 0 to 100 for each of 1,200 stretches of equal length. Blocks for long.

    Returns:
        `seconds` of the whole, `until` where it was read within a minute, and `peaks`, empty where there is no sound.

    Raises:
        NotFoundError: it is no recording.
        InputError: it cannot be decoded.
    """
    import numpy as np

    made = _plan(kept, settings)
    peaks = np.zeros(BUCKETS, np.float32)
    seconds, until, heard = made.duration, 0.0, False
    deadline = time.monotonic() + _WAVE_S
    for number, part in _sound(kept, made, settings):
        if time.monotonic() > deadline:
            break
        start = part.origin.time[0] if part.origin.time else 0.0
        at = ((start + np.arange(len(part.samples)) / part.rate) / max(seconds, 1e-3) * BUCKETS).astype(np.int64)
        np.maximum.at(peaks, np.clip(at, 0, BUCKETS - 1), np.abs(part.samples))
        until, heard = made.segments[number].end, True
    top = float(peaks.max()) or 1.0
    return {
        "seconds": round(seconds, 3),
        "until": round(until, 3),
        "peaks": [round(100 * float(peak) / top) for peak in peaks] if heard else [],
    }


def transcript(
    kept: Held, settings: Settings, write: Callable[[AudioPart], Sequence[TextPart]] | None
) -> dict[str, Any]:
    """Write down what is said in a recording, and give its subtitles. Blocks for minutes at most.

    Args:
        kept: the content.
        settings: limits of decoding.
        write: speech to text; None: there is none here.

    Returns:
        `lines` with start, end, text, source and words; `until` where it was read, in seconds.

    Raises:
        NotFoundError: it is no recording.
        InputError: it cannot be decoded.
    """
    made = _plan(kept, settings)
    lines: list[dict[str, Any]] = []
    until, deadline = 0.0, time.monotonic() + _WRITE_S
    with open_reader(_source(kept), made, settings) as reader:
        for segment in made.segments:
            if time.monotonic() > deadline:
                break
            parts = reader.segment(segment.number)
            for text in parts.texts():
                lines += lines_of(text, "subtitle")
            for sound in parts.sound() if write is not None else ():
                for text in write(sound) if write is not None else ():
                    lines += lines_of(text, "speech")
            until = segment.end
    lines.sort(key=lambda line: (line["start"], line["source"]))
    return {"lines": lines, "until": round(until, 3), "heard": write is not None}


def lines_of(part: TextPart, source: str) -> list[dict[str, Any]]:
    """Cut a derived text into lines of up to twelve words, each with its times."""
    words = [
        {"start": round(mark.time[0], 3), "end": round(mark.time[1], 3), "text": part.text[mark.start : mark.end]}
        for mark in part.marks
        if mark.time is not None
    ]
    lines: list[list[dict[str, Any]]] = []
    for word in words:
        # A subtitle's mark is a line already.
        full = source == "subtitle" or (lines and len(lines[-1]) >= _LINE_WORDS)
        if not lines or full or word["start"] - lines[-1][-1]["end"] > _LINE_GAP_S:
            lines.append([])
        lines[-1].append(word)
    joint = "" if part.language and part.language[:2] in {"zh", "ja", "th"} else " "
    return [
        {
            "start": line[0]["start"],
            "end": line[-1]["end"],
            "text": joint.join(str(word["text"]).strip() for word in line),
            "source": source,
            "words": line,
        }
        for line in lines
    ]


def quoted(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give as a transcript the words that stand in findings: all there is before one was written."""
    seen: dict[tuple[float, str], dict[str, Any]] = {}
    for one in findings:
        where = one["location"]
        if where.get("time") and where.get("text"):
            start, end = where["time"]
            line = {"start": start, "end": end, "text": where["text"], "source": where["source"], "words": []}
            seen.setdefault((start, where["text"]), line)
    return {"lines": [seen[key] for key in sorted(seen)], "until": None, "heard": False}


def _plan(kept: Held, settings: Settings) -> Any:
    if kept.family not in {"audio", "video"}:
        raise NotFoundError("that content is no recording")
    return plan_recording(_source(kept), kept.media, settings)


def _source(kept: Held) -> Any:
    return kept.data if kept.data is not None else kept.path


def _sound(kept: Held, made: Any, settings: Settings) -> Any:
    with open_reader(_source(kept), made, settings) as reader:
        for segment in made.segments:
            try:
                parts = reader.segment(segment.number)
            except InputError:
                return
            for part in parts.sound():
                yield segment.number, part
