"""Parts: normalised pieces of a content, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar, cast

from evenhand.domain.conversation import Message
from evenhand.domain.location import Box, Location, Mark, Source, Span, TimeRange, union

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

T = TypeVar("T")


class PartKind(StrEnum):
    """What a detector reads."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextPart:
    """A text: the caller's own, or words read from a picture, a code or speech."""

    text: str  # well-formed Unicode; spans count its code points
    language: str | None = None  # the caller's hint, or what a detector identified
    origin: Location = field(default_factory=lambda: Location(source=Source.TEXT))  # where the text as a whole is
    marks: tuple[Mark, ...] = ()  # for derived texts: where each word stands, in order of start
    before: tuple[
        Message, ...
    ] = ()  # the conversation before a caller's own text, oldest first; never a place of findings

    @property
    def kind(self) -> PartKind:
        """PartKind.TEXT."""
        return PartKind.TEXT

    def locate(self, start: int, end: int) -> Location:
        """Give the place of text[start:end]: the span alone in a caller's text; with boxes or times in a derived one.

        Args:
            start: first code point, 0 <= start <= end.
            end: one past the last code point, end <= len(text).
        """
        if self.origin.source is Source.TEXT:
            return Location(source=Source.TEXT, span=(start, end))
        touched = [m for m in self.marks if m.start < end and start < m.end]
        times = [m.time for m in touched if m.time is not None]
        time: TimeRange | None = (min(t[0] for t in times), max(t[1] for t in times)) if times else self.origin.time
        box: Box | None = union([m.box for m in touched if m.box is not None]) or self.origin.box
        span: Span = (start, end)
        return replace(self.origin, span=span, box=box, time=time, text=self.text[start:end])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImagePart:
    """One decoded picture: a still, or a frame of an animation."""

    image: Image  # Pillow image, mode RGB, orientation applied, at most the decoder's pixel limit
    origin: Location = field(default_factory=lambda: Location(source=Source.IMAGE))
    motion: NDArray[np.uint8] | None = (
        None  # uint8 [n, height, width, 3], RGB, small: two seconds from a frame on, ten a second, where they are taken
    )
    views: dict[object, object] = field(default_factory=dict, repr=False)  # derived forms, shared by detectors

    @property
    def kind(self) -> PartKind:
        """PartKind.IMAGE."""
        return PartKind.IMAGE

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    def locate(self, box: Box | None = None) -> Location:
        """Give the place of `box` in this picture, or of the whole picture."""
        return replace(self.origin, box=box)

    def view(self, key: object, make: Callable[[Image], T]) -> T:
        """Give a form derived from the picture (a resized array, say), made once and shared between detectors.

        Args:
            key: names the form; the same key must always mean the same form, e.g. ("rgb", 224).
            make: builds it from the picture. Two threads may build it at once; one result is kept.
        """
        found = self.views.get(key)
        if found is None:
            found = self.views.setdefault(key, make(self.image))
        return cast("T", found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioPart:
    """A stretch of decoded sound: at most a segment of a longer recording."""

    samples: NDArray[np.float32]  # float32[n], one channel, full scale is [-1, 1], read-only
    rate: int = 16_000  # samples a second
    language: str | None = None  # the caller's hint of what is spoken
    origin: Location = field(default_factory=lambda: Location(source=Source.AUDIO))  # `time` in the whole recording
    before: NDArray[np.float32] | None = (
        None  # what was heard just before it, judged already: for matches across borders
    )
    views: dict[object, object] = field(default_factory=dict, repr=False)  # derived forms, shared by detectors

    @property
    def kind(self) -> PartKind:
        """PartKind.AUDIO."""
        return PartKind.AUDIO

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate

    def locate(self, start: float = 0.0, end: float | None = None) -> Location:
        """Give the place of a stretch of it, in seconds of the whole recording.

        Args:
            start: seconds from the start of this part, >= 0; less for what began in the sound `before` it.
            end: seconds from the start of this part; None: to its end.
        """
        base = self.origin.time[0] if self.origin.time else 0.0
        return replace(self.origin, time=(base + start, base + (self.seconds if end is None else end)))

    def view(self, key: object, make: Callable[[NDArray[np.float32]], T]) -> T:
        """Give a form derived from the samples (a spectrogram, say), made once; as `ImagePart.view`."""
        found = self.views.get(key)
        if found is None:
            found = self.views.setdefault(key, make(self.samples))
        return cast("T", found)


Part = TextPart | ImagePart | AudioPart
