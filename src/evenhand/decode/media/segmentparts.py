"""What is decoded of one segment: its sampled frames, its sound and its subtitles as parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evenhand.decode.media.budget import Budget
from evenhand.decode.media.choosing import Coded, Look, between, choose
from evenhand.decode.media.frames import FrameWalk, Timed
from evenhand.decode.media.sound import SEARCH_S, WARM_S, cut, decode_sound, quiet_place, split
from evenhand.decode.media.subtitles import subtitle_part
from evenhand.decode.media.toned import form_of, other_scene, picture, same
from evenhand.decode.media.values import Segment, Track
from evenhand.domain import AudioPart, ImagePart, Location, Source, TextPart
from evenhand.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from evenhand.decode.media.reading import MediaReader

    Shown = tuple[ImagePart, NDArray[np.int16]]  # a frame and its small form

_NEAR_S = 0.0005
_SHOWN_S = 0.001  # clocks of containers are rounded
_LATE_S = 0.25  # after which a frame is no longer the one that was asked for


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
            looks = choose(
                coded,
                start=self.segment.start if self.segment.number else float("-inf"),
                end=float("inf") if self._final else self.segment.end,
                interval=self.reader.settings.frame_interval_s,
                keyframes=self.reader.settings.keyframe_interval_s,
            )
            yield from self._joined(track, held, looks)

    def closer(self, times: Sequence[float], *, most: int, known: Sequence[float] = ()) -> Iterator[ImagePart]:
        """Give more frames, between suspicious ones and their neighbours.

        Args:
            times: seconds at which something was found, those worth most first.
            most: how many frames are given at most.
            known: times of frames that were looked at, where another reader gave them.
        """
        moments = between(times, sorted({*self.looked_at, *known}), most=most)
        for track in self.reader.plan.of("video")[:1] if moments else ():
            looks = [Look(moment, True) for moment in moments]
            yield from self._joined(track, self._held.get(track.index, []), looks)

    def at(self, times: Sequence[float], *, told: bool = True) -> Iterator[ImagePart]:
        """Give the first frame at or after each time; where there is none, nothing. They do not count as looked at.

        Args:
            times: seconds, in order.
            told: whether a time without a frame makes the segment incomplete.
        """
        for track in self.reader.plan.of("video")[:1]:
            looks = [Look(moment, True) for moment in times]
            held = self._held.get(track.index, [])
            yield from (
                part for part, _ in self._decode(track, held, looks, missed=None if told else [], counted=False)
            )

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

    def _joined(self, track: Track, held: list[Timed], looks: Sequence[Look]) -> Iterator[ImagePart]:
        """Decode and join; frames that only come where keyframes are not believed come last."""
        missed: list[Look] = []
        yield from self._distinct(self._decode(track, held, looks, missed=missed))
        if missed:
            yield from self._distinct(self._decode(track, held, missed, trust=False))

    def _decode(
        self,
        track: Track,
        held: list[Timed],
        looks: Sequence[Look],
        *,
        trust: bool = True,
        missed: list[Look] | None = None,
        counted: bool = True,
    ) -> Iterator[Shown]:
        """Decode frames, those that are looked at.

        Args:
            track: of pictures.
            held: its packets.
            looks: in order.
            trust: see `FrameWalk.walk`.
            missed: filled with looks that gave nothing and are to be tried again; None: tell them.
            counted: whether the frames count as looked at.
        """
        known = set() if trust else set(self.looked_at)
        walk = FrameWalk(self.reader.context(track), origin=self.reader.plan.origin, budget=self.budget)
        aspect, left, given, last = self.reader.aspect(track), list(looks), 0, None
        gone: list[Look] = []
        late = _LATE_S if missed is not None else self.reader.settings.frame_interval_s
        try:
            for moment, frame in walk.walk(held, [look.time for look in looks], trust=trust):
                reached = [look for look in left if look.time <= moment + _SHOWN_S]
                left = left[len(reached) :]
                gone += [look for look in reached if moment - look.time > late]
                given += 1
                if moment in known:
                    continue
                form = form_of(frame)
                if not any(look.sure for look in reached) and last is not None and not other_scene(last, form):
                    continue
                last = form
                if counted:
                    self.looked_at.append(moment)
                yield _part(frame, moment, aspect), form
        except InputError as error:
            self.incomplete["decode.video"] = f"{error.message}, {_range(self.segment)}"
            return
        gone = [look for look in (*gone, *left) if look.sure]
        if missed is not None and gone:
            missed += gone
        elif gone:
            self.incomplete["decode.video"] = f"{len(gone)} of {len(looks)} frames are damaged, {_range(self.segment)}"

    def _distinct(self, frames: Iterator[Shown]) -> Iterator[ImagePart]:
        """Join frames that show the same as the first of their run."""
        first: ImagePart | None = None
        form, last = None, 0.0
        for frame, now in frames:
            moment = self.looked_at[-1]
            if first is not None and form is not None and same(form, now):
                self.repeated += 1
            else:
                if first is not None:
                    yield _seen(first, last)
                first, form = frame, now
            last = moment
        if first is not None:
            yield _seen(first, last)


def _part(frame: VideoFrame, moment: float, aspect: float) -> ImagePart:
    return ImagePart(image=picture(frame, aspect=aspect), origin=Location(source=Source.FRAME, time=(moment, moment)))


def _seen(part: ImagePart, until: float) -> ImagePart:
    begin = part.origin.time[0] if part.origin.time is not None else until
    return ImagePart(image=part.image, origin=Location(source=Source.FRAME, time=(begin, until)))


def _begin(track: Track, segment: Segment) -> float:
    """Give the seconds from which a segment needs a track."""
    begins = {"video": segment.key, "audio": segment.start - SEARCH_S - WARM_S}
    return begins.get(track.type, segment.start)


def _range(segment: Segment) -> str:
    return f"{segment.start:.0f} to {segment.end:.0f} s"
