"""For dialects whose callers sign their requests: key pairs, dates and replays. Signatures are the dialect's own."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from evenhand.api.state import state_of
from evenhand.errors import AuthError
from evenhand.store import DialectKey

_ISO = "%Y-%m-%dT%H:%M:%SZ"


class BadSignatureError(AuthError):
    """The signature is not that of this request with this key pair."""

    code = "bad_signature"


class StaleDateError(AuthError):
    """The date of a signed request is too far from the clock here."""

    code = "stale_date"


class ReplayedError(AuthError):
    """A signed request came a second time."""

    code = "replayed"


async def key_pair(request: Request, dialect: str, access_id: str) -> DialectKey:
    """Find the pair that a request says it is signed with.

    Args:
        request: the request.
        dialect: name of the dialect.
        access_id: the public half, as the request names it.

    Raises:
        AuthError: it is unknown, revoked or expired.
        SettingsError: EVENHAND_SECRET_KEY is not the one that it was made with.
    """
    return await asyncio.to_thread(state_of(request).store.dialect_keys.find, access_id, dialect=dialect)


def compare(expected: str, given: str, *, what: str) -> None:
    """Compare two signatures in constant time.

    Args:
        expected: what it should be.
        given: what was sent.
        what: the string that was signed here, for those who debug their client; holds no secret.

    Raises:
        BadSignatureError: they differ.
    """
    if not hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass")):
        raise BadSignatureError(
            "The signature does not match. Check the secret, and that no proxy changed the request "
            f"(EVENHAND_SIGNED_HOSTS names further hosts). The server signed: {what[:2000]!r}"
        )


def hosts(request: Request) -> list[str]:
    """Give the hosts that a signature may be over: the one in the request, and those of EVENHAND_SIGNED_HOSTS."""
    sent = request.headers.get("host", "")
    return [sent, *(host for host in state_of(request).moderator.settings.signed_hosts if host != sent)]


def check_date(request: Request, moment: datetime) -> None:
    """Refuse a date outside EVENHAND_SIGNATURE_WINDOW_S.

    Args:
        request: the request.
        moment: its date; aware.

    Raises:
        StaleDateError: it is too old or too far ahead.
    """
    window = timedelta(seconds=state_of(request).moderator.settings.signature_window_s)
    now = datetime.now(UTC)
    if abs(now - moment) > window:
        raise StaleDateError(
            f"The request is dated {moment.astimezone(UTC):{_ISO}}, and it is {now:{_ISO}} here; at most "
            f"{window.total_seconds():.0f} seconds may lie between (EVENHAND_SIGNATURE_WINDOW_S). Set the clock."
        )


async def accept(request: Request, pair: DialectKey, *, moment: datetime, nonce: str) -> None:
    """Accept a request whose signature is good: once, and only near its date.

    Args:
        request: the request.
        pair: that signed it.
        moment: its signed date; aware.
        nonce: its signed nonce; where the protocol has none, the signature itself.

    Raises:
        StaleDateError: the date is too far from the clock here.
        ReplayedError: the same request was accepted before.
        StoreError: the database refused or cannot be reached; nothing is accepted then.
    """
    check_date(request, moment)
    await asyncio.to_thread(_take, request, pair, moment, nonce)  # one turn in a thread for both: each costs


async def verified(
    request: Request,
    dialect: str,
    access_id: str,
    check: Callable[[DialectKey], None],
    *,
    moment: datetime,
    nonce: str,
) -> DialectKey:
    """Find the pair of a signed request, check the signature, and accept the request, all in one turn in a thread.

    Args:
        request: the request.
        dialect: name of the dialect.
        access_id: the public half, as the request names it.
        check: raises where the signature is not this pair's. It may compute; it runs in the thread.
        moment: its signed date; aware.
        nonce: its signed nonce; where the protocol has none, the signature itself.

    Raises:
        AuthError: the pair is unknown, revoked or expired; or what `check` raises, and as `accept`.
        SettingsError: EVENHAND_SECRET_KEY is not the one that it was made with.
        StoreError: the database refused or cannot be reached; nothing is accepted then.
    """
    check_date(request, moment)  # a clock that is wrong is what people look for last

    def work() -> DialectKey:
        pair = state_of(request).store.dialect_keys.find(access_id, dialect=dialect)
        check(pair)
        _take(request, pair, moment, nonce)
        return pair

    return await asyncio.to_thread(work)


def _take(request: Request, pair: DialectKey, moment: datetime, nonce: str) -> None:
    state = state_of(request)
    until = moment + timedelta(seconds=state.moderator.settings.signature_window_s + 1)
    if not state.store.nonces.take(nonce, key_id=pair.id, until=until):
        raise ReplayedError("This very request was answered before; sign each request anew.")
    state.store.dialect_keys.used(pair)
