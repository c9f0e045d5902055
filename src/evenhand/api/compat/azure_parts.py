"""What all calls of Azure AI Content Safety share: keys, versions, errors, and how fields are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from evenhand.api.compat.calls import Call, admit
from evenhand.api.errors import Problem
from evenhand.domain import Result
from evenhand.errors import AuthError, InputError, NotFoundError

NAME = "azure"
VERSIONS = ("2023-10-01", "2024-09-01")
_HOW = "the header Ocp-Apim-Subscription-Key, which is the client's AzureKeyCredential"
_KINDS: Mapping[type, str] = {str: "a string", bool: "true or false", list: "an array", dict: "an object"}
_CODES = {
    400: "InvalidRequestBody",
    401: "401",
    403: "PermissionDenied",
    404: "404",
    405: "MethodNotAllowed",
    409: "Conflict",
    413: "RequestBodyTooLarge",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
}


class AzureError(InputError):
    """The request is not one of this API's.

    Args:
        message: what is wrong and what to do.
        error_code: Azure's name of the error.
        target: the field or parameter that is wrong.
        status: HTTP status.
    """

    status = 400

    def __init__(
        self, message: str, *, error_code: str = "InvalidRequestBody", target: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.error_code, self.target, self.status = error_code, target, status


async def admitted(request: Request, scope: str = "check") -> Call:
    """Let a request in, and check the version that it is written for.

    Raises:
        AuthError, ForbiddenError, RateLimitError: as the native API does.
        AzureError: the version is missing or unknown.
    """
    bearer = request.headers.get("authorization", "")
    token = request.headers.get("ocp-apim-subscription-key") or (
        bearer[7:].strip() if bearer[:7].lower() == "bearer " else None
    )
    call = await admit(request, NAME, token=token, how=_HOW, scope=scope)
    version = request.query_params.get("api-version")
    if version is None:
        raise AzureError(
            "The api-version query parameter (?api-version=) is required for all requests.",
            error_code="MissingApiVersionParameter",
            target="api-version",
        )
    if version not in VERSIONS:
        raise AzureError(
            f"Unsupported api-version {version[:40]!r}. The supported api-versions are {', '.join(VERSIONS)}.",
            error_code="UnsupportedApiVersionValue",
            target="api-version",
        )
    return call


def field(body: Mapping[str, Any], name: str, kind: type, *, required: bool = False) -> Any:
    """Give a field of a request, or None.

    Raises:
        AzureError: it has another type, or is missing where it is required.
    """
    given = body.get(name)
    if given is None and not required:
        return None
    if not isinstance(given, kind):
        raise AzureError(f"The field '{name}' must be {_KINDS[kind]}.", target=name)
    return given


def whole_number(request: Request, name: str, *, least: int) -> int | None:
    """Give a number out of the query, or None.

    Raises:
        AzureError: it is no whole number, or below `least`.
    """
    given = request.query_params.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) >= least):
        raise AzureError(f"The parameter '{name}' must be a whole number of {least} or more.", target=name)
    return int(given)


def reply(call: Call, document: Any, results: Iterable[Result] = (), *, status: int = 200) -> Response:
    """Answer; with no document, without a body."""
    if document is None:
        return Response(status_code=status)
    return call.reply(document, results, status=status)


def shape(problem: Problem, scope: Scope) -> Response:
    """Give a problem Azure's form, with its code in the header too."""
    error = problem.error
    status = {415: 400, 422: 400}.get(problem.status, problem.status)
    code, message, target = _CODES.get(status, str(status)), problem.message, None
    if isinstance(error, AzureError):
        status, code, target = error.status, error.error_code, error.target
    elif isinstance(error, AuthError):
        message = (
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
            f"and the address of this server. ({problem.message})"
        )
    elif isinstance(error, NotFoundError):
        code = "ResourceNotFound"
    elif status == 404:
        message = "Resource not found"
    body: dict[str, Any] = {"code": code, "message": message}
    if target is not None:
        body["target"] = target
    headers = {"x-ms-error-code": code, **problem.headers}
    return JSONResponse({"error": body}, status, headers=headers)
