"""One error shape for every endpoint: {"error": {"code", "message", "problems"?}}."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from evenhand.api.auth import RateLimitError
from evenhand.errors import AuthError, EvenhandError, PolicyError, SystemFault

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 429: "rate_limited"}


def error_response(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Make an error response.

    Args:
        status: HTTP status.
        code: stable snake-case name.
        message: what happened and what to do.
        headers: further response headers.
        more: further members of the error object.
    """
    body = {"error": {"code": code, "message": message, **more}}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Give every error of the application the one shape."""

    async def known(_: Request, error: Exception) -> JSONResponse:
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
        if isinstance(fault, RateLimitError):
            headers["retry-after"] = str(fault.retry_after_s)
        return error_response(fault.status, fault.code, fault.message, headers=headers, **problems)

    async def http(_: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else ""
        if status == 404 and detail == "Not Found":
            detail = "There is nothing at this address; /docs lists those that there are."
        headers = error.headers if isinstance(error, HTTPException) else None
        return error_response(status, _CODES.get(status, _name(status)), str(detail), headers=headers)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        text = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in found)
        return error_response(422, "bad_request", f"The request cannot be used: {text}.")

    app.add_exception_handler(EvenhandError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _name(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return "error"
