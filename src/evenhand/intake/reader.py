"""A thread that follows one stream: connects, decodes what is needed, and connects again when it breaks."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evenhand.domain import AudioPart, JsonValue
from evenhand.errors import EvenhandError, InputError, UnsupportedError
from evenhand.intake.addresses import RefusedStreamError
from evenhand.intake.clips import Ring
from evenhand.intake.clock import Clock
from evenhand.intake.hearing import Listener
from evenhand.intake.sampling import Sampler, Shown
from evenhand.intake.sources import Connection, Source
from evenhand.settings import Settings
from evenhand.telemetry import fault

_FIRST_S, _MOST_S = 0.5, 20.0  # back-off between two connections
_TELL_S = 10.0  # seconds between two words about damage


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended."""

    state: str  # "ended", "stopped" or "failed"
    code: str | None = None
    message: str | None = None


class Sink(Protocol):
    """What takes what the reader has. Called in the reader's thread."""

    def pictures(self, shown: Sequence[Shown], still: Sequence[tuple[float, float]]) -> None:
        """Take the pictures of a window, and the begins and new ends of earlier ones that stood on."""
        ...

    def sound(self, parts: Sequence[AudioPart]) -> None:
        """Take pieces of sound."""
        ...

    def note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        """Take what happened: `connected`, `interrupted`, `gap`, `clock`, `incomplete`."""
        ...

    def over(self, ending: Ending) -> None:
        """Hear that nothing more comes."""
        ...


class Reader(threading.Thread):
    """Follows a stream until it ends, is stopped, or stays away.

    Args:
        source: of the stream.
        clock: its time line, perhaps begun by another worker.
        sink: takes what comes.
        ring: keeps the last seconds.
        settings: intervals and patience.
        name: of the thread.
    """

    def __init__(self, source: Source, clock: Clock, sink: Sink, ring: Ring, settings: Settings, *, name: str) -> None:
        super().__init__(name=f"evenhand-live-{name[-12:]}", daemon=True)
        self._source, self._clock, self._sink, self._ring, self._settings = source, clock, sink, ring, settings
        self._sampler = Sampler(interval=settings.live_interval_s, window=settings.live_window_s)
        self._listener = Listener(window=settings.live_speech_s)
        self._damaged, self._told = 0, float("-inf")
        self._came = time.monotonic()  # when the last packet came
        self._from = clock.position if clock.offset is not None else float("-inf")  # earlier moments were looked at
        self._pace: tuple[float, float] | None = None
        self._missed = 0
        self._begun = False
        self.segments: deque[tuple[int, float]] = deque(maxlen=64)  # HLS segments, and where the stream was then

    def run(self) -> None:
        """Follow it."""
        try:
            ending = self._run()
        except Exception as error:
            ending = Ending("failed", "internal", f"reading failed ({type(error).__name__}); the log says where")
            import structlog

            structlog.get_logger().error("a stream's reader failed", **fault(error))
        self._flush()
        self._sink.over(ending)

    def _run(self) -> Ending:
        tries, stop = 0, self._source.stop
        while not stop.is_set():
            why: Exception | None = None
            packets = 0
            try:
                with self._source.connect() as connection:
                    packets = self._follow(connection)
                    why = connection.why()
            except EvenhandError as error:
                why = error
            except Exception as error:  # whatever FFmpeg raises on a broken connection or hostile bytes
                why = InputError(f"the stream broke off ({type(error).__name__})")
            self._flush()
            if stop.is_set():
                break
            if isinstance(why, RefusedStreamError | UnsupportedError):
                return Ending("failed", why.code, str(why))
            if self._source.over:
                if why is not None:
                    if not packets:
                        return Ending("failed", getattr(why, "code", "bad_input"), str(why))
                    self._note("incomplete", {"live.decode": "it is damaged or cut short at its end"})
                return Ending("ended")
            if packets and why is None and self._source.hls is not None:
                continue  # another run of segments follows at once
            tries = 0 if packets else tries + 1
            if time.monotonic() - self._came > self._settings.live_patience_s:
                message = str(why) if why is not None else "nothing came any more"
                return Ending("failed", "stream_lost", f"{message}, for {self._settings.live_patience_s:g} s")
            pause = min(_MOST_S, _FIRST_S * 2.0 ** min(tries, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
            reason = str(why) if why is not None else "the sender closed the connection"
            self._note("interrupted", {"why": reason, "again_s": round(pause, 1)})
            stop.wait(pause)
        return Ending("stopped")

    def _follow(self, connection: Connection) -> int:
        container, clock = connection.container, self._clock
        streams = self._chosen(connection)
        if not streams:
            raise UnsupportedError("the stream holds neither pictures nor sound that can be read")
        clock.paced = self._source.paced
        clock.reconnected()
        if self._source.address.paced and clock.offset is not None:
            clock.resumed = True
            container.seek(max(0, round((clock.position - clock.offset) * 1_000_000)), backward=True)
        if self._source.hls is not None and not self._begun and clock.offset is not None:
            clock.resumed = True
        self._begun, self._pace = True, None
        self._ring.attach(streams)
        packets = 0
        try:
            for packet in container.demux(*streams):
                if self._source.stop.is_set():
                    break
                stamp = packet.pts if packet.pts is not None else packet.dts
                if not packet.size or stamp is None:
                    continue
                packets += 1
                if packets == 1:
                    kinds: list[JsonValue] = [stream.type for stream in streams]
                    self._note("connected", {"tracks": kinds})
                self._packet(packet, float(stamp * packet.time_base))
            for stream in streams:
                self._decode(stream, None)
        finally:
            self._ring.detach()
        return packets

    def _chosen(self, connection: Connection) -> list[Any]:
        """Choose the first picture track and the first sound track; of others it is told that nobody looks."""
        chosen: list[Any] = []
        left: dict[str, JsonValue] = dict(connection.notes)
        for kind in ("video", "audio"):
            found: list[Any] = [stream for stream in connection.container.streams if stream.type == kind]
            known = [stream for stream in found if getattr(stream, "codec_context", None) is not None]
            chosen += known[:1]
            if len(found) > len(known[:1]):
                left[f"live.{kind}.tracks"] = f"{len(found) - len(known[:1])} tracks of {kind} are not looked at"
        for stream in chosen:
            stream.codec_context.thread_count = 1  # many streams share the machine
            if stream.type == "video":
                stream.codec_context.skip_frame = "NONREF"
        if left:
            self._note("incomplete", left)
        return chosen

    def _packet(self, packet: Any, stamp: float) -> None:
        clock = self._clock
        reading = clock.read(stamp, time.time())
        self._came = time.monotonic()
        if reading.jumped or reading.gap:
            self._flush()
        if reading.gap is not None:
            start, end = reading.gap
            self._note("gap", {"start": round(start, 3), "end": round(end, 3), "why": "nothing came"})
        if reading.jumped:
            self._note("clock", {"at": round(reading.time, 3), "why": "the sender set its clock anew"})
        hls = self._source.hls
        if hls is not None and hls.missed > self._missed:
            missed, self._missed = hls.missed - self._missed, hls.missed
            self._note("incomplete", {"live.segments": f"{missed} segments could not be fetched"})
        if hls is not None and hls.last is not None and (not self.segments or self.segments[-1][0] != hls.last):
            self.segments.append((hls.last, reading.time))
        if clock.paced:
            self._wait(reading.time)
        self._ring.add(packet, reading.time)
        self._decode(packet.stream, packet)

    def _wait(self, moment: float) -> None:
        """Read a file at its own speed."""
        now = time.monotonic()
        if self._pace is None:
            self._pace = (moment, now)
        ahead = (moment - self._pace[0]) - (now - self._pace[1])
        if ahead > 0.02:
            self._source.stop.wait(min(ahead, 30.0))

    def _decode(self, stream: Any, packet: Any) -> None:
        import av

        try:
            frames = stream.codec_context.decode(packet)
        except av.FFmpegError:
            if packet is not None:
                self._damage(stream.type)
            return
        offset = self._clock.offset or 0.0
        for frame in frames:
            base = frame.time_base or stream.time_base
            if frame.pts is None or base is None:
                continue
            moment = float(frame.pts * base) + offset
            if moment < self._from - 0.001:
                continue  # read again after a new start, and looked at before
            if stream.type == "audio":
                self._hear(self._listener.take(frame, moment))
                continue
            if getattr(frame, "is_corrupt", False):
                self._damage("video")
            aspect = float(stream.sample_aspect_ratio or 1)
            self._show(self._sampler.take(frame, moment, aspect=aspect))

    def _damage(self, kind: str) -> None:
        self._damaged += 1
        if time.monotonic() - self._told > _TELL_S:
            self._told = time.monotonic()
            count, self._damaged = self._damaged, 0
            self._note("incomplete", {f"live.{kind}": f"{count} damaged packets could not be looked at"})

    def _flush(self) -> None:
        self._show(self._sampler.flush())
        self._hear(self._listener.flush())
        if self._damaged:
            self._told = float("-inf")
            self._damaged -= 1
            self._damage("decode")

    def _show(self, shown: Sequence[Shown]) -> None:
        still, self._sampler.still = self._sampler.still, []
        if shown or still:
            self._sink.pictures(shown, still)

    def _hear(self, parts: Sequence[AudioPart]) -> None:
        if parts:
            self._sink.sound(parts)

    def _note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        self._sink.note(kind, data)
