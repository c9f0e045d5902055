"""Middleware that stands before everything: request ids, body size and logs. Pure ASGI, for speed."""

from __future__ import annotations

import time
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenhand.api.errors import error_response


class TooLargeBodyError(Exception):
    """The request body is over the limit; raised into whoever reads the body."""


class BodyLimit:
    """Refuses bodies over `max_bytes`, declared or not, before they are held in memory.

    FastAPI's own limit answers a declared length in another shape than all our other errors.

    Args:
        app: the application behind.
        max_bytes: largest body, in bytes.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app, self._max = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen, started = 0, False
        declared = dict(scope["headers"]).get(b"content-length", b"")
        too_large = error_response(
            413,
            "too_large",
            f"The request body is over {self._max} bytes (EVENHAND_MAX_BODY_BYTES); send less at a time.",
        )
        if declared.isdigit() and int(declared) > self._max:
            await too_large(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max:
                raise TooLargeBodyError
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except TooLargeBodyError:
            if not started:
                await too_large(scope, receive, send)


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
                await self._app(scope, receive, tagged)
            except Exception as error:  # (a fault of ours; the details go to the log, they may hold content or paths)
                log.error("unexpected error", exc_info=error)
                if status:
                    raise
                message = "Something failed on this side; the log says what, under the request id. Try again later."
                await error_response(500, "internal", message)(scope, receive, tagged)
            finally:
                ms = round(1000 * (time.perf_counter() - started), 2)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=ms)
