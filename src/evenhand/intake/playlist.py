"""HLS playlists (RFC 8216), read with limits: what a hostile one names is never opened here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from evenhand.errors import FetchError
from evenhand.intake.addresses import RefusedStreamError

MOST_BYTES = 2**20
_MOST_SEGMENTS = 20_000
_MOST_VARIANTS = 100
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_HEIGHT = 720  # lines of the variant that is preferred


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One media segment."""

    number: int  # media sequence number
    url: str
    seconds: float
    fresh: bool  # a discontinuity lies before it
    head: str | None  # URL of the initialisation section


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One version of a stream in a master playlist."""

    url: str
    bandwidth: int
    height: int
    apart: bool  # its sound is in a playlist of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """A playlist as read."""

    variants: tuple[Variant, ...] = ()  # of a master playlist; the others have pieces
    pieces: tuple[Piece, ...] = ()
    target: float = 2.0  # longest segment, seconds
    ended: bool = False

    def best(self) -> Variant:
        """Give the variant to follow: 720 lines or the next below, with its sound where one has it."""
        fitting = [one for one in self.variants if not one.apart] or list(self.variants)
        low = [one for one in fitting if one.height <= _HEIGHT]
        if low:
            return max(low, key=lambda one: (one.height, one.bandwidth))
        return min(fitting, key=lambda one: (one.height, one.bandwidth))


def read_playlist(text: str, base: str) -> Playlist:
    """Read a playlist.

    Args:
        text: of the file.
        base: URL it came from, after redirects.

    Raises:
        RefusedStreamError: it names something that is neither http nor https.
        FetchError: it is none, or needs what is not understood here.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise FetchError("this is no HLS playlist (#EXTM3U)")
    pieces: list[Piece] = []
    variants: list[Variant] = []
    number, seconds, target, fresh, ended = 0, 0.0, 2.0, False, False
    head: str | None = None
    stream: dict[str, str] | None = None
    apart: set[str] = set()
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        if tag == "#EXTINF":
            seconds = _number(value.partition(",")[0])
        elif tag == "#EXT-X-TARGETDURATION":
            target = min(60.0, max(0.5, _number(value)))
        elif tag == "#EXT-X-MEDIA-SEQUENCE":
            number = int(_number(value))
        elif tag == "#EXT-X-DISCONTINUITY":
            fresh = True
        elif tag == "#EXT-X-ENDLIST":
            ended = True
        elif tag == "#EXT-X-MAP":
            given = _attributes(value)
            if "BYTERANGE" in given:
                raise FetchError("the playlist uses byte ranges, which are not read here; offer whole segments")
            head = _joined(base, given.get("URI", ""))
        elif tag == "#EXT-X-BYTERANGE":
            raise FetchError("the playlist uses byte ranges, which are not read here; offer whole segments")
        elif tag == "#EXT-X-KEY" and _attributes(value).get("METHOD", "NONE") != "NONE":
            raise FetchError("the stream is encrypted, which is not read here; offer it unencrypted")
        elif tag == "#EXT-X-MEDIA":
            given = _attributes(value)
            if given.get("TYPE") == "AUDIO" and "URI" in given:
                apart.add(given.get("GROUP-ID", ""))
        elif tag == "#EXT-X-STREAM-INF":
            stream = _attributes(value)
        elif line and not line.startswith("#"):
            url = _joined(base, line)
            if stream is not None:
                variants.append(_variant(url, stream, apart))
                stream = None
            else:
                pieces.append(Piece(number=number, url=url, seconds=seconds, fresh=fresh, head=head))
                number, fresh = number + 1, False
        if len(pieces) > _MOST_SEGMENTS or len(variants) > _MOST_VARIANTS:
            raise FetchError("the playlist is far too long")
    if not pieces and not variants and not target:
        raise FetchError("the playlist is empty")
    return Playlist(variants=tuple(variants), pieces=tuple(pieces), target=target, ended=ended)


def _variant(url: str, given: dict[str, str], apart: set[str]) -> Variant:
    height = given.get("RESOLUTION", "").rpartition("x")[2]
    return Variant(
        url=url,
        bandwidth=int(_number(given.get("BANDWIDTH", "0"))),
        height=int(_number(height)) if height else 0,
        apart=given.get("AUDIO") in apart,
    )


def _joined(base: str, reference: str) -> str:
    url = urljoin(base, reference)
    scheme = urlsplit(url).scheme.lower()
    if scheme not in {"http", "https"}:
        raise RefusedStreamError(
            f"the playlist names something by {scheme[:20] or 'no scheme'!r}; only http and https addresses are fetched"
        )
    return url


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _number(text: str) -> float:
    try:
        value = float(text.strip())
    except ValueError:
        raise FetchError("the playlist is damaged: a number is none") from None
    if not 0 <= value < 2**63:
        raise FetchError("the playlist is damaged: a number is out of range")
    return value
