"""Middleware that stands before everything: request ids, body size and logs. Pure ASGI, for speed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenhand.api.errors import error_response
from evenhand.telemetry import fault, span

_JSON = b"application/json"
_FORM = 64 * 2**10  # bytes that a form may have around its file
_CLIENT_GONE = 499  # logged, never sent: the client left before its request was complete


class _Refused(Exception):  # noqa: N818  (not an error: how the body's reader is stopped)
    """The request body is over a limit; raised into whoever reads it, with the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class BodyLimit:
    """Refuses bodies over a limit, declared or not, before they are held in memory.

    FastAPI's own limit answers a declared length in another shape than all our other errors.

    Args:
        app: the application behind.
        max_bytes: largest body, in bytes.
        max_inflight: most bytes of all bodies that are being answered; a body alone is always taken.
        files: path -> largest file that may be posted there; files go to disk as they come, and are not in memory.
    """

    def __init__(
        self, app: ASGIApp, *, max_bytes: int, max_inflight: int, files: Mapping[str, int] | None = None
    ) -> None:
        self._app, self._max, self._max_inflight = app, max_bytes, max_inflight
        self._inflight, self._files = 0, files or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen, started = 0, False
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        most, to_disk = self._max, False
        if scope["path"] in self._files and not headers.get(b"content-type", _JSON).lower().startswith(_JSON):
            most, to_disk = self._files[scope["path"]] + _FORM, True
        if declared.isdigit() and int(declared) > most:
            await self._too_large(scope, to_disk)(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            size = len(message.get("body", b""))
            seen += size
            self._inflight += 0 if to_disk else size
            if seen > most:
                raise _Refused(self._too_large(scope, to_disk))
            if to_disk:
                return message
            if size and self._inflight > self._max_inflight and self._inflight > seen:
                raise _Refused(_busy(scope))
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _Refused as refused:
            if not started:
                await refused.response(scope, receive, send)
        finally:
            self._inflight -= 0 if to_disk else seen

    def _too_large(self, scope: Scope, to_disk: bool) -> Response:
        if to_disk:
            message = f"The file is over {self._files[scope['path']]} bytes (EVENHAND_MAX_JOB_BYTES)."
            return error_response(scope, 413, "too_large", message)
        message = f"The request body is over {self._max} bytes (EVENHAND_MAX_BODY_BYTES); send less at a time."
        return error_response(scope, 413, "too_large", message)


def _busy(scope: Scope) -> Response:
    message = "Too much is being answered at once (EVENHAND_MAX_INFLIGHT_BYTES); send it again in a moment."
    return error_response(scope, 503, "busy", message, headers={"retry-after": "1"})


class RequestLog:
    """Gives each request an id and one log line, and turns what nobody expected into an error of the one shape.

    Args:
        app: the application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; log method, path, status and time, never content."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, started, status = uuid.uuid4().hex, time.perf_counter(), 0

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        log = structlog.get_logger()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                with span("evenhand.request", method=scope["method"], request_id=request_id):
                    await self._app(scope, receive, tagged)
            except ClientDisconnect:
                status = _CLIENT_GONE
            except Exception as error:  # (a fault of ours; what and where goes to the log)
                log.error("unexpected error", **fault(error))
                if status:
                    raise
                message = "Something failed on this side; the log says what, under the request id. Try again later."
                await error_response(scope, 500, "internal", message)(scope, receive, tagged)
            finally:
                ms = round(1000 * (time.perf_counter() - started), 2)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=ms)
