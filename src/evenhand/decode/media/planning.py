"""Reads a file through once, without decoding, and cuts it into segments at keyframes.

Headers lie and indexes break; the packets themselves say how long a file is and where its keyframes are. Reading costs
about a thousandth of the playing time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from evenhand.decode.media.container import AUDIO_CODECS, SUBTITLE_CODECS, VIDEO_CODECS, opened
from evenhand.decode.media.values import MEDIA, MediaPlan, MediaSource, Segment, Track
from evenhand.domain import ContentKind
from evenhand.errors import InputError, TooLargeError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

MOST_VIDEO, MOST_AUDIO, MOST_SUBTITLES = 1, 4, 16  # tracks of a kind that are looked at
SEGMENT_BYTES = 64 * 2**20  # a segment's packets are held in memory
SEGMENT_PACKETS = 100_000
_TAIL = 0.1  # share of a segment's length up to which what is left at the end belongs to the segment before it,
_TAIL_S = 2.0  # and seconds: detectors of sound say odd things about a tenth of a second
_LATE = 4  # segments' lengths without a keyframe after which it is cut all the same
_PRIMING_S = 1.0
_BACKWARDS_S = 5.0  # a clock that jumps back further than this cannot be followed


def plan(source: MediaSource, media: str, settings: Settings) -> MediaPlan:
    """Read a file through and cut it.

    Args:
        source: its bytes or its path.
        media: its media type by its bytes, a key of MEDIA.
        settings: limits: bytes, pixels, seconds of media, seconds of work.

    Raises:
        TooLargeError: over a limit.
        UnsupportedError: the extra is not installed.
        InputError: it is damaged, or holds neither sound nor moving pictures.
    """
    size, digest = _measure(source, settings)
    with opened(source, media, pixels=settings.max_pixels) as container:
        tracks = _tracks(container, settings)
        if not any(track.looked_at and track.type in {"video", "audio"} for track in tracks):
            raise InputError(_nothing(tracks, media))
        survey = _Survey(tracks, settings)
        survey.read(container)
        said = (container.duration or 0) / 1_000_000
    return survey.plan(media, size, digest, said)


def _measure(source: MediaSource, settings: Settings) -> tuple[int, str]:
    """Give the size in bytes and the hash."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > settings.max_media_bytes:
        raise TooLargeError(
            f"the file has {size:,} bytes and the limit for video and audio is {settings.max_media_bytes:,}; "
            "send a smaller one, or raise EVENHAND_MAX_MEDIA_BYTES"
        )
    digest = sha256()
    stream: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return size, "sha256:" + digest.hexdigest()


def _tracks(container: InputContainer, settings: Settings) -> list[Track]:
    found: list[Track] = []
    counts = {"video": 0, "audio": 0, "subtitle": 0}
    most = {"video": MOST_VIDEO, "audio": MOST_AUDIO, "subtitle": MOST_SUBTITLES}
    known = {"video": VIDEO_CODECS, "audio": AUDIO_CODECS, "subtitle": SUBTITLE_CODECS}
    for stream in container.streams:
        kind: str = stream.type
        context = getattr(stream, "codec_context", None)
        if kind == "video" and _is_picture(stream):
            kind = "picture"
        codec = context.codec.name if context is not None else ""
        track = Track(index=stream.index, type=kind, codec=codec, looked_at=False, language=stream.language)
        if kind == "video":
            video: Any = stream
            rate = float(video.average_rate or video.guessed_rate or 0)
            track = replace(track, width=video.width or 0, height=video.height or 0, rate=rate)
            if track.width * track.height > settings.max_pixels:
                raise TooLargeError(
                    f"the video is {track.width} x {track.height} pixels, more than EVENHAND_MAX_PIXELS "
                    f"({settings.max_pixels:,}); send it smaller"
                )
        elif kind == "audio":
            audio: Any = stream
            track = replace(track, rate=float(audio.rate or 0), channels=audio.channels or 0)
        if kind in counts:
            why = _why_not(track, known[kind], counts[kind] >= most[kind])
            counts[kind] += why is None
            track = replace(track, looked_at=why is None, why_not=why)
        else:
            track = replace(track, looked_at=kind in {"picture", "attachment"})
        found.append(track)
    return found


def _is_picture(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _why_not(track: Track, known: frozenset[str], many: bool) -> str | None:
    if many:
        return "there are more tracks than are looked at"
    if not track.codec:
        return f"no decoder reads {track.type} of this kind"
    if track.codec not in known:
        return f"{track.type} in {track.codec} is not read"
    if track.type == "video" and not track.width * track.height:
        return "the size of its pictures is unknown, or over EVENHAND_MAX_PIXELS"
    return None


def _nothing(tracks: list[Track], media: str) -> str:
    whys = [track.why_not for track in tracks if track.why_not]
    return f"the {media} file holds no sound and no moving pictures that can be read" + (f": {whys[0]}" if whys else "")


@dataclass(slots=True)
class _Seen:
    """What is known of a track while reading."""

    track: Track
    start: float = float("inf")
    end: float = float("-inf")
    packets: int = 0
    last: float = float("-inf")
    back: bool = False


@dataclass(slots=True)
class _Survey:
    """Reads packets and decides where to cut."""

    tracks: list[Track]
    settings: Settings
    seen: dict[int, _Seen] = field(default_factory=dict)
    cuts: list[tuple[float, float]] = field(default_factory=list)  # start and key of each segment, on the file's clock
    damaged: bool = False

    def read(self, container: InputContainer) -> None:
        wanted = [stream for stream in container.streams if self.tracks[stream.index].type in _MOVING]
        wanted = [stream for stream in wanted if self.tracks[stream.index].looked_at]
        self.seen = {stream.index: _Seen(self.tracks[stream.index]) for stream in wanted}
        leading = next((track.index for track in self.tracks if track.type == "video" and track.looked_at), None)
        if leading is None:
            leading = next(track.index for track in self.tracks if track.type == "audio" and track.looked_at)
        moving = self.tracks[leading].type == "video"
        size = count = 0
        full = False
        key = start = None
        for packet, moment, end in self._packets(container, wanted):
            seen = self.seen[packet.stream_index]
            seen.packets += 1
            seen.start, seen.end = min(seen.start, moment), max(seen.end, end)
            seen.back = seen.back or moment < seen.last - _BACKWARDS_S
            seen.last = max(seen.last, moment)
            if seen.end - seen.start > self.settings.max_media_s:
                raise TooLargeError(
                    f"it is longer than EVENHAND_MAX_MEDIA_S ({self.settings.max_media_s:g} s); send it in parts"
                )
            size, count = size + packet.size, count + 1
            if packet.stream_index != leading:
                if count > 4 * SEGMENT_PACKETS:
                    raise TooLargeError("it has more packets for its length than any recording; convert it first")
                continue
            if packet.is_keyframe or key is None:
                key = moment
            if start is None:
                start = moment
                self.cuts.append((moment, moment))
                continue
            crowded = size > SEGMENT_BYTES or count > SEGMENT_PACKETS
            long = moment - start >= self.settings.media_segment_s
            late = moment - start >= self.settings.media_segment_s * _LATE
            if moment > start and ((long and (packet.is_keyframe or not moving)) or late or crowded):
                start, size, count, full = moment, 0, 0, crowded
                self.cuts.append((moment, key if moving else moment))
            elif count > 4 * SEGMENT_PACKETS:
                raise TooLargeError("it has more packets for its length than any recording; convert it first")
        short = min(_TAIL_S, _TAIL * self.settings.media_segment_s)
        small = not full and size < SEGMENT_BYTES // 8 and count < SEGMENT_PACKETS // 8
        if len(self.cuts) > 1 and small and max(seen.end for seen in self.seen.values()) - self.cuts[-1][0] < short:
            self.cuts.pop()

    def _packets(self, container: InputContainer, wanted: list[Any]) -> Iterator[tuple[Packet[Any], float, float]]:
        """Give each packet with the seconds of its start and end on the file's own clock."""
        deadline = time.monotonic() + self.settings.media_timeout_s
        last: dict[int, float] = {}
        clocks = Clocks()
        try:
            for number, packet in enumerate(container.demux(*wanted)):
                if number % 1024 == 0 and time.monotonic() > deadline:
                    raise TooLargeError(
                        f"reading it took longer than EVENHAND_MEDIA_TIMEOUT_S ({self.settings.media_timeout_s:g} s)"
                    )
                if packet.size == 0:
                    continue
                moment, end = clocks.times(packet, last.get(packet.stream_index, 0.0))
                last[packet.stream_index] = end
                yield packet, moment, end
        except (InputError, MemoryError):
            raise
        except Exception:  # FFmpeg's, on damaged bytes: what came before the damage is still looked at
            self.damaged = True

    def plan(self, media: str, size: int, digest: str, said: float) -> MediaPlan:
        moving = [seen for seen in self.seen.values() if seen.packets and seen.track.type in {"video", "audio"}]
        if not moving:
            raise InputError(f"the {media} file is damaged or cut short; send the whole file")
        origin = min(seen.start for seen in moving)
        if -_PRIMING_S < origin < 0:
            origin = 0.0  # an encoder's run-up, which players do not play
        end = max(seen.end for seen in moving)
        tracks = tuple(self._measured(track, origin) for track in self.tracks)
        notes, incomplete = self._told(tracks, end - origin, said)
        kind = ContentKind.VIDEO if any(track.type == "video" for track in tracks) else ContentKind.AUDIO
        return MediaPlan(
            kind=kind,
            media=media,
            container=MEDIA[media],
            size=size,
            content_hash=digest,
            origin=origin,
            duration=end - origin,
            tracks=tracks,
            segments=self._segments(origin, end),
            notes=tuple(notes),
            incomplete=tuple(incomplete.items()),
        )

    def _measured(self, track: Track, origin: float) -> Track:
        seen = self.seen.get(track.index)
        if seen is None or not seen.packets:
            return track
        return replace(track, start=seen.start - origin, end=seen.end - origin, packets=seen.packets)

    def _segments(self, origin: float, end: float) -> tuple[Segment, ...]:
        """Join cuts into stretches without gaps, the first from 0 and the last to the end."""
        cuts = sorted(set(self.cuts)) or [(origin, origin)]
        starts = [0.0, *(start - origin for start, _ in cuts[1:])]
        ends = [*starts[1:], max(end - origin, starts[-1])]
        return tuple(
            Segment(number=number, start=start, end=stop, key=max(0.0, key - origin))
            for number, (start, stop, (_, key)) in enumerate(zip(starts, ends, cuts, strict=True))
        )

    def _told(self, tracks: tuple[Track, ...], measured: float, said: float) -> tuple[list[str], dict[str, str]]:
        notes: list[str] = []
        incomplete: dict[str, str] = {}
        if said and abs(said - measured) > max(2.0, 0.1 * measured):
            notes.append(f"its header says {said:.1f} s, it holds {measured:.1f} s")
        if self.damaged:
            incomplete["decode"] = f"the file is damaged after {measured:.1f} s; what follows could not be looked at"
        for track in tracks:
            if track.why_not:
                incomplete[f"decode.{track.type}"] = f"track {track.index}: {track.why_not}"
        if any(seen.back for seen in self.seen.values()):
            incomplete["decode.clock"] = "its timestamps jump back, so that parts of it may not have been looked at"
        return notes, incomplete


_MOVING = frozenset({"video", "audio", "subtitle"})


class Clocks:
    """Reads packets' times; the fractions that tracks count in are worked out once, since files have many packets."""

    def __init__(self) -> None:
        self._ticks: dict[int, float] = {}  # track -> seconds of a tick

    def times(self, packet: Packet[Any], otherwise: float) -> tuple[float, float]:
        """Give the seconds at which a packet is shown and is over, on the file's own clock.

        Args:
            packet: just read.
            otherwise: where it does not say.
        """
        stamp = packet.pts if packet.pts is not None else packet.dts
        tick = self._tick(packet)
        moment = otherwise if stamp is None else stamp * tick
        return moment, moment + (packet.duration or 0) * tick

    def decoded(self, packet: Packet[Any], otherwise: float) -> float:
        """Give the seconds at which a packet is decoded, on the file's own clock."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        return otherwise if stamp is None else stamp * self._tick(packet)

    def _tick(self, packet: Packet[Any]) -> float:
        tick = self._ticks.get(packet.stream_index)
        if tick is None:
            tick = self._ticks[packet.stream_index] = float(packet.time_base)
        return tick
