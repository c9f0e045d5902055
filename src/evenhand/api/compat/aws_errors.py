"""Errors as AWS's JSON protocols carry them: the type in the body's `__type` and in `x-amzn-ErrorType`."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Scope

from evenhand.api.compat.signing import BadSignatureError, ReplayedError, StaleDateError
from evenhand.api.errors import Problem
from evenhand.errors import AuthError, SettingsError, TooLargeError, UserError

MEDIA_TYPE = "application/x-amz-json-1.1"
_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. "
)
_STATUS = {"InternalServerError": 500, "ThrottlingException": 500}  # all others: 400, as the vendor's services answer


class AwsError(UserError):
    """An error that the vendor has a name for.

    kind: its name, as the vendor's clients type it.
    """

    code = "vendor_error"

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def invalid(message: str) -> AwsError:
    """Make the error for a parameter that violates a constraint."""
    return AwsError("InvalidParameterException", message)


def shape(problem: Problem, scope: Scope) -> Response:
    """Give any problem the vendor's shape."""
    kind, message = _named(problem)
    body = {"__type": kind, "message": message, "Message": message}
    headers = {**problem.headers, **request_headers(), "x-amzn-ErrorType": kind}
    headers.pop("www-authenticate", None)
    return Response(orjson.dumps(body), _STATUS.get(kind, 400), headers=headers, media_type=MEDIA_TYPE)


def request_headers() -> Mapping[str, str]:
    """Give the header in which the vendor's clients look for the id of a request."""
    known = structlog.contextvars.get_contextvars().get("request_id")
    return {} if known is None else {"x-amzn-RequestId": str(known)}


def _named(problem: Problem) -> tuple[str, str]:
    error, message = problem.error, problem.message
    if isinstance(error, AwsError):
        return error.kind, message
    if isinstance(error, StaleDateError):
        return "InvalidSignatureException", f"Signature expired or not yet current: {message}"
    if isinstance(error, BadSignatureError):
        return "InvalidSignatureException", _SIGNATURE + message
    if isinstance(error, ReplayedError):
        return "InvalidSignatureException", message
    if isinstance(error, AuthError):
        return "UnrecognizedClientException", f"The security token included in the request is invalid: {message}."
    if isinstance(error, SettingsError):  # the server's own, not the caller's
        return "InternalServerError", message
    if isinstance(error, TooLargeError) or problem.status == 413:
        return "ImageTooLargeException", message
    if problem.code == "busy":
        return "ThrottlingException", message
    kinds = {
        403: "AccessDeniedException",
        404: "UnknownOperationException",
        405: "UnknownOperationException",
        409: "IdempotentParameterMismatchException",
        415: "InvalidImageFormatException",
        422: "InvalidImageFormatException",
        429: "ProvisionedThroughputExceededException",
    }
    if problem.status >= 500:
        return "InternalServerError", message
    return kinds.get(problem.status, "InvalidParameterException"), message
