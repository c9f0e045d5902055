"""The back-off of logins."""

from __future__ import annotations

from evenhand.errors import UserError


class LockedError(UserError):
    """Too many logins failed; wait.

    retry_after_s: seconds after which one more is tried.
    """

    code = "rate_limited"
    status = 429

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"Too many logins have failed; wait {retry_after_s} s and try again.")
        self.retry_after_s = retry_after_s
