"""HLS: playlists and segments fetched one by one, every address checked, and given on as one run of bytes."""

from __future__ import annotations

import threading
import time
from collections import deque
from urllib.parse import urlsplit

from evenhand.decode.fetch import fetch
from evenhand.errors import FetchError
from evenhand.intake.addresses import PORTS, checked
from evenhand.intake.playlist import MOST_BYTES, Piece, Playlist, Variant, read_playlist
from evenhand.settings import Settings

_BEHIND = 3  # segments before the live edge at which following begins, as the RFC says
_STALE = 6  # target durations without a new segment after which the stream is seen as interrupted
_FAILED = 3  # tries of one segment


class Hls:
    """An HLS stream, from its first connection to its end.

    Args:
        url: of the playlist.
        settings: limits of fetching.
        allowed: "host:port" targets that may be internal.
        stop: set when nothing more is wanted.
        last: number of the segment that was read last, of a stream that is taken up again.
    """

    def __init__(
        self, url: str, settings: Settings, *, allowed: frozenset[str], stop: threading.Event, last: int | None = None
    ) -> None:
        hosts = (*settings.fetch_allow_hosts, *allowed)
        self._url, self._media_url = url, url
        self._settings = settings.model_copy(update={"fetch_allow_hosts": hosts, "fetch_urls": True})
        self._allowed, self._stop = frozenset(hosts), stop
        self.last = last
        self.recorded = False  # the playlist was complete from the start: it is played as if it were live
        self.ended = False
        self.missed = 0  # segments that could not be had
        self.apart = False  # the sound is in a playlist that is not read
        self.error: Exception | None = None
        self._waiting: deque[Piece] = deque()
        self._target = 2.0
        self._begun = False
        self._held = b""
        self._head: str | None = None
        self._cut = False  # what follows is another run of bytes

    @property
    def over(self) -> bool:
        """Whether its end was read."""
        return self.ended and not self._waiting and not self._held

    def connect(self) -> None:
        """Read the playlist, of a master the one to follow, and fetch the first segment.

        Raises:
            RefusedStreamError: it leads where nothing may be fetched.
            FetchError: it cannot be had or read.
        """
        self.error, self._cut = None, False
        if not self._begun:
            first = self._playlist(self._url)
            if first.variants:
                chosen: Variant = first.best()
                self._media_url, self.apart = chosen.url, chosen.apart
                first = self._playlist(chosen.url)
                if first.variants:
                    raise FetchError("the master playlist leads to another master playlist")
            self.recorded = first.ended
        else:
            first = self._playlist(self._media_url)
        self._take(first)
        self._begun = True
        self._held = self._held or self._next(begin=True)
        if not self._held and self.error is not None:
            raise self.error

    def format(self) -> str:
        """Name FFmpeg's reader for what comes."""
        if self._held[:1] == b"\x47":
            return "mpegts"
        if self._held[4:8] in {b"ftyp", b"styp", b"moof", b"sidx", b"moov"}:
            return "mov"
        return "aac"

    def read(self, size: int) -> bytes:
        """Give the next bytes; none: this run is over, `error` and `ended` say why."""
        try:
            if not self._held:
                self._held = self._next()
        except Exception as error:
            self.error = error
            return b""
        out, self._held = self._held[:size], self._held[size:]
        return out

    def _next(self, *, begin: bool = False) -> bytes:
        """Fetch the next segment; none where the run ends."""
        if self._cut and not begin:
            return b""
        since, failed = time.monotonic(), 0
        while not self._stop.is_set():
            if not self._waiting:
                if self.ended:
                    return b""
                if time.monotonic() - since > max(10.0, _STALE * self._target):
                    raise FetchError("the playlist names no new segments any more")
                self._stop.wait(min(5.0, max(0.3, self._target / 2)))
                if not self._stop.is_set():
                    self._take(self._playlist(self._media_url))
                continue
            piece = self._waiting[0]
            other = piece.head != self._head and self._head is not None
            if (piece.fresh or other) and not begin:
                self._cut = True  # begun anew with the next connection
                return b""
            try:
                data = self._get(piece.url, self._settings.max_file_bytes)
                if piece.head is not None and begin:
                    data = self._get(piece.head, self._settings.max_file_bytes) + data
            except FetchError as error:
                failed += 1
                if failed < _FAILED and error.code == FetchError.code:
                    self._stop.wait(0.5 * failed)
                    continue
                if error.code != FetchError.code:
                    raise
                self._waiting.popleft()
                self.last, self.missed, failed = piece.number, self.missed + 1, 0
                continue
            self._waiting.popleft()
            self._head, self.last = piece.head, piece.number
            if data:
                return data
        return b""

    def _take(self, playlist: Playlist) -> None:
        """Put what is new into the queue."""
        if playlist.variants:
            raise FetchError("the playlist became a master playlist")
        self._target, self.ended = playlist.target, playlist.ended
        pieces = playlist.pieces
        known = self._waiting[-1].number if self._waiting else self.last
        if known is not None and pieces and pieces[-1].number < known - len(pieces):
            known = None  # the server counts from the start again
        if known is not None:
            pieces = tuple(piece for piece in pieces if piece.number > known)
        elif not playlist.ended:
            pieces = pieces[-_BEHIND:]
        self._waiting.extend(pieces)

    def _playlist(self, url: str) -> Playlist:
        self._check(url)
        got = fetch(url, self._settings, max_bytes=MOST_BYTES)
        return read_playlist(got.data.decode("utf-8", "replace"), got.final_url)

    def _get(self, url: str, most: int) -> bytes:
        self._check(url)
        return fetch(url, self._settings, max_bytes=most).data

    def _check(self, url: str) -> None:
        """Refuse for good what `fetch` would refuse as if it might pass. It checks again, and pins what it found."""
        parts = urlsplit(url)
        checked(parts.hostname or "", parts.port or PORTS[parts.scheme.lower()], self._allowed)
