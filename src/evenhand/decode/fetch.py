"""Fetching a URL that a stranger chose, without becoming their way into the operator's network.

Every hop is checked anew: scheme, form of the URL, and every address of its host (`wire.py`). Nothing of the
environment is used: no proxies, cookies, credentials or .netrc. What the server sent is never part of an error message.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import httpcore
import httpx

from evenhand.decode.wire import CheckedBackend, Resolve, resolve_host
from evenhand.errors import FetchError, TooLargeError
from evenhand.settings import Settings

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_URL = 4096
_PORTS = {"http": 80, "https": 443}
_HEADERS = [("User-Agent", "evenhand"), ("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Connection", "close")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What an address gave."""

    data: bytes  # the body, unpacked
    media_type: str | None  # the Content-Type header; a hint
    final_url: str  # after redirects


@dataclass(frozen=True, slots=True)
class _How:
    tls: ssl.SSLContext | None
    into: Callable[[bytes], object] | None
    max_bytes: int
    timeout_s: float


def fetch(
    url: str,
    settings: Settings,
    *,
    resolve: Resolve = resolve_host,
    tls: ssl.SSLContext | None = None,
    into: Callable[[bytes], object] | None = None,
    max_bytes: int | None = None,
    timeout_s: float | None = None,
) -> Fetched:
    """Fetch a URL of the public Internet.

    Args:
        url: http or https, without credentials; any port.
        settings: `max_file_bytes`, `fetch_timeout_s` over the whole fetch, `fetch_redirects`, `fetch_allow_hosts`.
        resolve: the resolver, asked once for each hop.
        tls: whom to trust; None: the usual authorities.
        into: is given the body piece by piece, for files that are not held in memory; `data` is then empty.
        max_bytes: instead of `max_file_bytes`.
        timeout_s: instead of `fetch_timeout_s`.

    Raises:
        FetchError: the URL may not be fetched, or could not.
        TooLargeError: the body, as sent or unpacked, is over `max_file_bytes`.
    """
    if not settings.fetch_urls:
        raise FetchError("fetching URLs is switched off here (EVENHAND_FETCH_URLS); send the file itself")
    how = _How(tls, into, max_bytes or settings.max_file_bytes, timeout_s or settings.fetch_timeout_s)
    deadline = time.monotonic() + how.timeout_s
    allowed = frozenset(entry.lower() for entry in settings.fetch_allow_hosts)
    for _ in range(settings.fetch_redirects + 1):
        backend = CheckedBackend(resolve=resolve, allowed=allowed, deadline=deadline)
        answer = _one_hop(_parse(url), backend, how)
        if isinstance(answer, Fetched):
            return answer
        url = answer
    raise FetchError(f"the URL redirects more than {settings.fetch_redirects} times; send the final address")


def _parse(url: str) -> httpx.URL:
    """Check the form of a URL."""
    if len(url) > _LONGEST_URL:
        raise FetchError(f"the URL is longer than {_LONGEST_URL:,} characters")
    try:
        parsed = httpx.URL(url.strip())
        scheme, host, port = parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise FetchError("the URL is not well formed; send one like https://example.org/picture.jpg") from None
    if scheme not in _PORTS or not host:
        raise FetchError("only http and https URLs with a host are fetched; send the file itself")
    if parsed.userinfo:
        raise FetchError("the URL holds a user name or password, which are never sent; remove them")
    if port is not None and not 0 < port < 65536:
        raise FetchError("the URL's port is out of range")
    return parsed


def _one_hop(url: httpx.URL, backend: CheckedBackend, how: _How) -> Fetched | str:
    """Give the body, or the address that the server redirects to."""
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host.lower(), port=url.port or _PORTS[url.scheme], target=url.raw_path
    )
    headers = [("Host", url.netloc.decode("ascii")), *_HEADERS]
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend, ssl_context=how.tls) as pool,
            pool.stream("GET", target, headers=headers) as response,
        ):
            fields = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in _REDIRECTS and b"location" in fields:
                return urljoin(str(url), fields[b"location"])
            if response.status != 200:
                raise FetchError(f"{url.host} answered with status {response.status}; check that the URL is public")
            return Fetched(
                data=_body(response.iter_stream(), fields, how),
                media_type=fields.get(b"content-type"),
                final_url=str(url),
            )
    except httpcore.TimeoutException:
        raise FetchError(
            f"{url.host} did not send everything within {how.timeout_s:g} s; send the file itself"
        ) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError, ValueError):
        raise FetchError(f"{url.host} could not be reached, or does not speak proper HTTP; check the URL") from None


def _body(chunks: Iterable[bytes], fields: dict[bytes, str], how: _How) -> bytes:
    """Read the body; stop at the limit, on the wire and after unpacking."""
    limit = how.max_bytes
    announced = fields.get(b"content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    encoding = fields.get(b"content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        chunks = _inflate(chunks, limit, encoding)
    elif encoding not in {"", "identity"}:
        raise FetchError("the server packs its answer in a way that was not asked for; send the file itself")
    parts, size = list[bytes](), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if how.into is None:
            parts.append(chunk)
        else:
            how.into(chunk)
    return b"".join(parts)


def _inflate(chunks: Iterable[bytes], limit: int, encoding: str) -> Iterator[bytes]:
    """Unpack gzip or deflate, a mebibyte at a time, so that a bomb is met by the limit and not by memory."""
    unpack = zlib.decompressobj(47 if encoding != "deflate" else 15)
    sent = 0
    try:
        for chunk in chunks:
            sent += len(chunk)
            if sent > limit:
                raise _too_large(limit)
            pending = chunk
            while pending and not unpack.eof:
                yield unpack.decompress(pending, 2**20)
                pending = unpack.unconsumed_tail
    except zlib.error:
        raise FetchError("the server's packed answer is damaged; send the file itself") from None
    if not unpack.eof:
        raise FetchError("the server's packed answer is cut short; send the file itself")


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the URL gives more than the limit of {limit:,} bytes; send a smaller file")
