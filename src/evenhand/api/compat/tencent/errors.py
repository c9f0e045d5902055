"""Errors as Tencent Cloud has them: status 200, and `Response.Error` with a code that clients know."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.api.auth import RateLimitError
from evenhand.api.compat.categories import IncompleteError
from evenhand.api.compat.signing import BadSignatureError, ReplayedError, StaleDateError
from evenhand.api.errors import Problem
from evenhand.errors import AuthError, ConflictError, FetchError, SettingsError, TooLargeError, UserError


class TencentError(UserError):
    """An error that the vendor has a code for.

    kind: the code, as the vendor's clients know it: "InvalidParameterValue.InvalidContent".
    """

    code = "vendor_error"

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


# In order: the first that the error is an instance of
_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (BadSignatureError, "AuthFailure.SignatureFailure"),
    (StaleDateError, "AuthFailure.SignatureExpire"),
    (ReplayedError, "AuthFailure.SignatureFailure"),
    (AuthError, "AuthFailure.SecretIdNotFound"),
    (RateLimitError, "RequestLimitExceeded"),
    (ConflictError, "InvalidParameter"),
    (FetchError, "ResourceUnavailable.ImageDownloadError"),
    (IncompleteError, "InternalError"),
    (SettingsError, "InternalError"),  # the server's own, not the caller's
)
_BY_STATUS = {
    403: "UnauthorizedOperation",
    404: "InvalidAction",
    405: "UnsupportedProtocol",
    413: "RequestSizeLimitExceeded",
    415: "InvalidParameterValue.InvalidImageContent",
    429: "RequestLimitExceeded",
    503: "ResourceInsufficient",
}


def shape(problem: Problem, scope: Scope) -> Response:
    """Give any problem the vendor's form."""
    error = problem.error
    kind = _BY_STATUS.get(problem.status, "InternalError" if problem.status >= 500 else "InvalidParameter")
    kind = next((name for known, name in _KINDS if isinstance(error, known)), kind)
    if isinstance(error, TencentError):
        kind = error.kind
    body = {"Error": {"Code": kind, "Message": problem.message}, "RequestId": str(uuid.uuid4())}
    kept = {name: value for name, value in problem.headers.items() if name.lower() == "retry-after"}
    return JSONResponse({"Response": body}, headers=kept)


def of_picture(code: str, message: str) -> TencentError:
    """Give the vendor's error for a picture that cannot be read.

    Args:
        code: evenhand's name of the error.
        message: what happened.
    """
    kinds: dict[str, str] = {
        FetchError.code: "ResourceUnavailable.ImageDownloadError",
        TooLargeError.code: "InvalidParameterValue.InvalidFileContentSize",
    }
    return TencentError(kinds.get(code, "InvalidParameterValue.InvalidImageContent"), message)


def missing(name: str) -> TencentError:
    """Give the error for a parameter that is needed."""
    return TencentError("MissingParameter", f"The request is missing a required parameter `{name}`.")


def wrong(name: str, given: Any, what: str) -> TencentError:
    """Give the error for a parameter of another type."""
    return TencentError("InvalidParameter", f"The parameter `{name}` must be {what}, not {str(given)[:60]!r}.")
