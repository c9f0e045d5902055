"""How requests find their dialect, and their errors its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from evenhand.api.compat.base import Dialect
from evenhand.api.errors import SHAPE

_DIALECT = "evenhand.dialect"


class Claim:
    """Middleware: notes in the scope whose dialect a request is in. It stands before all that can fail.

    Args:
        app: the application behind.
        dialects: those switched on, in order.
    """

    def __init__(self, app: ASGIApp, *, dialects: Sequence[Dialect]) -> None:
        self._app, self._dialects = app, dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            for dialect in self._dialects:
                if dialect.claims(scope):
                    scope[_DIALECT] = dialect.name
                    scope[SHAPE] = lambda problem, shape=dialect.shape: shape(problem, scope)
                    break
        await self._app(scope, receive, send)


class DialectRoute(BaseRoute):
    """All routes of one dialect, for the requests that it claimed."""

    def __init__(self, dialect: Dialect) -> None:
        self._name, self._router = dialect.name, Router(dialect.routes, redirect_slashes=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether the request is in this dialect."""
        return (Match.FULL if scope.get(_DIALECT) == self._name else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it."""
        await self._router(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Dialects' addresses are the vendors': nothing here makes links to them."""
        raise NoMatchFound(name, path_params)
