"""Reads one segment after another, or any one of them: its packets, of which `SegmentParts` makes parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from evenhand.decode.media.attached import pictures
from evenhand.decode.media.budget import Budget
from evenhand.decode.media.container import media_errors, opened
from evenhand.decode.media.frames import Timed
from evenhand.decode.media.planning import Clocks
from evenhand.decode.media.segmentparts import SegmentParts
from evenhand.decode.media.sound import SEARCH_S, WARM_S
from evenhand.decode.media.values import MediaPlan, MediaSource, Segment, Track
from evenhand.domain import ImagePart
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer

_SLACK_S = 1.0  # read beyond a segment's end, for packets that are stored late
_NEAR_S = 0.0005


class MediaReader:
    """Opens a file and gives its segments; in their order this costs one reading of the file, else a seek each.

    Not for several threads at once. A context manager.

    Args:
        source: the bytes or the path that `plan` was made of.
        plan: as `plan()` gave it, perhaps in another process.
        settings: limits, and how densely frames are looked at.

    Raises:
        UnsupportedError: the extra is not installed.
        InputError: it cannot be read as what the plan says.
    """

    def __init__(self, source: MediaSource, plan: MediaPlan, settings: Settings) -> None:
        self._source, self.plan, self._settings = source, plan, settings
        self._stack = ExitStack()
        self._next = 0  # number of the segment that follows what was read
        self._carry: list[Timed] = []
        self._lead: list[Timed] = []  # packets that the next segment needs as well
        self._open()

    def __enter__(self) -> Self:
        """Give the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def segment(self, number: int) -> SegmentParts:
        """Read a segment's packets; little is decoded before its parts are asked for.

        Args:
            number: 0 <= number < len(plan.segments). What an earlier call gave cannot be used any more.

        Raises:
            InputError: the file cannot be read any more.
        """
        segment = self.plan.segments[number]
        held = SegmentParts(self, segment, budget=Budget(self._settings.media_timeout_s))
        with media_errors(self.plan.media):
            if number != self._next:
                self._go_to(segment)
            self._read(segment, held)
        self._next = number + 1
        following = self.plan.segments[self._next :][:1]
        self._lead = [timed for later in following for timed in held.needed_by(later)]
        return held

    def _open(self) -> None:
        self._stack.close()
        self._container: InputContainer = self._stack.enter_context(
            opened(self._source, self.plan.media, pixels=self._settings.max_pixels)
        )
        self._tracks = {track.index: track for kind in _KINDS for track in self.plan.of(kind)}
        self._streams = [stream for stream in self._container.streams if stream.index in self._tracks]
        self._clocks = Clocks()
        self._packets = self._timed()
        self._next, self._carry, self._lead = 0, [], []
        for stream in self._streams:
            context: Any = stream.codec_context
            if self._tracks[stream.index].type == "video":
                context.thread_type = "AUTO"
                context.thread_count = self._settings.threads or 0
                context.options = {"max_pixels": str(self._settings.max_pixels)}

    def _timed(self) -> Iterator[Timed]:
        import av

        last: dict[int, float] = {}
        try:
            for packet in self._container.demux(*self._streams):
                if packet.size:
                    index = packet.stream_index
                    moment, end = self._clocks.times(packet, last.get(index, self.plan.origin))
                    last[index] = end
                    yield Timed(packet, moment - self.plan.origin)
        except av.FFmpegError:  # damaged from here on, as the plan says already
            return

    def _go_to(self, segment: Segment) -> None:
        """Seek to a segment; where the file cannot be sought in, read it from its start."""
        sounds = self.plan.of("audio")
        target = min(segment.key, segment.start - (SEARCH_S + WARM_S + 0.5 if sounds else 0.0))
        self._open()
        if target <= 0:
            return
        import av

        try:
            self._container.seek(round((self.plan.origin + target) * 1_000_000), backward=True)
            self._packets = self._timed()
            first = next(self._packets, None)
        except av.FFmpegError:
            first = None
        if first is None or first.time > target + _SLACK_S:
            self._open()
            return
        self._carry = [first]

    def _read(self, segment: Segment, held: SegmentParts) -> None:
        """Take this segment's packets, and leave the following ones for the next."""
        final = segment.number + 1 == len(self.plan.segments)
        for timed in self._lead:
            held.lead(timed)
        open_tracks = {track.index for track in self._tracks.values() if track.end > segment.end}
        carried, self._carry = self._carry, []
        reached: set[int] = set()
        keyed: set[int] = set()  # video tracks of which the next segment's keyframe has come
        sources = (iter(carried), self._packets)
        for source in sources:
            for timed in source:
                index = timed.packet.stream_index
                track = self._tracks[index]
                if timed.time >= segment.end - _NEAR_S and not final:
                    self._carry.append(timed)
                    if track.type == "audio" and timed.time < segment.end + WARM_S:
                        held.lead(timed)  # heard only to find where it is quiet
                    if track.type == "video" and timed.packet.is_keyframe:
                        keyed.add(index)
                else:
                    held.add(timed, track, leading=index in keyed)
                clock = self._clocks.decoded(timed.packet, timed.time + self.plan.origin) - self.plan.origin
                if not final and clock >= segment.end + _SLACK_S:
                    reached.add(index)
                    if reached >= open_tracks and source is self._packets:
                        return

    # What SegmentParts asks for.

    def context(self, track: Track) -> Any:
        """Give the decoder of a track."""
        return next(stream for stream in self._streams if stream.index == track.index).codec_context

    def aspect(self, track: Track) -> float:
        """Give width over height of a track's pixels."""
        stream: Any = next(stream for stream in self._streams if stream.index == track.index)
        return float(stream.sample_aspect_ratio or 1)

    def covers(self) -> tuple[list[ImagePart], list[str], dict[str, str]]:
        """Give the pictures that the file carries besides its tracks, with notes and what was not looked at."""
        with opened(self._source, self.plan.media, pixels=self._settings.max_pixels) as container:
            return pictures(container, self._settings)

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self._settings


_KINDS = ("video", "audio", "subtitle")
