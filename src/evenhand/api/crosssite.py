"""What a web site may not make somebody's browser do here: forged requests, and names pointed at this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from evenhand.api.refusals import ForbiddenError, is_loopback
from evenhand.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_foreign_host(request: Request, settings: Settings) -> None:
    """Refuse a request under a name that is not this server's, where being on this machine is all that is asked for.

    A site's own name, pointed at 127.0.0.1 once its page is loaded, would make this server part of that site.

    Raises:
        ForbiddenError: the name is neither localhost, nor an address of loopback, nor a trusted one.
    """
    given = request.headers.get("host", "")
    name = _host(f"//{given}")
    trusted = {entry.rpartition(":")[0] or entry for entry in (*settings.trusted_hosts, *settings.signed_hosts)}
    own = _host(settings.public_url or "")
    if name is None or not (is_loopback(name) or name in {entry.lower() for entry in trusted} or name == own):
        raise ForbiddenError(
            f"This server needs no login, and answers only as localhost; {given[:100]!r} is another name. "
            "Name it in EVENHAND_TRUSTED_HOSTS if it is yours."
        )


def refuse_cross_site(request: Request) -> None:
    """Refuse what another site's page makes a browser send, where it changes something.

    Raises:
        ForbiddenError: the browser says so, or names another origin.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site in {"cross-site", "same-site"}
    if site is None and origin is not None:
        there = urlsplit(origin).netloc.lower() if "://" in origin else ""
        foreign = there != request.headers.get("host", "").lower()
    if foreign:
        raise ForbiddenError("Another web site sent this request through a browser; that is not allowed.")


def _host(address: str) -> str | None:
    try:
        return (urlsplit(address).hostname or "").lower().rstrip(".") or None
    except ValueError:
        return None
