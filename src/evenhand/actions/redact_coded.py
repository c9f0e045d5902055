"""In which container and with which codecs a redacted recording is written: those it came in, where they are written.

What can be written depends on how PyAV was built. Its wheels have x264 (GPL, as part of the wheel's FFmpeg) for H.264;
a build without has OpenH264 or none, and then VP9 and Opus in WebM take their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evenhand.decode.media import MediaPlan
from evenhand.errors import UnsupportedError

_H264: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"preset": "veryfast", "crf": "20"}),
    ("libopenh264", {"b": "4000000"}),
)
_VP9: tuple[tuple[str, dict[str, str]], ...] = (
    ("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}),
)
_AAC, _OPUS = (("aac", {"b": "160000"}),), (("libopus", {"b": "128000"}), ("opus", {"strict": "-2"}))
_COMMON = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_RATES = {"aac": (*_COMMON, 64_000, 88_200, 96_000), "libmp3lame": _COMMON, "libopus": (48_000,), "opus": (48_000,)}
_WEB = frozenset({"vp8", "vp9", "av1", "libvpx", "libvpx-vp9", "libdav1d", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a copy is written."""

    container: str  # FFmpeg's writer
    media: str  # media type
    video: tuple[str, Mapping[str, str]] | None  # encoder and its options
    audio: tuple[str, Mapping[str, str]] | None
    tracks: int  # most tracks of sound
    note: str | None = None  # where it is not what came

    def rate(self, given: int) -> int:
        """Give the sampling rate at which sound of a rate is written."""
        name = self.audio[0] if self.audio else ""
        allowed = _RATES.get(name, ())
        return given if not allowed or given in allowed else 48_000


def shape_for(plan: MediaPlan) -> Shape:
    """Choose how a copy of a recording is written.

    Raises:
        UnsupportedError: PyAV was built without any encoder that would do.
    """
    pictures = plan.of("video")
    if not pictures:
        return _of_sound(plan)
    web = plan.media == "video/x-matroska" and pictures[0].codec in _WEB
    h264 = None if web else _first(_H264)
    if h264 is None:
        return _shape(plan, "webm", "video/webm", _VP9, _OPUS, tracks=4, told=not web)
    aac = _first(_AAC)
    if aac is None and plan.of("audio"):
        return _shape(plan, "matroska", "video/x-matroska", _H264, _OPUS, tracks=4, told=True)
    same = {
        "video/mp4": ("mp4", 4),
        "video/x-matroska": ("matroska", 4),
        "video/x-flv": ("flv", 1),
        "video/mp2t": ("mpegts", 4),
    }
    container, tracks = same.get(plan.media, ("mp4", 4))
    media = plan.media if plan.media in same else "video/mp4"
    return _shape(plan, container, media, _H264, _AAC, tracks=tracks, told=plan.media not in same)


def _of_sound(plan: MediaPlan) -> Shape:
    kinds: dict[str, tuple[str, str, Sequence[tuple[str, dict[str, str]]]]] = {
        "audio/ogg": ("ogg", "audio/ogg", _OPUS),
        "audio/flac": ("flac", "audio/flac", (("flac", {}),)),
        "audio/mpeg": ("mp3", "audio/mpeg", (("libmp3lame", {"b": "160000"}),)),
        "audio/wav": ("wav", "audio/wav", (("pcm_s16le", {}),)),
        "audio/w64": ("w64", "audio/w64", (("pcm_s16le", {}),)),
        "audio/aiff": ("aiff", "audio/aiff", (("pcm_s16be", {}),)),
        "audio/aac": ("adts", "audio/aac", _AAC),
    }
    container, media, codecs = kinds.get(plan.media, ("mp4", "audio/mp4", _AAC))
    if _first(codecs) is None:
        container, media, codecs = "wav", "audio/wav", (("pcm_s16le", {}),)
    told = plan.media not in {media, "video/mp4"}
    return _shape(plan, container, media, None, codecs, tracks=1, told=told)


def _shape(
    plan: MediaPlan,
    container: str,
    media: str,
    video: Sequence[tuple[str, dict[str, str]]] | None,
    audio: Sequence[tuple[str, dict[str, str]]],
    *,
    tracks: int,
    told: bool,
) -> Shape:
    pictures = _first(video) if video is not None else None
    sound = _first(audio)
    if (video is not None and pictures is None) or (plan.of("audio") and sound is None):
        raise UnsupportedError("this build of PyAV has no encoder to write the copy with; install av from its wheels")
    note = f"written as {media}, since {plan.media} is not written here" if told else None
    return Shape(container=container, media=media, video=pictures, audio=sound, tracks=tracks, note=note)


def _first(codecs: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, dict[str, str]] | None:
    """Give the first encoder that this build has."""
    from av.codec import Codec

    for name, options in codecs:
        try:
            Codec(name, "w")
        except ValueError:
            continue
        return name, options
    return None
