"""Plan, reader and segments as `decode.media` has them, decoded in a process apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from evenhand.decode.apart import wire
from evenhand.decode.apart.child import Child, CrashedError
from evenhand.decode.media import MediaPlan, MediaReader, MediaSource, Segment, SegmentParts, plan
from evenhand.domain import AudioPart, ImagePart, Mark, TextPart
from evenhand.errors import InputError, SystemFault, UnsupportedError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
_MOST_FRAMES = 4  # handed over at a time
_MOST_PIXELS = 1 << 26


def is_apart(settings: Settings) -> bool:
    """Say whether files are decoded in a process apart.

    Raises:
        SystemFault: they must be, and cannot here.
    """
    if settings.media_isolation == "never":
        return False
    if sys.platform == "linux" and sys.executable:
        return True
    if settings.media_isolation == "always":
        raise SystemFault("decoding apart needs Linux; set EVENHAND_MEDIA_ISOLATION to auto or never")
    return False


def plan_recording(source: MediaSource, media: str, settings: Settings) -> MediaPlan:
    """Read a file through and cut it; as `media.plan`, with its errors, and where it says so in a process apart.

    Raises:
        CrashedError: the file ended the process that read it.
        SystemFault: no process can be had.
    """
    if not is_apart(settings):
        return plan(source, media, settings)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > settings.max_media_bytes:
        return plan(source, media, settings)  # which refuses it, and says why
    _needed(media)
    child = Child(source, settings)
    try:
        answer, _ = child.ask({"do": "plan", "media": media})
        return _checked(lambda: MediaPlan.from_dict(answer["plan"]))
    finally:
        child.close()


def open_reader(source: MediaSource, made: MediaPlan, settings: Settings) -> MediaReader | ApartReader:
    """Open a file for decoding; as `media.MediaReader`, and where it says so in a process apart."""
    return ApartReader(source, made, settings) if is_apart(settings) else MediaReader(source, made, settings)


def _needed(media: str) -> None:
    try:
        import av
    except ModuleNotFoundError as error:
        extra = "audio" if media.startswith("audio/") else "video"
        raise UnsupportedError(f"reading {media} needs an extra: pip install 'evenhand[{extra}]'") from error
    del av


class ApartReader:
    """A `MediaReader` whose work is done by a process that may crash. Where it does, the next segment has another.

    Args:
        source: the bytes or the path that the plan was made of.
        made: the plan.
        settings: limits, and how densely frames are looked at.

    Raises:
        InputError: it cannot be read as what the plan says, or crashes the decoder.
        SystemFault: no process can be had.
    """

    def __init__(self, source: MediaSource, made: MediaPlan, settings: Settings) -> None:
        self._source, self.plan, self._settings = source, made, settings
        self._child: Child | None = None
        self._number: int | None = None  # of the segment that the process has open
        self._opened()

    def __enter__(self) -> Self:
        """Give the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the process."""
        child, self._child, self._number = self._child, None, None
        if child is not None:
            child.close()

    def segment(self, number: int) -> ApartParts:
        """Read a segment's packets; as `MediaReader.segment`, with its errors."""
        self._number = None
        answer = self._segment(number)
        packets = _checked(lambda: {int(track): int(count) for track, count in answer["packets"].items()})
        return ApartParts(self, self.plan.segments[number], packets=packets)

    def ask(self, number: int, what: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Ask the process about a segment; one that crashed before is replaced."""
        if self._child is None or self._number != number:
            self._segment(number)
        try:
            return self._opened().ask(what)
        except CrashedError:
            self.close()
            raise

    def image(self, slot: int, size: Sequence[int]) -> Image:
        """Give a frame that the last answer handed over."""
        return self._opened().frame(slot, (int(size[0]), int(size[1])))

    def _opened(self) -> Child:
        if self._child is None:
            self._child = Child(self._source, self._settings)
            try:
                self._child.ask({"do": "open", "plan": self.plan.as_dict()})
            except InputError:
                self.close()
                raise
        return self._child

    def _segment(self, number: int) -> dict[str, Any]:
        child = self._opened()
        try:
            answer, _ = child.ask({"do": "segment", "number": number})
        except CrashedError:
            self.close()
            raise
        self._number = number
        return answer


@dataclass(slots=True)
class ApartParts:
    """One segment, as `SegmentParts` of `decode.media`; where decoding it crashes, `incomplete` says so."""

    reader: ApartReader
    segment: Segment
    packets: dict[int, int]
    looked_at: list[float] = field(default_factory=list)
    repeated: int = 0
    heard: float = 0.0
    notes: list[str] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)
    crashed: str | None = None  # why something of it has no answer at all

    def frames(self) -> Iterator[ImagePart]:
        """Give the sampled frames; as `SegmentParts.frames`."""
        return self._pictures({"do": "frames"})

    def closer(self, times: Sequence[float], *, most: int, known: Sequence[float] = ()) -> Iterator[ImagePart]:
        """Give more frames between suspicious ones; as `SegmentParts.closer`."""
        if not times or not (self.looked_at or known):
            return iter(())
        return self._pictures({"do": "closer", "times": list(times), "most": most, "seen": list(known)})

    def at(self, times: Sequence[float], *, told: bool = True) -> Iterator[ImagePart]:
        """Give the frames at moments; as `SegmentParts.at`."""
        return self._pictures({"do": "at", "times": list(times), "told": told})

    def sound(self) -> list[AudioPart]:
        """Give the segment's sound; as `SegmentParts.sound`."""
        import numpy as np

        answer, raw = self._ask({"do": "sound"}, "decode.audio")
        out = []
        for head, samples in zip(answer.get("sounds", ()), raw, strict=True):
            place = _checked(lambda head=head: wire.place_of(head["place"]))  # type: ignore[misc]
            made = np.frombuffer(samples, "<f4").astype(np.float32, copy=False)
            out.append(AudioPart(samples=made, rate=int(head["rate"]), origin=place))
        return out

    def texts(self) -> list[TextPart]:
        """Give the subtitles; as `SegmentParts.texts`."""
        answer, _ = self._ask({"do": "texts"}, "decode.subtitle")
        return _checked(lambda: [_text(one) for one in answer.get("texts", ())])

    def covers(self) -> list[ImagePart]:
        """Give cover art and attached pictures; as `SegmentParts.covers`."""
        from PIL import Image as Pillow

        if self.segment.number or not any(t.type in {"picture", "attachment"} for t in self.reader.plan.tracks):
            return []
        answer, raw = self._ask({"do": "covers"}, "decode.picture")
        out = []
        for head, pixels in zip(answer.get("covers", ()), raw, strict=True):
            width, height = (int(side) for side in head["size"])
            if not (0 < width * height <= _MOST_PIXELS and len(pixels) == width * height * 3):
                raise InputError("decoding gave a picture without a size")
            place = wire.place_of(head["place"])
            out.append(ImagePart(image=Pillow.frombytes("RGB", (width, height), pixels), origin=place))
        return out

    def _pictures(self, what: Mapping[str, Any]) -> Iterator[ImagePart]:
        answer, _ = self._ask(what, "decode.video")
        over = not answer
        while not over:
            answer, _ = self._ask({"do": "next", "most": _MOST_FRAMES}, "decode.video")
            heads, over = answer.get("frames", ()), bool(answer.get("over", True))
            # Out of shared memory all at once: what comes next is written over it.
            yield from [self._picture(slot, head) for slot, head in enumerate(heads)]

    def _picture(self, slot: int, head: Mapping[str, Any]) -> ImagePart:
        place = _checked(lambda: wire.place_of(head["place"]))
        return ImagePart(image=self.reader.image(slot, head["size"]), origin=place)

    def _ask(self, what: Mapping[str, Any], name: str) -> tuple[dict[str, Any], list[bytes]]:
        """Ask, and take over what is told about the segment; an empty answer where it crashed."""
        try:
            answer, raw = self.reader.ask(self.segment.number, {**what, "known": len(self.looked_at)})
        except InputError as error:
            self.incomplete[name] = f"{error.message}, {self.segment.start:.0f} to {self.segment.end:.0f} s"
            self.crashed = self.incomplete[name]
            return {}, []
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            self.looked_at += [float(moment) for moment in answer["looked_at"]]
            self.repeated, self.heard = int(answer["repeated"]), float(answer["heard"])
            self.notes += [str(note) for note in answer["notes"] if note not in self.notes]
            self.incomplete.update({str(key): str(why) for key, why in answer["incomplete"].items()})
        return answer, raw


def _text(value: Mapping[str, Any]) -> TextPart:
    marks = tuple(
        Mark(start=int(start), end=int(end), time=None if time is None else (float(time[0]), float(time[1])))
        for start, end, time in value["marks"]
    )
    language = value["language"]
    return TextPart(
        text=str(value["text"]),
        language=None if language is None else str(language),
        origin=wire.place_of(value["place"]),
        marks=marks,
    )


def _checked(read: Callable[[], T]) -> T:
    """Read what came from the process, which strangers may have taken over."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError("the process that decoded it answered with what is no recording") from error


Parts = SegmentParts | ApartParts
Reader = MediaReader | ApartReader


def check_whole(parts: Parts) -> None:
    """Refuse a segment whose decoder crashed: half a sample would be taken for all of it.

    Raises:
        InputError: it did.
    """
    if isinstance(parts, ApartParts) and parts.crashed is not None:
        raise InputError(f"{parts.crashed}; give a sample that can be decoded")
