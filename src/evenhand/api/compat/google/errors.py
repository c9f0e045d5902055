"""Errors as Google's services have them: `google.rpc.Status` in JSON, for a whole request or within one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.api.auth import RateLimitError
from evenhand.api.errors import Problem
from evenhand.domain import ItemError
from evenhand.errors import AuthError, DetectorError, EvenhandError, FetchError, NotFoundError, SettingsError, UserError

# Name of a status -> HTTP status, number in an answer
STATUSES: Mapping[str, tuple[int, int]] = {
    "INVALID_ARGUMENT": (400, 3),
    "NOT_FOUND": (404, 5),
    "PERMISSION_DENIED": (403, 7),
    "RESOURCE_EXHAUSTED": (429, 8),
    "ABORTED": (409, 10),
    "UNIMPLEMENTED": (501, 12),
    "INTERNAL": (500, 13),
    "UNAVAILABLE": (503, 14),
    "UNAUTHENTICATED": (401, 16),
}
_BY_HTTP = {status: name for name, (status, _) in STATUSES.items()}
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class GoogleError(UserError):
    """A request that Google too would refuse.

    status_name: Google's name of the status: "INVALID_ARGUMENT".
    field: the field that is wrong; None: none is.
    """

    code = "vendor_error"

    def __init__(self, message: str, *, name: str = "INVALID_ARGUMENT", field: str | None = None) -> None:
        super().__init__(message)
        self.status_name, self.field, self.status = name, field, STATUSES[name][0]


class UnlistedError(GoogleError):
    """A value that must be one of a list is none of it, or a field has another type."""

    def __init__(self, field: str, kind: str, given: object) -> None:
        super().__init__(f"Invalid value at '{field}' ({kind}), {_shown(given)}", field=field)


def within(error: EvenhandError | ItemError) -> dict[str, Any]:
    """Give the error of one answer among several."""
    if isinstance(error, GoogleError):
        return entry(error.status_name, error.message)
    if isinstance(error, FetchError) or error.code == FetchError.code:
        why = "We can not access the URL currently. Please download the content and pass it in."
        return entry("UNAVAILABLE", f"{why} ({error.message})")
    if error.status >= 500:
        return entry("INTERNAL", error.message)
    return entry("INVALID_ARGUMENT", f"Bad image data. ({error.message})")


def entry(name: str, message: str) -> dict[str, Any]:
    """Give a Status as it stands in an answer."""
    return {"code": STATUSES[name][1], "message": message}


def shape(problem: Problem, scope: Scope) -> Response:
    """Give any problem Google's form."""
    error, message, details = problem.error, problem.message, list[dict[str, Any]]()
    name = _BY_HTTP.get(problem.status, "INTERNAL" if problem.status >= 500 else "INVALID_ARGUMENT")
    if isinstance(error, GoogleError):
        name = error.status_name
        if error.field is not None:
            details.append({"@type": _BAD_REQUEST, "fieldViolations": [{"field": error.field, "description": message}]})
    elif isinstance(error, RateLimitError):
        message = f"Quota exceeded. {message}"
        details.append(_info("RATE_LIMIT_EXCEEDED", scope))
    elif isinstance(error, AuthError):
        name, message, reason = _unknown_caller(scope)
        details += [_info(reason, scope)] if reason else []
    elif isinstance(error, SettingsError):  # the server's own, not the caller's
        name = "INTERNAL"
    elif isinstance(error, DetectorError):
        name = "UNAVAILABLE"
    elif problem.status in (404, 405) and not isinstance(error, NotFoundError):
        name, message = "NOT_FOUND", f"There is no {scope['method']} {scope['path'][:200]} here."
    elif problem.status == 413:
        name = "INVALID_ARGUMENT"
        message = f"Request payload size exceeds the limit. {message}"
    status = STATUSES[name][0]
    body: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        body["details"] = details
    kept = {key: value for key, value in problem.headers.items() if key.lower() == "retry-after"}
    return JSONResponse({"error": body}, status, headers=kept)


def _unknown_caller(scope: Scope) -> tuple[str, str, str | None]:
    """Say why a caller is not let in, word for word where clients look for the words."""
    request = Request(scope)
    if request.query_params.get("key") or request.headers.get("x-goog-api-key"):
        return "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"
    if request.headers.get("authorization"):
        message = (
            "Request had invalid authentication credentials. OAuth access tokens are not taken here: pass an API key "
            "of evenhand, as ?key=, in X-Goog-Api-Key or as the bearer token."
        )
        # Not UNAUTHENTICATED: Google's clients would fetch a new token at Google's and try again, and hide this.
        return "PERMISSION_DENIED", message, "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    message = (
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
        "form of API consumer identity to call this API."
    )
    return "PERMISSION_DENIED", message, None


def _info(reason: str, scope: Scope) -> dict[str, Any]:
    service = "language" if "/documents:" in str(scope["path"]) else "vision"
    metadata = {"service": f"{service}.googleapis.com"}
    return {"@type": _INFO, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def _shown(given: object) -> str:
    text = f'"{given}"' if isinstance(given, str) else str(given)
    return text[:100]
