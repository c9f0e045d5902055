"""What is known about a video or audio file before anything of it is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evenhand.domain import ContentKind

MediaSource = bytes | Path  # the file's bytes, or where it lies on this machine

# Media type, as `sniff` names it -> the one FFmpeg reader that is allowed to read it. Playlists (HLS, DASH, concat) and
# everything that opens further files are not here, and no reader is ever guessed.
MEDIA: Mapping[str, str] = {
    "video/mp4": "mov",
    "video/x-matroska": "matroska",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/mpeg-es": "mpegvideo",
    "video/x-ms-asf": "asf",
    "video/x-msvideo": "avi",
    "video/mp2t": "mpegts",
    "audio/mp4": "mov",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/w64": "w64",
    "audio/aiff": "aiff",
    "audio/x-caf": "caf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One stream of a container."""

    index: int  # in the container
    type: str  # "video", "audio", "subtitle", "picture" (cover art), "attachment", "data"
    codec: str  # FFmpeg's name, "" where unknown
    looked_at: bool  # False: over the limit on tracks, or of a kind that is not read
    start: float = 0.0  # seconds of its first packet, from the start of the media
    end: float = 0.0  # seconds of the end of its last packet
    packets: int = 0
    language: str | None = None  # as the container says, ISO 639
    width: int = 0  # pixels as coded, of video
    height: int = 0
    rate: float = 0.0  # video: frames a second on average; audio: samples a second
    channels: int = 0
    why_not: str | None = None  # where it is not looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the media, decoded by itself."""

    number: int  # from 0
    start: float  # seconds from the start of the media
    end: float
    key: float  # seconds where decoding its pictures has to begin: a keyframe at or before `start`


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlan:
    """A file as it turned out when it was read through, and how it is cut."""

    kind: ContentKind  # VIDEO where it has moving pictures, else AUDIO
    media: str  # media type by its bytes
    container: str  # FFmpeg's reader
    size: int  # bytes
    content_hash: str  # "sha256:..."
    origin: float  # seconds that the file's own clock shows at the start of the media
    duration: float  # seconds, measured; what the header says is not believed
    tracks: tuple[Track, ...]
    segments: tuple[Segment, ...]  # at least one, in order, without gaps
    notes: tuple[str, ...] = ()  # what an operator should know
    incomplete: tuple[tuple[str, str], ...] = ()  # what cannot be looked at, and why

    def of(self, kind: str) -> tuple[Track, ...]:
        """Give the tracks of a type that are looked at."""
        return tuple(track for track in self.tracks if track.type == kind and track.looked_at)

    def as_dict(self) -> dict[str, Any]:
        """Give a JSON-able form, which `from_dict` reads back."""
        return {**asdict(self), "kind": self.kind.value}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> MediaPlan:
        """Read what `as_dict` wrote."""
        return cls(
            **{
                **value,
                "kind": ContentKind(value["kind"]),
                "tracks": tuple(Track(**track) for track in value["tracks"]),
                "segments": tuple(Segment(**segment) for segment in value["segments"]),
                "notes": tuple(value["notes"]),
                "incomplete": tuple((name, why) for name, why in value["incomplete"]),
            }
        )
