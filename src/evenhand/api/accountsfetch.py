"""Talks to the provider of single sign-on, and to nobody else inside the operator's network."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpcore
import httpx
import orjson

from evenhand.accounts.provider import host_of
from evenhand.decode.wire import CheckedBackend, Resolve, resolve_host
from evenhand.errors import FetchError, SystemFault
from evenhand.settings import Settings

_TIMEOUT_S = 10.0
_MOST = 512 * 2**10  # bytes of an answer


class ProviderError(SystemFault):
    """The provider of single sign-on cannot be reached, or answers with something that cannot be used."""

    code = "provider_failed"
    status = 502


def ask(
    url: str,
    settings: Settings,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    resolve: Resolve = resolve_host,
    tls: ssl.SSLContext | None = None,
) -> Any:
    """Get JSON, or post a form and get JSON. Redirects are not followed.

    The issuer's own host is the operator's choice, and may be internal; every other host must be public, or named in
    EVENHAND_OIDC_ALLOW_HOSTS: a discovery document does not lead into the operator's network.

    Args:
        url: https, or http on loopback; checked by `accounts.provider`.
        settings: the issuer, and further hosts.
        form: sent by POST; None: GET.
        headers: further ones.
        resolve: the resolver.
        tls: whom to trust; None: the usual authorities.

    Raises:
        ProviderError: no answer in time, none with status 200, or none of JSON.
    """
    parsed = httpx.URL(url)
    backend = CheckedBackend(
        resolve=resolve,
        allowed=frozenset({host_of(settings.oidc_issuer or ""), *map(str.lower, settings.oidc_allow_hosts)}),
        deadline=time.monotonic() + _TIMEOUT_S,
    )
    port = parsed.port or {"http": 80}.get(parsed.scheme, 443)
    target = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host.lower(), port=port, target=parsed.raw_path)
    body = None if form is None else urlencode(form).encode()
    sent = [("Host", parsed.netloc.decode("ascii")), ("Accept", "application/json"), ("Connection", "close")]
    if body is not None:
        sent += [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    method = "GET" if body is None else "POST"
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend, ssl_context=tls) as pool,
            pool.stream(method, target, headers=[*sent, *(headers or {}).items()], content=body) as response,
        ):
            parts, size = list[bytes](), 0
            for chunk in response.iter_stream():
                size += len(chunk)
                if size > _MOST:
                    raise ProviderError("The provider of single sign-on answers with more than can be read.")
                parts.append(chunk)
            if response.status != 200:
                raise ProviderError(f"The provider of single sign-on answered with status {response.status}.")
            return orjson.loads(b"".join(parts))
    except FetchError:
        raise ProviderError(
            f"{parsed.host} has no address, or none that is public; allow it with EVENHAND_OIDC_ALLOW_HOSTS."
        ) from None
    except httpcore.TimeoutException:
        raise ProviderError(f"The provider of single sign-on did not answer within {_TIMEOUT_S:g} s.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError, ValueError) as error:
        raise ProviderError(f"The provider of single sign-on gave no answer ({type(error).__name__}).") from error
