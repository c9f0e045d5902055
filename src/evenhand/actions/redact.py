"""Redaction: the content again, with what was found in it covered and its metadata gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evenhand.actions.redact_cover import Style, cover
from evenhand.actions.redact_regions import (
    HARM,
    Looked,
    Region,
    area,
    check_box,
    frames_of,
    is_chosen,
    looked_at,
    regions_of,
)
from evenhand.actions.redact_sound import Sound
from evenhand.actions.redact_text import mask
from evenhand.decode import Decoded, decode
from evenhand.decode.original import Original, open_original
from evenhand.domain import Content, ContentKind, Finding, Result, Source, TextPart
from evenhand.domain.location import Box, TimeRange
from evenhand.errors import InputError, TooLargeError
from evenhand.settings import Settings

_MOST_BOXES = 1_000
_LONGEST_S = 1e7
MOST_GROWTH = 4  # times max_file_bytes that the file may have in the end: run-length BMP is written plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What is to be covered, and how."""

    labels: tuple[str, ...] = (HARM,)  # labels, each with those below it; "harm", "all"; empty: no finding is covered
    least_score: float = 0.5  # of a finding, in [0, 1]
    boxes: tuple[Box, ...] = ()  # further regions, in the pixels in which findings' boxes count; on every frame
    style: Style = Style.PIXELATE  # words and codes read from a picture are covered in black whatever it is
    margin: float = 0.1  # share of a box's shorter side by which it grows on each side, in [0, 1]
    sound: Sound = Sound.BLEEP  # what is heard in the place of words of a recording
    clip: TimeRange | None = None  # only this stretch of a recording, seconds
    incident: int | None = None  # only this incident of the result's, from 0, and what is around it
    around: float = 2.0  # seconds on each side of the incident
    to: Path | None = None  # a recording is written to this file, and not given as bytes; others are not

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: a number is out of its range, or there are too many boxes.
        """
        if not (0 <= self.least_score <= 1 and 0 <= self.margin <= 1):
            raise InputError("the least score and the margin are numbers from 0 to 1")
        if len(self.boxes) > _MOST_BOXES or any(len(box) != 4 for box in self.boxes):
            raise InputError(f"boxes are at most {_MOST_BOXES:,} times left, top, right, bottom")
        if self.clip is not None and not 0 <= self.clip[0] < self.clip[1] <= _LONGEST_S:
            raise InputError("a clip has a start and a later end, in seconds of the recording")
        if self.clip is not None and self.incident is not None:
            raise InputError("give a start and an end, or an incident, not both")
        if not 0 <= self.around <= _LONGEST_S:
            raise InputError("what is around an incident is a number of seconds, 0 or more")

    @property
    def cuts(self) -> bool:
        """Whether only a stretch of a recording is wanted."""
        return self.clip is not None or self.incident is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A content with what was found covered."""

    data: bytes  # the file, in the format in which it came; a text in UTF-8; empty where it was written to a file
    media_type: str  # "image/png", "text/plain; charset=utf-8"
    covered: tuple[Finding, ...]  # findings that were covered
    boxes: int  # further regions that were covered
    result: Result | None  # what it rests on; None where no finding was asked for
    notes: tuple[str, ...] = ()  # what the file lost on the way, and what may have been missed
    complete: bool = True  # False: something may be uncovered, or is missing in the copy; the notes say what

    @property
    def text(self) -> str:
        """The text, of a content that is one."""
        return self.data.decode("utf-8")


def redact(content: Content, redaction: Redaction, settings: Settings, *, result: Result | None = None) -> Redacted:
    """Cover what was found in a content. Called from a worker thread: it may take seconds.

    A video or sound is coded anew, a frame at a time; see `redact_video`.

    A picture comes back in its own format and size, upright, without EXIF, GPS, XMP, ICC profile, comments, previews
    and whatever follows its end. The region's own pixels are gone from it, under transparency and in every frame too.

    Args:
        content: a text or bytes; not a URL, which may give something else the second time.
        redaction: what is covered, and how.
        settings: the limits.
        result: of checking the same content under the same settings; needed where `redaction` names labels.

    Raises:
        InputError: it cannot be read, a box is outside, or the result is of another content.
        TooLargeError: over a limit; animations may have `max_pixels` over all their frames.
        UnsupportedError: of a kind that is not read.
    """
    if content.url is not None:
        raise InputError("a URL cannot be redacted, for it may give something else the next time; send the file")
    if redaction.labels and result is None:
        raise InputError("covering findings needs the result of a check")
    decoded = decode(content, settings)
    if result is not None and result.content_hash != decoded.content_hash:
        raise InputError("the result is of another content; give the one of this file, or let it be checked anew")
    chosen = (
        tuple(f for f in found_in(result) if is_chosen(f, redaction.labels, redaction.least_score)) if result else ()
    )
    if decoded.plan is not None and decoded.source is not None:
        from evenhand.actions.redact_video import redact_recording

        return redact_recording(decoded, chosen, redaction, settings, result=result, doubts=_doubts(result))
    if redaction.cuts:
        raise InputError("only a video or a sound has a start, an end and incidents; leave them out")
    made = (_picture if decoded.kind is ContentKind.IMAGE else _text)(content, decoded, chosen, redaction, settings)
    doubts = _doubts(result)
    return replace(made, result=result, notes=(*made.notes, *doubts), complete=not doubts)


def _text(content: Content, decoded: Decoded, chosen: Sequence[Finding], redaction: Redaction, _: Settings) -> Redacted:
    if redaction.boxes:
        raise InputError("the content is a text, in which boxes mean nothing; leave them out")
    text = "".join(part.text for part in decoded.parts if isinstance(part, TextPart))
    own = [finding for finding in chosen if finding.location.source is Source.TEXT]
    # A finding without a span is one of the text as a whole.
    masked = mask(text, [finding.location.span or (0, len(text)) for finding in own])
    return Redacted(
        data=masked.encode("utf-8"),
        media_type="text/plain; charset=utf-8",
        covered=tuple(own),
        boxes=0,
        result=None,
        notes=decoded.notes,
    )


def _picture(
    content: Content, decoded: Decoded, chosen: Sequence[Finding], redaction: Redaction, settings: Settings
) -> Redacted:
    looked = looked_at(decoded.parts)
    extra = [Region(box=check_box(box, look.size)) for box in redaction.boxes for look in looked[:1]]
    original = open_original(content.data or b"", settings)
    for region in (*regions_of(chosen), *extra):
        _cover(original, region, looked, redaction)
    data = original.encode()
    if len(data) > MOST_GROWTH * settings.max_file_bytes:
        raise TooLargeError(f"the redacted file has {len(data):,} bytes; send the picture as PNG or JPEG")
    return Redacted(
        data=data,
        media_type=original.media,
        covered=tuple(chosen),
        boxes=len(extra),
        result=None,
        notes=(*decoded.notes, *original.notes),
    )


def _cover(original: Original, region: Region, looked: Sequence[Looked], redaction: Redaction) -> None:
    """Cover a region on every frame that it holds for."""
    seen = next((look.size for look in looked if look.frame == region.frame), looked[0].size)
    for index in frames_of(region, looked, len(original.frames)):
        frame = original.frames[index]
        cover(frame, area(region, seen, frame.size, redaction.margin), Style.BOX if region.solid else redaction.style)


def found_in(result: Result) -> list[Finding]:
    """Give all findings of a result; of long recordings its incidents hold more than its list."""
    known = set(map(id, result.findings))
    more = {id(f): f for one in result.incidents for f in one.findings if id(f) not in known}
    return [*result.findings, *more.values()]


def _doubts(result: Result | None) -> tuple[str, ...]:
    """Say which detectors gave no answer: what they would have found is not covered."""
    if result is None:
        return ()
    return tuple(
        f"{name} gave no answer, so what it looks for may be uncovered: {why}"
        for name, why in result.incomplete.items()
    )
