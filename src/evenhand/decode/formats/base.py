"""What a scanner is given and gives back, and the limits they share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.domain.location import TimeRange
from evenhand.errors import InputError, TooLargeError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from io import BytesIO

    from PIL.ImageFile import ImageFile

MOST_BLOCKS = 40_000  # chunks, segments or boxes of one file; real files have a few thousand
_WORK = 8  # times max_pixels that one content may make us decode in all: ten seconds or so of one core
MOST_FRAMES = 10_000  # frames of one animation, however small


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one decoding, with its clock running."""

    pixels: int  # of one frame
    work: int  # pixels that may be decoded in all, also in frames that are only walked through
    frames: int  # looked at
    deadline: float  # time.monotonic()
    seconds: float  # the time that was given, for the message

    @classmethod
    def start(cls, settings: Settings) -> Limits:
        """Take the limits from the settings and start the clock."""
        return cls(
            pixels=settings.max_pixels,
            work=settings.max_pixels * _WORK,
            frames=settings.max_frames,
            deadline=time.monotonic() + settings.decode_timeout_s,
            seconds=settings.decode_timeout_s,
        )

    def check_time(self) -> None:
        """Raise TooLargeError when the time is used up."""
        if time.monotonic() > self.deadline:
            raise TooLargeError(
                f"decoding took more than {self.seconds:g} s and was stopped; "
                "send a smaller picture, or raise EVENHAND_DECODE_TIMEOUT_S"
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise TooLargeError for more pixels than one frame may have, InputError for none at all."""
        if width <= 0 or height <= 0:
            raise InputError("the picture has no width or no height; send a whole picture")
        if width * height > self.pixels:
            raise TooLargeError(
                f"the picture has {width:,} x {height:,} pixels and the limit is {self.pixels:,} in all; "
                "send a smaller one, or raise EVENHAND_MAX_PIXELS"
            )

    def check_work(self, frames: int, width: int, height: int) -> None:
        """Raise TooLargeError when decoding `frames` frames (or progressive scans) of this size is too much work."""
        self.check_size(width, height)
        if frames > MOST_FRAMES or frames * width * height > self.work:
            raise TooLargeError(
                f"{frames:,} frames or scans of {width:,} x {height:,} pixels are more than the limit of "
                f"{self.work:,} pixels and {MOST_FRAMES:,} frames; send fewer or smaller ones"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a file whose pages may differ in size."""

    width: int  # pixels, before orientation
    height: int
    orientation: int = 1  # EXIF, 1 to 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The structure of a picture file."""

    data: bytes  # the file without its metadata: what the codec is given
    width: int  # pixels, before orientation; of the first page where there are several
    height: int
    orientation: int = 1  # EXIF, 1 to 8
    times: tuple[TimeRange, ...] = ()  # of each frame; empty for a still picture and for pages
    pages: tuple[Page, ...] = ()  # where there are several; empty otherwise
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """How many frames or pages there are, at least 1."""
        return max(1, len(self.times), len(self.pages))

    def page(self, index: int) -> Page:
        """Give the size and orientation of a frame or page."""
        if self.pages:
            return self.pages[index]
        return Page(width=self.width, height=self.height, orientation=self.orientation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A picture format that is read."""

    media: str
    name: str  # for people
    scan: Callable[[bytes, Limits], Scanned]  # raises InputError, and may raise IndexError or struct.error when cut
    open: Callable[[BytesIO], ImageFile]  # imports the one Pillow plugin that reads it


def sample(total: int, most: int) -> tuple[int, ...]:
    """Give at most `most` frame numbers out of `total`, evenly spread, the first and the last among them."""
    if total <= most:
        return tuple(range(total))
    if most == 1:
        return (0,)
    return tuple(round(step * (total - 1) / (most - 1)) for step in range(most))


def damaged(what: str) -> InputError:
    """Make the error for a file whose structure is wrong."""
    return InputError(f"the picture is damaged: {what}; send the file as its program wrote it")


def cut_short() -> InputError:
    """Make the error for a file that ends too early. Never decoded in part: the missing part could be the harm."""
    return InputError("the picture is cut short: the file ends before the picture does; send the whole file")


def trailing(data: bytes, end: int) -> tuple[str, ...]:
    """Note what follows the end of the picture, where it is more than padding."""
    rest = len(data) - end
    return (f"{rest:,} bytes after the picture's end are not looked at",) if rest > 64 else ()


def durations(seconds: list[float]) -> tuple[TimeRange, ...]:
    """Turn the length of each frame into its start and end."""
    times, start = [], 0.0
    for length in seconds:
        times.append((start, start + length))
        start += length
    return tuple(times)
