"""What keeps a hostile text in a page a text: headers on every page, and errors that are pages."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenhand.api.errors import SHAPE, Problem
from evenhand.api.refusals import UnfinishedError
from evenhand.console import i18n
from evenhand.console.base import Visitor, login_path, render, static_version
from evenhand.errors import AuthError

# Nothing inside a page runs, nothing from elsewhere loads, and scripts cannot make markup out of text.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# Under this an answer is inert, whatever a browser takes it for.
MEDIA_POLICY = "sandbox; default-src 'none'; style-src 'none'; frame-ancestors 'self'"

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}


def _is_page(path: str) -> bool:
    return path in ("/", "/console") or path.startswith(("/console/", "/appeal/"))


class ConsoleShield:
    """Sets the headers of pages, and makes their errors pages. An answer that has a policy of its own keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http" or not _is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        scope[SHAPE] = lambda problem: _error_page(scope, problem)
        fixed = scope["path"].startswith(f"/console/static/{static_version()}/")

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", PAGE_POLICY)
                headers.setdefault("cache-control", "public, max-age=31536000, immutable" if fixed else "no-store")
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sent)


def _error_page(scope: Scope, problem: Problem) -> Response:
    request = Request(scope)
    if isinstance(problem.error, AuthError) and request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(login_path(request.url.path + query), status_code=303)
    if isinstance(problem.error, UnfinishedError) and request.method in ("GET", "HEAD"):
        return RedirectResponse("/console/accounts/me", status_code=303)
    visitor = Visitor(id="", name="", language=i18n.language_of(request))
    body = render(request, visitor, "error.html", problem=problem)
    return HTMLResponse(body, problem.status, headers=dict(problem.headers))
