"""The decoder seam: what a decoder is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evenhand.domain import ContentKind, Part
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.decode.media.values import MediaPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An encoded file whose kind is known from its bytes."""

    data: bytes
    media: str  # what it is, by its bytes: "image/png", "text/plain"
    charset: str | None = None  # declared with the media type; only texts use it
    language: str | None = None  # the caller's hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A content taken apart."""

    kind: ContentKind  # what it turned out to be
    parts: tuple[Part, ...]  # at least one, but for recordings; a still picture with light see-through parts has two
    content_hash: str  # "sha256:" and 64 hexadecimal digits, of the bytes as they came (of the UTF-8 for a str)
    size: int  # bytes as they came
    notes: tuple[str, ...] = ()  # what an operator should know: mislabelled, repaired, sampled, shrunk
    plan: MediaPlan | None = None  # of a recording, whose parts are decoded a segment at a time
    source: bytes | Path | None = None  # of a recording: where its bytes are
    language: str | None = None  # the caller's hint, for a recording's parts


class Decoder(Protocol):
    """Takes one kind of content apart. It keeps no state: several threads use it at once."""

    @property
    def kind(self) -> ContentKind:
        """The kind of content it gives."""
        ...

    @property
    def media(self) -> frozenset[str]:
        """The media types that it reads, as `sniff` names them."""
        ...

    def decode(self, blob: Blob, settings: Settings) -> Decoded:
        """Take `blob` apart. Its size in bytes was checked.

        Raises:
            InputError: or a child of it; anything else is a bug in the decoder.
        """
        ...
