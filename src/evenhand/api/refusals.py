"""Why a request is not let in, and which addresses are this machine's own."""

from __future__ import annotations

import ipaddress

from evenhand.errors import ForbiddenError, UserError

__all__ = ["ForbiddenError", "RateLimitError", "UnfinishedError", "is_loopback"]


class RateLimitError(UserError):
    """Too many requests for now.

    retry_after_s: seconds after which one more is taken.
    """

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnfinishedError(ForbiddenError):
    """Something must be done with one's own account first: another password, or one-time codes."""

    code = "account_unfinished"


def is_loopback(host: str) -> bool:
    """Say whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
