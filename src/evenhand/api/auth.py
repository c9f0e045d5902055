"""API keys and rate limits."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Sequence

from starlette.requests import Request

from evenhand.errors import AuthError, SettingsError, UserError
from evenhand.settings import Settings
from evenhand.store import Store

_MAX_CALLERS = 100_000  # callers remembered by the rate limiter; the longest silent are forgotten first


class RateLimitError(UserError):
    """Too many requests for now.

    retry_after_s: seconds after which one more is taken.
    """

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ForbiddenError(UserError):
    """The key is good, but not for this."""

    code = "forbidden"
    status = 403


def is_loopback(host: str) -> bool:
    """Say whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def keys_required(settings: Settings) -> bool:
    """Say whether requests need an API key: always when listening beyond loopback.

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


class Guard:
    """Checks the key and the rate of each request.

    Args:
        settings: whether keys are needed, and the rate limit.
        store: where keys are kept.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._required, self._store = keys_required(settings), store
        self._per_minute = settings.rate_limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def admit(self, request: Request, scope: str) -> str | None:
        """Let a request in, and give the id of its key, if it has one.

        Args:
            request: the key stands in `Authorization: Bearer ...` or `X-API-Key`.
            scope: what the key must be good for: "check", "read" or "admin".

        Raises:
            AuthError: the key is missing, unknown, expired or revoked.
            ForbiddenError: the key lacks the scope.
            RateLimitError: too many requests.
        """
        return await self.admit_token(request, _token(request), scope)

    async def admit_token(
        self, request: Request, token: str | None, scope: str, *, how: str = "`Authorization: Bearer KEY`"
    ) -> str | None:
        """Let a request in by a token that was found elsewhere; errors as `admit`.

        Args:
            request: whose address counts where there is no key.
            token: the key as it was sent; None: none was.
            scope: as for `admit`.
            how: where the key belongs, for the message.
        """
        if token is not None:
            key = await asyncio.to_thread(self._store.keys.verify, token)
            return self.settle(request, key.id, key.scopes, scope)
        if self._required:
            raise AuthError(f"Send an API key: {how} (make one with `evenhand keys create NAME`).")
        return self.settle(request, None, (scope,), scope)

    def settle(self, request: Request, key_id: str | None, scopes: Sequence[str], scope: str) -> str | None:
        """Check the scope and the rate of a request whose key has been verified; errors as `admit`.

        Args:
            request: whose address counts where there is no key.
            key_id: id of the key; None: there is none, and none is needed.
            scopes: what the key is good for.
            scope: what it must be good for.
        """
        if scope not in scopes and "admin" not in scopes:
            raise ForbiddenError(f"This key may not '{scope}'; make one with `evenhand keys create --scope {scope}`.")
        if self._per_minute:
            self._spend(key_id or (request.client.host if request.client else "?"))
        return key_id

    @property
    def required(self) -> bool:
        """Whether requests need a key."""
        return self._required

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


def _token(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    if header[:7].lower() == "bearer ":
        return header[7:].strip()
    if header:
        raise AuthError("The Authorization header must be `Bearer KEY`.")
    return request.headers.get("x-api-key")
