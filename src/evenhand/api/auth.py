"""Who sends a request, what they may do, and how often: API keys, sessions of people, and rate limits."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from evenhand.api.crosssite import SAFE, refuse_cross_site, refuse_foreign_host
from evenhand.api.refusals import ForbiddenError, RateLimitError, UnfinishedError, is_loopback
from evenhand.errors import AuthError, SettingsError
from evenhand.settings import Settings
from evenhand.store import Store

if TYPE_CHECKING:
    from evenhand.store.accountrecords import Session, User

__all__ = [
    "Caller",
    "ForbiddenError",
    "Guard",
    "RateLimitError",
    "UnfinishedError",
    "cookie_name",
    "is_loopback",
    "keys_required",
]

_MAX_CALLERS = 100_000  # callers remembered by the rate limiter; the longest silent are forgotten first
NATIVE = "native"  # this server's own API, among what a key can be limited to
_LOOK_AGAIN_S = 1.0  # how long it may take until another process's first account counts here
_CSRF = "x-csrf-token"
# What keys and people of a tenant may ask for: what shows, or changes, nothing of anybody else's. All else is refused
# to them, so that a new address is closed until somebody has thought about it.
_TENANTS = re.compile(
    r"/v1/(check|check:batch|redact|decisions|decisions/[^/]+|decisions/[^/]+/(statement|replay)|statements"
    r"|audit-log|audit-log/export|dashboards|dashboards/[^/]+|reports/transparency"
    r"|review/(claim|undo|stats|items(/.*)?)|wellness|wellness/break"
    r"|marks|marks/(csv|suggestions|preview|apply|undo)|appeals(/.*)?|quality/.*"
    r"|jobs|jobs/.*|streams|streams/.*|labels|detectors|policies|policies/.*|lines|lines/[^/]+"
    r"|account|account/.*|accounts|accounts/.*|sessions|sessions/.*|keys|keys/[^/]+)"
    r"|/console(/auditlog|/decisions(/[^/]+)?|/dashboards|/reports|/marks|/policies(/.*)?|/quality(/.*)?|/appeals(/.*)?"
    r"|/review|/review/items(/.*)?|/review/wellness|/accounts/.*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request."""

    id: str | None  # of the API key or the user; None: neither is needed, and everything is allowed
    name: str
    scopes: tuple[str, ...]
    tenant: str | None = None  # id of the tenant that they belong to, and see nothing beyond
    user: User | None = None  # None: an API key, or nobody in particular
    session: Session | None = None
    only: tuple[str, ...] = ()  # NATIVE and names of dialects that their key is good for; empty: all
    csrf: str = ""  # what unsafe requests of this session carry in X-CSRF-Token

    def may(self, scope: str) -> bool:
        """Say whether they have a scope."""
        return scope in self.scopes or "admin" in self.scopes


def keys_required(settings: Settings) -> bool:
    """Say whether requests need an API key or a login: always when listening beyond loopback.

    Raises:
        SettingsError: the settings ask for a server open to the network without keys.
    """
    if is_loopback(settings.host):
        return bool(settings.require_keys)
    if settings.require_keys is False:
        raise SettingsError(
            f"EVENHAND_HOST={settings.host} can be reached from other machines, so keys cannot be switched off; "
            "remove EVENHAND_REQUIRE_KEYS or listen on 127.0.0.1."
        )
    return True


def open_to_tenants(path: str) -> bool:
    """Say whether keys and people of a tenant may ask for an address at all."""
    return _TENANTS.fullmatch(path) is not None


def is_https(request: Request, settings: Settings) -> bool:
    """Say whether the browser came by HTTPS, perhaps through a proxy."""
    return request.url.scheme == "https" or (settings.public_url or "").lower().startswith("https://")


def cookie_name(*, https: bool) -> str:
    """Give the name of the session's cookie. Browsers take the first from this very host, by HTTPS, alone."""
    return "__Host-evenhand" if https else "evenhand_session"


def csrf_of(token: str) -> str:
    """Give what a session's unsafe requests carry: it follows from the cookie, which no script can read."""
    digest = hashlib.sha256(b"evenhand csrf\0" + token.encode(errors="surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Guard:
    """Finds out who sends each request, and checks what they may do and how often.

    Args:
        settings: whether keys are needed, and the rate limit.
        store: where keys, accounts and sessions are kept.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._required, self._store, self._settings = keys_required(settings), store, settings
        self._per_minute = settings.rate_limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._accounts, self._look_at = False, 0.0

    async def admit(self, request: Request, scope: str) -> str | None:
        """Let a request in, and give the id of its key or user, if it has one; arguments and errors as `caller`."""
        return (await self.caller(request, scope)).id

    async def caller(self, request: Request, scope: str | None, *, unfinished: bool = False) -> Caller:
        """Let a request in, and give who sends it.

        Args:
            request: a key stands in `Authorization: Bearer ...` or `X-API-Key`; a session in its cookie.
            scope: what the caller must be good for; None: nothing in particular.
            unfinished: whether those may come in, too, who must first change their password or set up codes.

        Raises:
            AuthError: the key is missing, unknown, expired or revoked, or the session is over.
            ForbiddenError: the scope is missing, or another site sent this.
            UnfinishedError: the account must be finished first.
            RateLimitError: too many requests.
        """
        found = await self._identify(request, _token(request), "`Authorization: Bearer KEY`")
        _refuse_elsewhere(found, NATIVE)
        if found.tenant is not None and not open_to_tenants(request.url.path):
            raise ForbiddenError("This shows or changes what is not your tenant's alone, and is not for its people.")
        return self._settled(request, found, scope, unfinished=unfinished)

    async def admit_token(
        self, request: Request, token: str | None, scope: str, *, how: str = "`Authorization: Bearer KEY`", dialect: str
    ) -> str | None:
        """Let a request in by a token that was found elsewhere; errors as `caller`.

        Args:
            request: whose address counts where there is no key.
            token: the key as it was sent; None: none was.
            scope: as for `caller`.
            how: where the key belongs, for the message.
            dialect: name of the one that the request is in.
        """
        found = await self._identify(request, token, how)
        _refuse_elsewhere(found, dialect)
        return self._settled(request, found, scope).id

    def settle(self, request: Request, key_id: str | None, scopes: Sequence[str], scope: str) -> str | None:
        """Check the scope and the rate of a request whose key has been verified; errors as `caller`.

        Args:
            request: whose address counts where there is no key.
            key_id: id of the key; None: there is none, and none is needed.
            scopes: what the key is good for.
            scope: what it must be good for.
        """
        return self._settled(request, Caller(id=key_id, name="", scopes=tuple(scopes)), scope).id

    @property
    def required(self) -> bool:
        """Whether requests need a key or a login even before there are accounts."""
        return self._required

    async def needed(self) -> bool:
        """Say whether requests need a key or a login: once there are accounts, they always do, unless switched off."""
        if self._required or self._settings.require_keys is False:
            return self._required
        if not self._accounts and time.monotonic() >= self._look_at:
            self._accounts = await asyncio.to_thread(self._store.accounts.exist)
            self._look_at = time.monotonic() + _LOOK_AGAIN_S
        return self._accounts

    def accounts_made(self) -> None:
        """Note that there is an account now, without waiting for the next look."""
        self._accounts = True

    async def _identify(self, request: Request, token: str | None, how: str) -> Caller:
        if token is not None:
            key = await asyncio.to_thread(self._store.keys.verify, token)
            return Caller(id=key.id, name=key.name, scopes=key.scopes, tenant=key.tenant, only=key.only)
        if (found := await self._by_session(request)) is not None:
            return found
        if await self.needed():
            raise AuthError(
                f"Sign in, or send an API key: {how} (make one with `evenhand keys create NAME`)."
                if self._accounts
                else f"Send an API key: {how} (make one with `evenhand keys create NAME`)."
            )
        refuse_foreign_host(request, self._settings)
        refuse_cross_site(request)
        return Caller(id=None, name="local", scopes=("admin",))

    async def _by_session(self, request: Request) -> Caller | None:
        token = request.cookies.get(cookie_name(https=is_https(request, self._settings)))
        if not token:
            return None
        found = await asyncio.to_thread(self._store.sessions.find, token)
        if found is None:
            return None
        session, user = found
        if request.method not in SAFE:
            refuse_cross_site(request)
            sent = request.headers.get(_CSRF, "")
            if not hmac.compare_digest(sent.encode(), csrf_of(token).encode()):
                raise ForbiddenError("Send the session's token in X-CSRF-Token; load the page anew, and try again.")
        return Caller(
            id=user.id,
            name=user.name,
            scopes=user.scopes,
            tenant=user.tenant,
            user=user,
            session=session,
            csrf=csrf_of(token),
        )

    def _settled(self, request: Request, caller: Caller, scope: str | None, *, unfinished: bool = False) -> Caller:
        if caller.user is not None and not unfinished:
            self._refuse_unfinished(caller.user, caller.session)
        if scope is not None and not caller.may(scope):
            raise ForbiddenError(
                f"This key may not '{scope}'; make one with `evenhand keys create --scope {scope}`."
                if caller.user is None
                else f"Your account may not '{scope}'; whoever runs this server can give you a role that does."
            )
        if self._per_minute:
            self._spend(caller.id or (request.client.host if request.client else "?"))
        return caller

    def _refuse_unfinished(self, user: User, session: Session | None) -> None:
        if user.must_change:
            raise UnfinishedError("Choose a password of your own first: POST /v1/account/password.")
        if self._settings.require_totp and user.has_password and not user.has_totp:
            if session is not None and session.how == "oidc":
                return  # the provider asks for what it asks for
            raise UnfinishedError("Set up one-time codes first: POST /v1/account/totp.")

    def _spend(self, caller: str) -> None:
        """Take one request out of the caller's bucket (token bucket: a minute's worth at most, refilled evenly)."""
        now = time.monotonic()
        level, last = self._buckets.pop(caller, (float(self._per_minute), now))
        level = min(self._per_minute, level + (now - last) * self._per_minute / 60)
        self._buckets[caller] = (max(0.0, level - 1), now)
        if len(self._buckets) > _MAX_CALLERS:
            self._buckets.popitem(last=False)
        if level < 1:
            raise RateLimitError(
                f"More than {self._per_minute} requests a minute; wait and try again.",
                retry_after_s=math.ceil((1 - level) * 60 / self._per_minute),
            )


def _refuse_elsewhere(caller: Caller, place: str) -> None:
    if caller.only and place not in caller.only:
        asked = "the native API" if place == NATIVE else place
        raise ForbiddenError(
            f"This key is for {', '.join(caller.only)} only; make one for {asked} with "
            f"`evenhand keys create NAME --dialect {place}`."
        )


def _token(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    if header[:7].lower() == "bearer ":
        return header[7:].strip()
    if header:
        raise AuthError("The Authorization header must be `Bearer KEY`.")
    return request.headers.get("x-api-key")
