"""Errors as Alibaba Cloud has them: its gateway's, with an HTTP status, and its service's, with a code in an answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.api.auth import ForbiddenError, RateLimitError
from evenhand.api.compat.signing import BadSignatureError, ReplayedError, StaleDateError
from evenhand.api.errors import Problem
from evenhand.domain import ItemError
from evenhand.errors import (
    AuthError,
    ConflictError,
    EvenhandError,
    FetchError,
    NotFoundError,
    RefusedLabelError,
    SystemFault,
    UserError,
)

OK, PROCESSING, BAD_REQUEST, NOT_FOUND, DENIED, FAILED, UNFETCHED = 200, 280, 400, 404, 408, 500, 480
_WORDS = {
    OK: "OK",
    PROCESSING: "PROCESSING",
    BAD_REQUEST: "BAD_REQUEST",
    NOT_FOUND: "NOT_FOUND",
    DENIED: "PERMISSION_DENY",
    FAILED: "GENERAL_ERROR",
    UNFETCHED: "DOWNLOAD_FAILED",
}


class GatewayError(UserError):
    """Alibaba Cloud's gateway would refuse this request, before any service sees it.

    name: the vendor's code, such as "InvalidAction.NotFound".
    """

    code = "gateway"

    def __init__(self, name: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.name, self.status = name, status


class CodeError(UserError):
    """The service refuses: HTTP 200 with a code in the answer.

    number: the vendor's code, such as 400.
    """

    code = "refused"

    def __init__(self, message: str, *, number: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.number = number


# What the gateway answers, in order: the first that the error is an instance of.
_GATEWAY: tuple[tuple[type[EvenhandError], str, int], ...] = (
    (BadSignatureError, "SignatureDoesNotMatch", 400),
    (StaleDateError, "InvalidTimeStamp.Expired", 400),
    (ReplayedError, "SignatureNonceUsed", 400),
    (AuthError, "InvalidAccessKeyId.NotFound", 404),
    (ForbiddenError, "Forbidden.RAM", 403),
    (RateLimitError, "Throttling.User", 429),
    (ConflictError, "IdempotentParameterMismatch", 409),
)
_BY_STATUS = {
    404: ("InvalidAction.NotFound", 404),
    405: ("UnsupportedHTTPMethod", 405),
    413: ("RequestBodyTooLarge", 413),
    500: ("InternalError", 500),
    503: ("ServiceUnavailable", 503),
}


def shape(problem: Problem, scope: Scope) -> Response:
    """Give a problem as the gateway's error."""
    name, status = _BY_STATUS.get(problem.status, ("InvalidParameter", 400))
    error = problem.error
    if isinstance(error, GatewayError):
        name, status = error.name, error.status
    else:
        name, status = next(((n, s) for kind, n, s in _GATEWAY if isinstance(error, kind)), (name, status))
    request_id = new_request_id()
    host = next((value.decode("latin-1") for key, value in scope["headers"] if key == b"host"), "")
    body = {"RequestId": request_id, "HostId": host, "Code": name, "Message": problem.message}
    kept = {key: value for key, value in problem.headers.items() if key.lower() in ("retry-after", "allow")}
    return JSONResponse(body, status, headers={**kept, "x-acs-request-id": request_id})


def in_answer(error: EvenhandError) -> bool:
    """Say whether an error of the work itself goes into an answer with status 200, as the vendor's services do."""
    return isinstance(error, UserError) and not isinstance(
        error, (GatewayError, ConflictError, ForbiddenError, RateLimitError)
    )


def number(error: EvenhandError | ItemError) -> int:
    """Give the vendor's code for an error."""
    if isinstance(error, CodeError):
        return error.number
    if isinstance(error, FetchError) or error.code == FetchError.code:
        return UNFETCHED
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, RefusedLabelError):
        return DENIED
    failed = isinstance(error, SystemFault) or (isinstance(error, ItemError) and error.status >= 500)
    return FAILED if failed else BAD_REQUEST


def word(code: int) -> str:
    """Give the vendor's word for a code."""
    return _WORDS.get(code, "GENERAL_ERROR")


def message(error: EvenhandError | ItemError) -> str:
    """Give the vendor's word for an error, and ours behind it."""
    return f"{word(number(error))}: {error.message}"


def task_error(error: ItemError, **fields: Any) -> Mapping[str, Any]:
    """Give an item that could not be looked at, as 2018-05-09 lists it."""
    return {"code": number(error), "msg": message(error), **fields}


def new_request_id() -> str:
    """Give an id for an answer, as the vendor writes them."""
    return str(uuid.uuid4()).upper()
