"""One error shape for every endpoint: {"error": {"code", "message", "problems"?}}.

A request in another vendor's protocol has that vendor's shape instead: whoever knows it sets SHAPE in the ASGI scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.accounts.lockout import LockedError
from evenhand.api.refusals import RateLimitError
from evenhand.errors import AuthError, EvenhandError, PolicyError, SystemFault

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 429: "rate_limited"}


SHAPE = "evenhand.shape"  # in an ASGI scope: Callable[[Problem], Response], how errors look for this caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong with a request, before it has a shape."""

    status: int  # HTTP status of the native API
    code: str  # stable snake-case name
    message: str  # what happened and what to do
    headers: Mapping[str, str] = field(default_factory=dict)  # further response headers
    more: Mapping[str, Any] = field(default_factory=dict)  # further members of the error object
    error: Exception | None = None  # what was raised, where something was


def error_response(
    scope: Scope, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Make an error response in the shape that the caller expects.

    Args:
        scope: of the request.
        status: HTTP status.
        code: stable snake-case name.
        message: what happened and what to do.
        headers: further response headers.
    """
    return shaped(scope, Problem(status=status, code=code, message=message, headers=headers or {}))


def shaped(scope: Scope, problem: Problem) -> Response:
    """Give a problem the shape that the caller expects."""
    shape: Callable[[Problem], Response] = scope.get(SHAPE, _native)
    return shape(problem)


def _native(problem: Problem) -> Response:
    body = {"error": {"code": problem.code, "message": problem.message, **problem.more}}
    return JSONResponse(body, status_code=problem.status, headers=dict(problem.headers))


def install(app: FastAPI) -> None:
    """Give every error of the application the one shape."""

    async def known(request: Request, error: Exception) -> Response:
        fault = error if isinstance(error, EvenhandError) else EvenhandError(str(error))
        if isinstance(fault, SystemFault):
            structlog.get_logger().error("request failed", code=fault.code, error=fault.message)
        problems: dict[str, Any] = (
            {"problems": [{"line": line, "message": text} for line, text in fault.problems]}
            if isinstance(fault, PolicyError) and fault.problems
            else {}
        )
        headers: dict[str, str] = {}
        if isinstance(fault, AuthError):
            headers["www-authenticate"] = "Bearer"
        if isinstance(fault, RateLimitError | LockedError):
            headers["retry-after"] = str(fault.retry_after_s)
        problem = Problem(
            status=fault.status, code=fault.code, message=fault.message, headers=headers, more=problems, error=fault
        )
        return shaped(request.scope, problem)

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else ""
        if status == 404 and detail == "Not Found":
            detail = "There is nothing at this address; /docs lists those that there are."
        headers = error.headers if isinstance(error, HTTPException) else None
        code = _CODES.get(status, _name(status))
        return error_response(request.scope, status, code, str(detail), headers=headers)

    async def invalid(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        text = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in found)
        return error_response(request.scope, 422, "bad_request", f"The request cannot be used: {text}.")

    app.add_exception_handler(EvenhandError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _name(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return "error"
