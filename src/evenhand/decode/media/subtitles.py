"""Embedded subtitles as texts whose words have times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evenhand.decode.media.frames import Timed
from evenhand.domain import Location, Mark, Source, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CHARS = 50_000  # of one track in one segment; people read a thirtieth of that in the time
_TAGS = re.compile(r"\{\\[^}]{0,500}\}|<[^>\n]{0,500}>")
_ASS_FIELDS = 8  # before the text of an event in Matroska
_SHORTEST_S = 0.5


def subtitle_part(packets: Sequence[Timed], codec: str) -> tuple[TextPart | None, bool]:
    """Join a track's cues in one text, a line each.

    Args:
        packets: of the track, in order.
        codec: of the track.

    Returns:
        The text, None where there is none; and whether some of it had to be left out.
    """
    lines: list[str] = []
    marks: list[Mark] = []
    length, last = 0, None
    for timed in packets:
        text = cue_text(bytes(timed.packet), codec)
        if not text or text == last:
            continue
        if length + len(text) > MOST_CHARS:
            return _part(lines, marks), True
        packet = timed.packet
        lasts = float((packet.duration or 0) * packet.time_base)
        marks.append(
            Mark(start=length, end=length + len(text), time=(timed.time, timed.time + max(lasts, _SHORTEST_S)))
        )
        lines.append(text)
        length, last = length + len(text) + 1, text
    return _part(lines, marks), False


def cue_text(data: bytes, codec: str) -> str:
    """Give the words of one cue, without its marks of style."""
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", "replace")
    if codec in {"ass", "ssa"}:
        text = text.split(",", _ASS_FIELDS)[-1].replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    text = _TAGS.sub("", text)
    return " ".join(text.replace("\0", " ").split())


def _part(lines: Iterable[str], marks: Sequence[Mark]) -> TextPart | None:
    if not marks:
        return None
    first, last = marks[0].time, marks[-1].time
    whole = (first[0], last[1]) if first is not None and last is not None else None
    # The language is identified: what containers say of it is often wrong.
    return TextPart(text="\n".join(lines), origin=Location(source=Source.SUBTITLE, time=whole), marks=tuple(marks))
