"""Reads one segment after another, or any one of them, and gives its frames, its sound and its subtitles as parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from evenhand.decode.media.attached import pictures
from evenhand.decode.media.budget import Budget
from evenhand.decode.media.choosing import Coded, between, choose
from evenhand.decode.media.container import media_errors, opened
from evenhand.decode.media.frames import FrameWalk, Timed
from evenhand.decode.media.planning import moment_of
from evenhand.decode.media.sound import SEARCH_S, WARM_S, cut, decode_sound, quiet_place, split
from evenhand.decode.media.subtitles import subtitle_part
from evenhand.decode.media.toned import picture, same, small
from evenhand.decode.media.values import MediaPlan, MediaSource, Segment, Track
from evenhand.domain import AudioPart, ImagePart, Location, Source, TextPart
from evenhand.errors import InputError
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
                    moment = moment_of(packet, last.get(packet.stream_index, 0.0) + self.plan.origin)
                    moment -= self.plan.origin
                    last[packet.stream_index] = moment + float((packet.duration or 0) * packet.time_base)
                    yield Timed(packet, moment)
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
                stamp = timed.packet.dts if timed.packet.dts is not None else timed.packet.pts
                clock = timed.time if stamp is None else float(stamp * timed.packet.time_base) - self.plan.origin
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


@dataclass(slots=True)
class SegmentParts:
    """One segment's packets, and what is decoded of them when asked for.

    `pictures` and `closer` decode lazily: hold as few of the frames as you can.
    """

    reader: MediaReader
    segment: Segment
    budget: Budget  # of the time for decoding
    packets: dict[int, int] = field(default_factory=dict)  # track -> packets of this segment, and of no other
    looked_at: list[float] = field(default_factory=list)  # times of frames that were looked at
    repeated: int = 0  # of them, those that show the same as the one before
    heard: float = 0.0  # seconds of sound given
    notes: list[str] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)
    _held: dict[int, list[Timed]] = field(default_factory=dict)

    def add(self, timed: Timed, track: Track, *, leading: bool) -> None:
        """Take a packet, if this segment needs it.

        Args:
            timed: the packet.
            track: its track.
            leading: it is stored behind the next keyframe and shown before it, and cannot be decoded from here.
        """
        mine = timed.time >= self.segment.start - _NEAR_S or self.segment.number == 0
        if mine:
            self.packets[track.index] = self.packets.get(track.index, 0) + 1
        if (mine or timed.time >= _begin(track, self.segment) - _NEAR_S) and not leading:
            self._held.setdefault(track.index, []).append(timed)

    def lead(self, timed: Timed) -> None:
        """Take a packet of a neighbour that this segment's pictures build on, or that its sound is cut by."""
        self._held.setdefault(timed.packet.stream_index, []).append(timed)

    def needed_by(self, later: Segment) -> list[Timed]:
        """Give the packets that the following segment needs too, in the order of decoding."""
        out: list[Timed] = []
        for track in (*self.reader.plan.of("video"), *self.reader.plan.of("audio")):
            begin = _begin(track, later)
            held = self._held.get(track.index, ()) if begin < later.start else ()
            out += [timed for timed in held if begin - _NEAR_S <= timed.time < later.start - _NEAR_S]
        return out

    def frames(self) -> Iterator[ImagePart]:
        """Give the sampled frames in order, each that differs from the one before; `time` is how long it was seen.

        What cannot be decoded is told in `incomplete`.
        """
        for track in self.reader.plan.of("video"):
            held = self._held.get(track.index, [])
            shown = sorted(held, key=lambda timed: timed.time)
            coded = [Coded(time=t.time, size=t.packet.size, key=t.packet.is_keyframe) for t in shown]
            times = choose(
                coded,
                start=self.segment.start if self.segment.number else float("-inf"),
                end=float("inf") if self._final else self.segment.end,
                interval=self.reader.settings.frame_interval_s,
            )
            yield from self._distinct(self._decode(track, held, times))

    def closer(self, times: Sequence[float], *, most: int) -> Iterator[ImagePart]:
        """Give more frames, between suspicious ones and their neighbours.

        Args:
            times: seconds at which something was found, those worth most first.
            most: how many frames are given at most.
        """
        moments = between(times, sorted(self.looked_at), most=most)
        for track in self.reader.plan.of("video")[:1] if moments else ():
            yield from self._distinct(self._decode(track, self._held.get(track.index, []), moments))

    def at(self, times: Sequence[float]) -> Iterator[ImagePart]:
        """Give the first frame at or after each time; where there is none, nothing.

        Args:
            times: seconds, in order.
        """
        for track in self.reader.plan.of("video")[:1]:
            yield from self._decode(track, self._held.get(track.index, []), times)

    def sound(self) -> list[AudioPart]:
        """Give the segment's sound, cut where it is quiet near its borders; the tracks one after another."""
        segment, parts = self.segment, list[AudioPart]()
        for track in self.reader.plan.of("audio"):
            context, held = self.reader.context(track), self._held.pop(track.index, [])
            try:
                stretches = decode_sound(context, held, origin=self.reader.plan.origin, budget=self.budget)
            except InputError as error:
                self.incomplete["decode.audio"] = f"{error.message}, {_range(segment)}"
                continue
            if held and not stretches:
                self.incomplete["decode.audio"] = f"the sound of track {track.index} is damaged, {_range(segment)}"
            begin = quiet_place(stretches, segment.start) if segment.number else 0.0
            end = float("inf") if self._final else quiet_place(stretches, segment.end)
            for stretch in split(cut(stretches, begin, end)):
                stretch.samples.flags.writeable = False
                self.heard += len(stretch.samples) / 16_000
                origin = Location(source=Source.AUDIO, time=(stretch.start, stretch.end))
                parts.append(AudioPart(samples=stretch.samples, origin=origin))
        return parts

    def texts(self) -> list[TextPart]:
        """Give the subtitles of the segment, one text for each track."""
        parts = []
        for track in self.reader.plan.of("subtitle"):
            part, left_out = subtitle_part(self._held.pop(track.index, []), track.codec)
            if left_out:
                self.incomplete["decode.subtitle"] = f"track {track.index} has too many words, {_range(self.segment)}"
            if part is not None:
                parts.append(part)
        return parts

    def covers(self) -> list[ImagePart]:
        """Give cover art and attached pictures; the first segment has them."""
        if self.segment.number or not any(t.type in {"picture", "attachment"} for t in self.reader.plan.tracks):
            return []
        try:
            found, notes, incomplete = self.reader.covers()
        except InputError as error:
            self.incomplete["decode.picture"] = error.message
            return []
        self.notes += notes
        self.incomplete.update(incomplete)
        return found

    @property
    def _final(self) -> bool:
        return self.segment.number + 1 == len(self.reader.plan.segments)

    def _decode(self, track: Track, held: list[Timed], times: Sequence[float]) -> Iterator[ImagePart]:
        context, aspect, given = self.reader.context(track), self.reader.aspect(track), 0
        walk = FrameWalk(context, origin=self.reader.plan.origin, budget=self.budget)
        try:
            for moment, frame in walk.walk(held, times):
                given += 1
                self.looked_at.append(moment)
                yield ImagePart(
                    image=picture(frame, aspect=aspect), origin=Location(source=Source.FRAME, time=(moment, moment))
                )
        except InputError as error:
            self.incomplete["decode.video"] = f"{error.message}, {_range(self.segment)}"
            return
        if given < len(times) // 2 or (times and not given):
            self.incomplete["decode.video"] = (
                f"{len(times) - given} of {len(times)} frames are damaged, {_range(self.segment)}"
            )

    def _distinct(self, frames: Iterator[ImagePart]) -> Iterator[ImagePart]:
        """Join frames that show the same as the first of their run."""
        first: ImagePart | None = None
        form, last = None, 0.0
        for frame in frames:
            now, moment = small(frame.image), self.looked_at[-1]
            if first is not None and form is not None and same(form, now):
                self.repeated += 1
            else:
                if first is not None:
                    yield _seen(first, last)
                first, form = frame, now
            last = moment
        if first is not None:
            yield _seen(first, last)


def _seen(part: ImagePart, until: float) -> ImagePart:
    begin = part.origin.time[0] if part.origin.time is not None else until
    return ImagePart(image=part.image, origin=Location(source=Source.FRAME, time=(begin, until)))


def _begin(track: Track, segment: Segment) -> float:
    """Give the seconds from which a segment needs a track."""
    begins = {"video": segment.key, "audio": segment.start - SEARCH_S - WARM_S}
    return begins.get(track.type, segment.start)


def _range(segment: Segment) -> str:
    return f"{segment.start:.0f} to {segment.end:.0f} s"
