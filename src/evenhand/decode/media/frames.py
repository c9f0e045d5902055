"""Decodes as few frames of a segment as needed to look at the chosen ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from evenhand.decode.media.budget import Budget

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

_NEAR_S = 0.001  # clocks of containers are rounded
_WAITING = 64  # frames that may be inside a decoder at a time


@dataclass(frozen=True, slots=True)
class Timed:
    """A packet and when it is shown."""

    packet: Packet[Any]
    time: float  # seconds from the start of the media


class FrameWalk:
    """Feeds one video track's packets to its decoder and gives the wanted frames.

    Args:
        context: the track's decoder; nobody else may use it meanwhile.
        origin: seconds on the file's clock at the start of the media.
        budget: of time.
    """

    def __init__(self, context: VideoCodecContext, *, origin: float, budget: Budget) -> None:
        self._context, self._origin, self._budget = context, origin, budget
        self._base: Fraction | None = None
        self._alone: list[float] = []  # times of packets that were decoded without those before them

    def walk(
        self, packets: Sequence[Timed], wanted: Sequence[float], *, trust: bool = True
    ) -> Iterator[tuple[float, VideoFrame]]:
        """Give the first frame at or after each wanted time.

        Args:
            packets: of the segment, in the order of decoding.
            wanted: seconds, in order.
            trust: decode a keyframe by itself, as the container marks them. False: decode all that comes before a
                wanted frame, whatever is said of keyframes.

        Raises:
            TooLargeError: the time is used up.
        """
        left = list(wanted)
        groups = _groups(packets) if trust else [list(packets)]
        exact = _exact(packets, wanted)
        if packets:
            self._base = packets[0].packet.time_base
        needed = _needed(groups, exact)
        for group, count in zip(groups, needed, strict=True):
            only_key = trust and count == 1 and group[0].packet.is_keyframe
            if only_key:
                self._alone.append(group[0].time)
            for timed in group[:count]:
                # A frame that no other builds on is decoded only if it is wanted itself.
                skip: Literal["NONKEY", "DEFAULT", "NONREF"]
                skip = "NONKEY" if only_key else "DEFAULT" if timed.time in exact else "NONREF"
                if skip != self._context.skip_frame:
                    self._context.skip_frame = skip
                for frame in self._feed(timed.packet):
                    yield from self._taken(frame, left)
        for frame in self._drain():
            yield from self._taken(frame, left)

    def _taken(self, frame: VideoFrame, left: list[float]) -> Iterator[tuple[float, VideoFrame]]:
        moment = self._time(frame)
        if moment is not None and self._built(frame, moment):
            return
        if left and moment is not None and moment >= left[0] - _NEAR_S:
            while left and left[0] <= moment + _NEAR_S:
                left.pop(0)
            yield moment, frame

    def _built(self, frame: VideoFrame, moment: float) -> bool:
        """Say whether a frame that was decoded by itself builds on others, and shows a ruin of what a player shows."""
        from av.video.frame import PictureType

        alone = any(abs(moment - other) <= _NEAR_S for other in self._alone[-_WAITING:])
        return alone and frame.pict_type in (PictureType.P, PictureType.B, PictureType.S)

    def _time(self, frame: VideoFrame) -> float | None:
        stamp = frame.pts if frame.pts is not None else frame.dts
        if frame.time_base:  # (frames that come out at the end have none)
            self._base = frame.time_base
        return None if stamp is None or self._base is None else float(stamp * self._base) - self._origin

    def _feed(self, packet: Packet[Any]) -> list[VideoFrame]:
        import av

        with self._budget.spend("pictures"):
            try:
                return self._context.decode(packet)
            except av.FFmpegError:  # a damaged packet; the decoder goes on with the next
                return []

    def _drain(self) -> list[VideoFrame]:
        import av

        try:
            return self._context.decode(None)
        except av.FFmpegError:
            return []
        finally:
            self._context.flush_buffers()


def _groups(packets: Sequence[Timed]) -> list[list[Timed]]:
    """Cut packets into groups that each begin with a keyframe; the first may not."""
    groups: list[list[Timed]] = []
    for timed in packets:
        if timed.packet.is_keyframe or not groups:
            groups.append([])
        groups[-1].append(timed)
    return groups


def _exact(packets: Sequence[Timed], wanted: Sequence[float]) -> frozenset[float]:
    """Give the times of the packets whose frames are the first at or after the wanted times."""
    times = sorted(timed.time for timed in packets)
    places = (bisect_left(times, moment - _NEAR_S) for moment in wanted)
    return frozenset(times[place] for place in places if place < len(times))


def _needed(groups: Sequence[Sequence[Timed]], exact: frozenset[float]) -> list[int]:
    """Give how many packets of each group are decoded: all up to the last wanted one, which may build on them."""
    counts = [1 + max((n for n, timed in enumerate(group) if timed.time in exact), default=-1) for group in groups]
    for number, group in enumerate(groups[1:], 1):
        key = group[0].time
        if any(timed.time in exact and timed.time < key for timed in group[: counts[number]]):
            counts[number - 1] = len(groups[number - 1])  # it is shown before its keyframe and builds on both groups
    return counts
