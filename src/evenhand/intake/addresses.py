"""Addresses of streams: what may be opened, checked before anything is, and shown without their secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from evenhand.decode.addresses import is_public
from evenhand.decode.wire import Resolve, resolve_host
from evenhand.errors import FetchError, InputError

PORTS = {"rtmp": 1935, "rtmps": 443, "rtsp": 554, "rtsps": 322, "srt": 9710, "http": 80, "https": 443}
FILES = frozenset({"mp4", "m4v", "mov", "mkv", "webm", "ts", "flv", "avi", "mp3", "wav", "ogg", "m4a", "flac"})
_LONGEST = 4_096


class RefusedStreamError(FetchError):
    """The address, or one that it leads to, may not be opened; trying again does not help."""

    code = "stream_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a stream comes from."""

    url: str  # as given, with its secrets; "" for a file of this machine
    scheme: str  # a key of PORTS, or "file"
    host: str = ""
    port: int = 0
    path: Path | None = None  # of a file of this machine

    @property
    def paced(self) -> bool:
        """Whether it is a file that is read as if it were live."""
        if self.path is not None:
            return True
        suffix = urlsplit(self.url).path.rpartition(".")[2].lower()
        return self.scheme in {"http", "https"} and suffix in FILES

    @property
    def shown(self) -> str:
        """The address for people and logs: no password, no query, no key of a publisher."""
        return shown(self.url) if self.path is None else str(self.path)

    @property
    def target(self) -> str:
        """The host and port, as operators allow them."""
        return f"{self.host}:{self.port}"


def read_address(given: str, *, files: bool = False) -> Address:
    """Read an address.

    Args:
        given: a URL of one of the schemes in PORTS; with `files` also a path or a file URL.
        files: False for whatever came by HTTP: a server reads none of its own files for callers.

    Raises:
        InputError: it is none of these, or is not well formed.
    """
    text = given.strip()
    if not text or len(text) > _LONGEST or any(ord(letter) < 33 for letter in text if not files):
        raise InputError(f"A stream's address is a URL without blanks, at most {_LONGEST:,} characters long.")
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        raise InputError("The address is not well formed; give one like rtmp://media.example.org/live/name.") from None
    if files and scheme in {"", "file"}:
        path = Path(unquote(parts.path) if scheme else text)
        if not path.is_file():
            raise InputError(f"{path} is not there, or is no file.")
        return Address(url="", scheme="file", path=path)
    if scheme not in PORTS or not host:
        raise InputError(
            f"Streams come from {', '.join(PORTS)} addresses with a host"
            + (", or from a file." if files else "; files of the server are not read.")
        )
    if scheme in {"http", "https"} and parts.username:
        raise InputError("The URL holds a user name or password, which are never sent; remove them.")
    return Address(url=text, scheme=scheme, host=host, port=port or PORTS[scheme])


def checked(host: str, port: int, allowed: frozenset[str], *, resolve: Resolve = resolve_host) -> tuple[str, ...]:
    """Give the addresses of a host, all of them checked; connect to these and look nothing up again.

    Args:
        host: a name or a literal.
        port: of the server.
        allowed: "host:port" targets that the operator allows although they are internal.
        resolve: the resolver.

    Raises:
        RefusedStreamError: one of the addresses is not of the public Internet.
        FetchError: the host has no address; that may pass.
    """
    try:
        found = tuple(resolve(host, port))
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise FetchError(f"{host} has no address; check the URL's spelling")
    if f"{host}:{port}" not in allowed and not all(is_public(address) for address in found):
        raise RefusedStreamError(
            f"{host} is not on the public Internet, and streams are not followed into a network; an operator may allow "
            "the host with EVENHAND_LIVE_ALLOW_HOSTS"
        )
    return found


def shown(url: str) -> str:
    """Give a URL without user, password, query and fragment; of RTMP also without the stream's key."""
    parts: SplitResult = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    place = host if parts.port is None else f"{host}:{parts.port}"
    path = parts.path
    if parts.scheme.lower() in {"rtmp", "rtmps"}:
        path = path.rpartition("/")[0] + "/..."
    return urlunsplit((parts.scheme, place, path, "", ""))
