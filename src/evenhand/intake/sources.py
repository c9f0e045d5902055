"""Opens a stream, whatever it comes by, so that nothing in it can reach elsewhere."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from evenhand.decode.fetch import fetch
from evenhand.decode.media import MEDIA
from evenhand.decode.media.container import AUDIO_CODECS, VIDEO_CODECS, opened
from evenhand.decode.sniff import sniff
from evenhand.errors import FetchError, InputError, UnsupportedError
from evenhand.intake.addresses import Address, RefusedStreamError, checked
from evenhand.intake.hls import Hls
from evenhand.intake.relay import Relay
from evenhand.intake.srt import Srt
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer

CONNECT_S = 10.0
SILENCE_S = 15.0  # without a byte after which a connection is given up
_LIMITS = {
    "codec_whitelist": ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS)),
    "max_streams": "16",
    "probesize": "1000000",
    "analyzeduration": "2000000",  # two seconds: what comes later is found by no probing of a live stream
}


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int) -> bytes:
        """Give up to `size` bytes; none: it is over."""
        ...


@dataclass(slots=True)
class Connection:
    """An open stream."""

    container: InputContainer
    why: Callable[[], Exception | None] = field(default=lambda: None)  # asked after its end: what ended it
    notes: dict[str, str] = field(default_factory=dict)  # what of it is not looked at, and why


class Source:
    """One stream, connected to again and again.

    Args:
        address: of the stream.
        settings: limits.
        allowed: "host:port" targets that may be internal.
        last: number of the HLS segment that was read last, of a stream that is taken up again.
    """

    def __init__(
        self, address: Address, settings: Settings, *, allowed: frozenset[str] = frozenset(), last: int | None = None
    ) -> None:
        self.address, self._settings = address, settings
        self.allowed = allowed | frozenset(settings.live_allow_hosts)
        self.stop = threading.Event()
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._cut: list[Callable[[], None]] = []
        self.hls: Hls | None = None
        if address.scheme in {"http", "https"} and not address.paced:
            self.hls = Hls(address.url, settings, allowed=self.allowed, stop=self.stop, last=last)

    @property
    def paced(self) -> bool:
        """Whether it comes as fast as we read, and has to be read at its own speed."""
        return self.address.paced or (self.hls is not None and self.hls.recorded)

    @property
    def over(self) -> bool:
        """Whether it has an end, which has come."""
        return self.address.paced or (self.hls is not None and self.hls.over)

    def close(self) -> None:
        """Cut whatever is open, from any thread; a reader that waits for bytes comes back."""
        self.stop.set()
        with self._lock:
            cut, self._cut = self._cut, []
        for one in cut:
            one()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open it.

        Raises:
            RefusedStreamError, UnsupportedError: it may or can not be opened; trying again does not help.
            InputError: it cannot be opened now.
        """
        with ExitStack() as stack:
            stack.callback(self._forget)
            scheme = self.address.scheme
            if self.address.paced:
                yield self._file(stack)
            elif self.hls is not None:
                yield self._hls(self.hls, stack)
            elif scheme == "srt":
                yield self._srt(stack)
            else:
                yield self._relayed(stack)

    def _relayed(self, stack: ExitStack) -> Connection:
        import av

        address, scheme = self.address, self.address.scheme
        found = checked(address.host, address.port, self.allowed)
        rtsp = scheme.startswith("rtsp")
        relay = Relay(address.host, address.port, found, tls=scheme.endswith("s"), redirects=rtsp, timeout_s=CONNECT_S)
        self._closes(relay.close, stack)
        parts = urlsplit(address.url)
        user = parts.netloc.rpartition("@")[0]
        plain = "rtsp" if rtsp else "rtmp"
        local = urlunsplit(
            (
                plain,
                f"{user}@127.0.0.1:{relay.port}" if user else f"127.0.0.1:{relay.port}",
                parts.path,
                parts.query,
                "",
            )
        )
        options = {**_LIMITS, "protocol_whitelist": f"{plain},tcp"}
        options |= {"rtsp_transport": "tcp", "max_pixels": str(self._settings.max_pixels)} if rtsp else {}
        if not rtsp:
            app = parts.path.strip("/").partition("/")[0]
            options |= {"rtmp_live": "live", "rtmp_tcurl": urlunsplit((scheme, parts.netloc, f"/{app}", "", ""))}
        try:
            container = av.open(
                local, "r", format="rtsp" if rtsp else "flv", options=options, timeout=(CONNECT_S + 5, SILENCE_S),
                metadata_errors="replace",
            )  # fmt: skip
        except Exception as error:
            if relay.refused is not None:
                raise RefusedStreamError(relay.refused) from error
            raise FetchError(f"{address.shown} offers no stream now, or none that can be read") from error
        stack.enter_context(container)
        refused = relay
        return Connection(container, lambda: RefusedStreamError(refused.refused) if refused.refused else None)

    def _srt(self, stack: ExitStack) -> Connection:
        address = self.address
        found = checked(address.host, address.port, self.allowed)
        child = Srt(address.url, found[0], address.port, timeout_s=CONNECT_S)
        self._closes(child.close, stack)
        return Connection(self._bytes(child, "mpegts", stack))

    def _hls(self, hls: Hls, stack: ExitStack) -> Connection:
        hls.connect()
        notes = {}
        if hls.apart:
            notes["live.audio"] = "its sound is in a playlist of its own, which is not read"
        return Connection(self._bytes(hls, hls.format(), stack), lambda: hls.error, notes)

    def _file(self, stack: ExitStack) -> Connection:
        path = self.address.path or self._fetched(stack)
        with path.open("rb") as stream:
            media = sniff(stream.read(65_536))
        if media is None or media not in MEDIA:
            raise UnsupportedError("the file is neither a video nor a sound that can be read")
        container = stack.enter_context(opened(path, media, pixels=self._settings.max_pixels))
        return Connection(container)

    def _fetched(self, stack: ExitStack) -> Path:
        """Fetch a file that is then read as if it were live."""
        address = self.address
        checked(address.host, address.port, self.allowed)
        hosts = (*self._settings.fetch_allow_hosts, *self.allowed)
        settings = self._settings.model_copy(update={"fetch_allow_hosts": hosts})
        held = stack.enter_context(tempfile.NamedTemporaryFile(prefix="evenhand-live-"))  # noqa: SIM115
        most = min(settings.max_job_bytes, settings.max_media_bytes)
        fetch(address.url, settings, into=held.write, max_bytes=most, timeout_s=600.0)
        held.flush()
        return Path(held.name)

    def _bytes(self, stream: Readable, reader: str, stack: ExitStack) -> InputContainer:
        import av

        options = {**_LIMITS, "protocol_whitelist": "none-at-all", "format_whitelist": _formats(reader)}
        options["max_pixels"] = str(self._settings.max_pixels)
        try:
            container = av.open(
                _OneWay(stream), "r", format=reader, options=options, metadata_errors="replace", io_open=_refuse,
                buffer_size=1 << 16,
            )  # fmt: skip
        except Exception as error:
            known = getattr(stream, "error", None)
            if isinstance(known, InputError):
                raise known from error
            raise FetchError(f"{self.address.shown} offers no stream now, or none that can be read") from error
        return stack.enter_context(container)

    def _closes(self, close: Callable[[], None], stack: ExitStack) -> None:
        with self._lock:
            self._cut.append(close)
        stack.callback(close)
        if self.stop.is_set():
            close()

    def _forget(self) -> None:
        with self._lock:
            self._cut.clear()


class _OneWay:
    """The part of a byte stream that FFmpeg may use: it reads on, sees no name and cannot go back."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Give up to `size` bytes."""
        return self._stream.read(size)


def _formats(reader: str) -> str:
    return "mov,mp4,m4a,3gp,3g2,mj2" if reader == "mov" else reader


def _refuse(*_: Any) -> Any:
    raise PermissionError("a stream may not open anything")
