"""Sends one delivery, and not into the operator's own network: the address is checked as for URLs that are fetched."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx

from evenhand.decode.wire import CheckedBackend, Resolve, resolve_host
from evenhand.errors import FetchError, UserError
from evenhand.settings import Settings

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2_048
_ANSWER = 64 * 2**10  # bytes of an answer that are read before the connection is closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came back."""

    status: int | None  # HTTP status; None: no answer
    error: str | None  # why there is none, or why it is no good; never what the receiver wrote
    ms: float

    @property
    def good(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str) -> httpx.URL:
    """Check the form of a webhook's address.

    Raises:
        UserError: with what is wrong with it.
    """
    try:
        parsed = httpx.URL(url.strip())
        scheme, host = parsed.scheme, parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise UserError("the webhook's URL is not well formed; give one like https://example.org/hook") from None
    if scheme not in _PORTS or not host or len(url) > _LONGEST_URL:
        raise UserError(f"a webhook's URL begins with https:// or http:// and has at most {_LONGEST_URL} characters")
    if parsed.userinfo or parsed.fragment:
        raise UserError("a webhook's URL has neither user name nor password nor fragment; deliveries are signed")
    return parsed


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    settings: Settings,
    *,
    resolve: Resolve = resolve_host,
    tls: ssl.SSLContext | None = None,
) -> Sent:
    """Post a body. Redirects are not followed: they could lead anywhere.

    Args:
        url: as `check_url` takes it.
        body: JSON.
        headers: of the delivery.
        settings: `webhook_timeout_s` over the whole exchange, `webhook_allow_hosts`.
        resolve: the resolver.
        tls: whom to trust; None: the usual authorities.
    """
    started = time.monotonic()
    try:
        status = _post(check_url(url), body, headers, settings, resolve, tls)
        error = None if 200 <= status < 300 else f"the receiver answered with status {status}"
    except FetchError:
        status = None
        error = "the host has no address, or none that is public; allow it with EVENHAND_WEBHOOK_ALLOW_HOSTS"
    except UserError as problem:
        status, error = None, problem.message
    except httpcore.TimeoutException:
        status, error = None, f"no answer within {settings.webhook_timeout_s:g} s"
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError, ValueError) as problem:
        status, error = None, f"the receiver could not be reached ({type(problem).__name__})"
    return Sent(status=status, error=error, ms=round(1000 * (time.monotonic() - started), 1))


def _post(
    url: httpx.URL,
    body: bytes,
    headers: Mapping[str, str],
    settings: Settings,
    resolve: Resolve,
    tls: ssl.SSLContext | None,
) -> int:
    backend = CheckedBackend(
        resolve=resolve,
        allowed=frozenset(entry.lower() for entry in settings.webhook_allow_hosts),
        deadline=time.monotonic() + settings.webhook_timeout_s,
    )
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host.lower(), port=url.port or _PORTS[url.scheme], target=url.raw_path
    )
    sent = [("Host", url.netloc.decode("ascii")), ("Connection", "close"), ("Content-Length", str(len(body)))]
    with (
        httpcore.ConnectionPool(network_backend=backend, ssl_context=tls) as pool,
        pool.stream("POST", target, headers=[*sent, *headers.items()], content=body) as response,
    ):
        read = 0
        for chunk in response.iter_stream():  # a little of it, so that an honest receiver sees its answer taken
            read += len(chunk)
            if read > _ANSWER:
                break
        return int(response.status)
