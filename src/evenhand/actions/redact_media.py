"""A video or sound again, with regions covered, words taken out, and nothing but pictures and sound in it.

Frame by frame: memory does not grow with length. All is coded anew, so that nothing of what was covered is left in the
stream, and all metadata, subtitles, attachments and further tracks stay behind.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.actions.redact_coded import Shape, shape_for
from evenhand.actions.redact_cover import Style, cover
from evenhand.actions.redact_regions import Region, area
from evenhand.actions.redact_sound import Sound, SoundTrack
from evenhand.actions.redact_when import Covered
from evenhand.decode.media import MediaPlan, MediaSource, Track
from evenhand.decode.media.container import opened
from evenhand.decode.media.toned import is_bright, matrix_of, picture, size_of
from evenhand.domain.location import TimeRange
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image

_TICKS = 90_000  # a second
_EARLY_S = 2.0  # a clip is looked for so much before its start
_LATE_S = 5.0  # packets may be stored so much later than what is shown with them
_LONGEST = 16_384  # px
_SAME_SHARE = 0.02  # share of frames that may be missing before it is told
_FOREVER_S = 1e8
_FULL = 1_000  # frames after which the size of what is written is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """What is done to a recording."""

    regions: Sequence[Covered]
    sounds: Sequence[TimeRange]
    style: Style
    sound: Sound
    margin: float
    window: TimeRange | None  # seconds; None: all of it


@dataclass(slots=True)
class _Counts:
    pictures: int = 0
    damaged: int = 0  # packets


def copy_recording(
    source: MediaSource, plan: MediaPlan, copying: Copying, target: Path, settings: Settings
) -> tuple[str, tuple[str, ...], bool]:
    """Write the copy.

    Args:
        source: the recording.
        plan: of it.
        copying: what is done to it.
        target: file to write.
        settings: limits; the copy may take `media_timeout_s` for each segment.

    Returns:
        Media type of the copy, what it lost on the way, and whether something that was there is missing in it.

    Raises:
        TooLargeError: it takes too long, or the copy is over `max_media_bytes`.
        UnsupportedError: nothing here writes such files.
        InputError: it cannot be read, or nothing of it lies in the window.
    """
    import av

    shape = shape_for(plan)
    window = copying.window or (0.0, _FOREVER_S)
    try:
        with av.open(str(target), "w", format=shape.container, options={"fflags": "+bitexact"}) as out:
            writer = _Writer(out, shape, plan, copying, window, settings, target)
            with opened(source, plan.media, pixels=settings.max_pixels) as container:
                early = window[0] > _EARLY_S and _sought(container, plan, window[0] - _EARLY_S)
                if early or not window[0] > _EARLY_S:
                    writer.run(container)
            if not writer.ran:  # it cannot be sought in
                with opened(source, plan.media, pixels=settings.max_pixels) as container:
                    writer.run(container)
            if not writer.wrote:
                raise InputError("nothing of the recording could be decoded there; give another stretch")
    except av.FFmpegError as error:
        raise UnsupportedError(f"the copy cannot be written as {shape.media}: {error.strerror or error}") from error
    notes = [*([shape.note] if shape.note else []), *writer.notes()]
    return shape.media, tuple(notes), writer.lost


def _sought(container: Any, plan: MediaPlan, start: float) -> bool:
    import av

    try:
        container.seek(round((plan.origin + start) * 1_000_000), backward=True)
    except av.FFmpegError:
        return False
    return True


class _Writer:
    """Takes packets of a recording, writes the copy."""

    def __init__(
        self,
        out: Any,
        shape: Shape,
        plan: MediaPlan,
        copying: Copying,
        window: TimeRange,
        settings: Settings,
        target: Path,
    ) -> None:
        self._out, self._shape, self._plan, self._copying, self._window = out, shape, plan, copying, window
        self._settings, self._target, self._deadline = settings, target, 0.0
        self._counts = _Counts()
        self._last, self._size = -1, (0, 0)
        self._video: Any = None
        self._waiting: list[Any] | None = []  # packets of sound that come before the first picture; None: it has come
        self._sounds: dict[int, SoundTrack] = {}
        self._heard: dict[int, int] = {}
        self._bases: dict[int, Fraction] = {}
        self.ran = False
        if not plan.of("video"):
            self._waiting = None
        pictures, sounds = plan.of("video")[:1], plan.of("audio")[: shape.tracks]
        self._tracks = {track.index: track for track in (*pictures, *sounds)}
        self._left_out = [track for track in plan.tracks if track.index not in self._tracks]

    @property
    def wrote(self) -> bool:
        return bool(self._counts.pictures or any(self._heard.values()))

    @property
    def lost(self) -> bool:
        """Whether some of the recording's pictures or sound could not be decoded."""
        whole = sum(track.packets for track in self._tracks.values())
        return self._counts.damaged > max(2, _SAME_SHARE * whole)

    def notes(self) -> list[str]:
        told = []
        if self._counts.damaged:
            told.append(f"{self._counts.damaged} packets are damaged; what they hold is not in the copy")
        kinds = sorted({f"{track.type} ({track.codec or 'unknown'})" for track in self._left_out})
        return told + ([f"left out of the copy: {', '.join(kinds)}"] if kinds else [])

    def run(self, container: Any) -> None:
        """Read to the end, or to the end of the window."""
        streams = [stream for stream in container.streams if stream.index in self._tracks]
        aspects = {}
        for stream in streams:
            if self._tracks[stream.index].type == "video":
                stream.codec_context.thread_type = "AUTO"
                stream.codec_context.thread_count = self._settings.threads or 0
                aspects[stream.index] = float(stream.sample_aspect_ratio or 1)
            else:
                self._add_sound(stream)
        self._deadline = time.monotonic() + self._settings.media_timeout_s * max(1, len(self._plan.segments))
        beyond: set[int] = set()
        for packet in self._packets(container, streams):
            index = packet.stream_index
            moment = self._moment(packet.dts if packet.dts is not None else packet.pts, packet.time_base)
            if (
                not self.ran
                and moment is not None
                and moment > self._window[0] + _LATE_S
                and self._window[0] > _EARLY_S
            ):
                return  # the seek went too far
            self.ran = True
            if moment is not None and moment > self._window[1] + _LATE_S:
                beyond.add(index)
                if len(beyond) == len(streams):
                    break
                continue
            self._take(packet, index, aspects)
        for stream in streams:
            self._frames(stream.codec_context, None, stream.index, aspects)
        if self._video is not None:
            self._mux(self._video.encode())
        self._begin()
        for sound in self._sounds.values():
            self._mux(sound.finish())

    def _packets(self, container: Any, streams: Sequence[Any]) -> Iterator[Any]:
        import av

        try:
            for packet in container.demux(*streams):
                if packet.size:
                    yield packet
        except av.FFmpegError:
            self._counts.damaged += 1

    def _take(self, packet: Any, index: int, aspects: dict[int, float]) -> None:
        if time.monotonic() > self._deadline:
            raise TooLargeError("writing the copy took longer than EVENHAND_MEDIA_TIMEOUT_S for each segment")
        self._frames(packet.stream.codec_context, packet, index, aspects)

    def _frames(self, context: Any, packet: Any, index: int, aspects: dict[int, float]) -> None:
        import av

        try:
            frames = context.decode(packet)
        except av.FFmpegError:
            self._counts.damaged += 1
            return
        for frame in frames:
            if frame.time_base:  # (frames that come out at the end have none)
                self._bases[index] = frame.time_base
            moment = self._moment(frame.pts, self._bases.get(index))
            if index in aspects:
                self._picture(frame, moment, aspects[index])
            else:
                self._heard[index] = self._heard.get(index, 0) + 1
                self._mux(self._sounds[index].add(frame, moment))

    def _moment(self, stamp: int | None, base: Fraction | None) -> float | None:
        return None if stamp is None or base is None else float(stamp * base) - self._plan.origin

    def _picture(self, frame: VideoFrame, moment: float | None, aspect: float) -> None:
        if moment is None:
            moment = self._last / _TICKS + self._window[0] + 0.04
        if not self._window[0] <= moment + 1e-4 or moment >= self._window[1]:
            return
        full = size_of(frame, aspect=aspect, longest=_LONGEST)
        if self._video is None:
            self._add_pictures(frame, (max(2, full[0] // 2 * 2), max(2, full[1] // 2 * 2)))
        found = [one for one in self._copying.regions if one.start <= moment <= one.end]
        plain = full == (frame.width, frame.height) and not frame.rotation and not is_bright(frame)
        if plain and not found:
            made = frame.reformat(*self._size, format="yuv420p")
        else:
            import av
            import numpy as np

            image = picture(frame, aspect=aspect, longest=_LONGEST)
            self._cover(image, found, size_of(frame, aspect=aspect))
            matrix = 1 if is_bright(frame) else matrix_of(frame)
            made = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24").reformat(
                *self._size, format="yuv420p", dst_colorspace=matrix
            )
        tick = max(self._last + 1, round(max(0.0, moment - self._window[0]) * _TICKS))
        made.pts, made.time_base, made.pict_type = tick, Fraction(1, _TICKS), 0
        self._last = tick
        self._counts.pictures += 1
        self._mux(self._video.encode(made))
        if not self._counts.pictures % _FULL and self._target.stat().st_size > self._settings.max_media_bytes:
            raise TooLargeError("the copy is over EVENHAND_MAX_MEDIA_BYTES; cut it with a start and an end")

    def _cover(self, image: Image, found: Sequence[Covered], seen: tuple[int, int]) -> None:
        for one in found:
            place = area(Region(box=one.box, solid=one.solid), seen, image.size, self._copying.margin)
            cover(image, place, Style.BOX if one.solid else self._copying.style)

    def _add_pictures(self, frame: VideoFrame, size: tuple[int, int]) -> None:
        name, options = self._shape.video or ("", {})
        track = self._plan.of("video")[0]
        rate = Fraction(min(240.0, max(1.0, track.rate or 25.0))).limit_denominator(1001)
        stream = self._out.add_stream(name, rate=rate, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        self._video, self._size = stream, size
        self._begin()

    def _add_sound(self, stream: Any) -> None:
        name, options = self._shape.audio or ("", {})
        track: Track = self._tracks[stream.index]
        made = self._out.add_stream(name, rate=self._shape.rate(int(track.rate) or 48_000), options=dict(options))
        made.codec_context.layout = "mono" if track.channels == 1 else "stereo"
        self._sounds[stream.index] = SoundTrack(made, self._copying.sounds, self._window, self._copying.sound)

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            if self._waiting is None:
                self._out.mux(packet)
            else:
                self._waiting.append(packet)

    def _begin(self) -> None:
        """Write what waited: a container's head names all of its tracks, so all have to be there first."""
        waiting, self._waiting = self._waiting or [], None
        for packet in waiting:
            self._out.mux(packet)
