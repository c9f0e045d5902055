"""One process that decodes, as its owner sees it."""

from __future__ import annotations

import mmap
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from evenhand.decode.apart import wire
from evenhand.decode.apart.nursery import nursery
from evenhand.decode.media import MediaSource
from evenhand.errors import InputError, SystemFault, TooLargeError, UnsupportedError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

_GRACE_S = 15.0  # beyond the limit that decoding itself keeps, for what does not come back to look at the clock
_KINDS = {kind.__name__: kind for kind in (InputError, TooLargeError, UnsupportedError)}
_READ = (  # all that decoding needs to know; no secret
    "max_pixels", "max_file_bytes", "max_media_bytes", "max_media_s", "media_timeout_s", "media_segment_s",
    "frame_interval_s", "keyframe_interval_s", "threads", "max_frames", "decode_timeout_s",
)  # fmt: skip


class CrashedError(InputError):
    """What a file holds ended the process that decoded it."""


class Child:
    """A process that decodes one file.

    Args:
        source: the file.
        settings: limits.

    Raises:
        SystemFault: it cannot be started.
        InputError: the file cannot be opened.
    """

    def __init__(self, source: MediaSource, settings: Settings) -> None:
        self._settings, self._lock = settings, threading.Lock()
        self._ours, theirs = socket.socketpair()
        self._status, told = os.pipe()
        self._process: int | None = None
        file = shared = -1
        try:
            file = _open(source)
            shared = os.memfd_create("evenhand-frames", os.MFD_CLOEXEC)
            os.ftruncate(shared, wire.SHARED_BYTES)
            self._frames = mmap.mmap(shared, wire.SHARED_BYTES, prot=mmap.PROT_READ)
            self._process = nursery().fork([theirs.fileno(), file, shared, told])
        except OSError as error:
            self.close()
            raise SystemFault(f"decoding cannot begin: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()
            for one in (file, shared, told):
                if one >= 0:
                    os.close(one)
        threads = settings.threads or os.cpu_count() or 1
        self._limit_s = settings.media_timeout_s + _GRACE_S
        first = {
            "settings": {name: getattr(settings, name) for name in _READ if hasattr(settings, name)},
            "memory": settings.media_memory_mb * 2**20,
            "cpu_s": self._limit_s * threads,
        }
        self.confined = bool(self.ask(first)[0].get("confined"))

    def ask(self, what: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Ask for something and wait for the answer.

        Raises:
            CrashedError: the process ended, or had to be ended.
            InputError: decoding says so.
        """
        with self._lock:
            if self._process is None:
                raise CrashedError("the process that decoded it has ended")
            try:
                wire.send(self._ours, what)
                answer, raw = wire.receive(self._ours, deadline=time.monotonic() + self._limit_s)
            except (wire.BrokenError, OSError) as error:
                raise CrashedError(self._why(str(error))) from error
        if "error" in answer:
            raise _KINDS.get(str(answer["error"]), InputError)(str(answer.get("message", ""))[:2_000])
        return answer, raw

    def frame(self, slot: int, size: tuple[int, int]) -> Image:
        """Give a frame that was handed over, RGB, as the owner's own.

        Args:
            slot: of the shared memory.
            size: width and height.
        """
        length = size[0] * size[1] * 3
        if not (0 <= slot < wire.SLOTS and size[0] > 0 and size[1] > 0 and length <= wire.SLOT_BYTES):
            raise InputError("decoding gave a picture without a size")
        from PIL import Image as Pillow

        begin = slot * wire.SLOT_BYTES
        with memoryview(self._frames) as whole, whole[begin : begin + length] as pixels:
            return Pillow.frombytes("RGB", size, pixels)

    def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        self._ours.close()
        if process is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
        if self._status >= 0:
            os.close(self._status)
            self._status = -1
        if hasattr(self, "_frames"):
            self._frames.close()

    def _why(self, broken: str) -> str:
        """End the process, and say what became of it."""
        process, self._process = self._process, None
        late = broken == "it took too long"
        if process is not None:
            if late:
                with suppress(OSError):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            ready, _, _ = select.select([self._status], [], [], 5.0)
            status = os.read(self._status, 16).decode() if ready else ""
            with suppress(OSError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
            if not late and status.startswith("-") and status[1:].isdigit():
                number = int(status[1:])
                if number == signal.SIGXCPU:
                    return "decoding it took more processor time than EVENHAND_MEDIA_TIMEOUT_S allows"
                name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
                return f"it made the decoder crash ({name}); only the process that decoded it has ended"
        if late:
            return f"decoding it did not come back within {self._limit_s:g} s (EVENHAND_MEDIA_TIMEOUT_S)"
        return "the process that decoded it has ended; only that process has"


def _open(source: MediaSource) -> int:
    if not isinstance(source, bytes):
        try:
            return os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise InputError("the file is gone, or may not be read; send it again") from error
    file = os.memfd_create("evenhand-file", os.MFD_CLOEXEC)
    try:
        left = memoryview(source)
        while left:
            left = left[os.write(file, left) :]
    except BaseException:
        os.close(file)
        raise
    return file
