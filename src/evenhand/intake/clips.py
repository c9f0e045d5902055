"""The last seconds of a stream as they came, so that a clip of an incident can be kept without coding it again."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.errors import NotFoundError, StoreError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.packet import Packet

_MOST_BYTES = 48 * 2**20  # of one stream
_NAME = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class _Held:
    index: int
    data: bytes
    pts: int | None
    dts: int | None
    duration: int
    base: Fraction
    key: bool
    moment: float  # seconds of the stream


class Ring:
    """Packets of the last seconds, as they were coded.

    Args:
        seconds: how many.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._lock = seconds, threading.Lock()
        self._held: deque[_Held] = deque()
        self._size = 0
        self._streams: list[Any] = []
        self._video: int | None = None
        self._last: bytes | None = None  # of the connection before

    def attach(self, streams: list[Any]) -> None:
        """Begin with the streams of a new connection."""
        with self._lock:
            self._held.clear()
            self._size, self._streams = 0, streams
            self._video = next((stream.index for stream in streams if stream.type == "video"), None)

    def detach(self) -> None:
        """Let go of the streams before their connection is closed; what is held can still be had."""
        with self._lock:
            self._last = self._written(float("-inf"))
            self._streams = []
            self._held.clear()
            self._size = 0

    def add(self, packet: Packet[Any], moment: float) -> None:
        """Keep a packet."""
        base = packet.time_base
        held = _Held(
            packet.stream_index, bytes(packet), packet.pts, packet.dts, packet.duration or 0,
            Fraction(base.numerator, base.denominator), bool(packet.is_keyframe), moment,
        )  # fmt: skip
        with self._lock:
            self._held.append(held)
            self._size += len(held.data)
            while self._held and (self._size > _MOST_BYTES or self._held[0].moment < moment - self._seconds):
                self._size -= len(self._held.popleft().data)

    def clip(self, since: float) -> bytes | None:
        """Give a Matroska file of what came since a moment, from the keyframe before it; None: nothing is held."""
        with self._lock:
            return self._written(since) if self._streams else self._last

    def _written(self, since: float) -> bytes | None:
        import av

        held = list(self._held)
        starts = [at for at, one in enumerate(held) if one.key and one.index == self._video]
        if self._video is not None:
            if not starts:
                return None
            held = held[max([at for at in starts if held[at].moment <= since], default=starts[0]) :]
        else:
            held = [one for one in held if one.moment >= since]
        if not held:
            return None
        out = BytesIO()
        first = min(float((one.dts if one.dts is not None else one.pts or 0) * one.base) for one in held)
        try:
            with av.open(out, "w", format="matroska") as container:
                made = {stream.index: container.add_stream_from_template(stream) for stream in self._streams}
                for one in held:
                    if one.index not in made:
                        continue
                    packet: Any = av.Packet(one.data)
                    shift = round(first / one.base)
                    packet.pts = None if one.pts is None else one.pts - shift
                    packet.dts = None if one.dts is None else one.dts - shift
                    packet.duration, packet.time_base = one.duration, one.base
                    packet.is_keyframe, packet.stream = one.key, made[one.index]
                    container.mux(packet)
        except (av.FFmpegError, ValueError, OSError):
            return None
        return out.getvalue()


class Clips:
    """Where clips lie: a folder for each stream, beside the submitted files.

    Args:
        settings: where.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = (settings.blobs or settings.data_dir / "blobs") / "streams"

    def save(self, stream: str, incident: str, data: bytes) -> None:
        """Keep the clip of an incident; a longer one takes its place.

        Raises:
            StoreError: it cannot be written.
        """
        folder = self._folder / stream
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = folder / f"{incident}.{os.getpid()}.part"
            with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out:
                out.write(data)
            os.replace(part, folder / f"{incident}.mkv")
        except OSError as error:
            raise StoreError(f"A clip could not be kept in {folder}: {error.strerror or error}.") from error

    def path(self, stream: str, incident: str) -> Path:
        """Give the path of a clip.

        Raises:
            NotFoundError: there is none.
        """
        path = self._folder / stream / f"{incident}.mkv"
        if not (_NAME.fullmatch(stream) and _NAME.fullmatch(incident) and path.is_file()):
            raise NotFoundError("no clip of this incident is kept; workers on several machines need a shared folder")
        return path

    def remove(self, stream: str) -> None:
        """Delete a stream's clips."""
        if _NAME.fullmatch(stream):
            shutil.rmtree(self._folder / stream, ignore_errors=True)
