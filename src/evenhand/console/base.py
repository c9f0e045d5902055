"""What all pages share: who looks, and how a template becomes an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from evenhand.accounts.roles import SCOPES
from evenhand.api.auth import Caller, open_to_tenants
from evenhand.api.reviewpeople import as_person
from evenhand.api.state import State, state_of
from evenhand.console import i18n
from evenhand.console.filters import FILTERS
from evenhand.store.reviewrecords import LOCAL, Person

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Nav:
    """One entry of the navigation."""

    label: str  # English, marked with N_
    path: str
    scope: str  # who sees it


@dataclass(frozen=True, slots=True)
class Area:
    """One area of pages."""

    router: APIRouter
    nav: Sequence[Nav] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who looks at a page."""

    id: str  # of the user or API key; LOCAL where neither is needed
    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    csrf: str = ""  # goes into the header X-CSRF-Token of what pages send; "" where there is no session
    language: str = "en"
    theme: str = "auto"  # "auto", "light" or "dark"
    tenant: str | None = None  # id of the tenant that they belong to, and see nothing beyond
    person: Person | None = None  # as the review service knows them

    def may(self, scope: str) -> bool:
        """Say whether they have a scope."""
        return scope in self.scopes or "admin" in self.scopes


async def visitor_of(request: Request, scope: str | None = None) -> Visitor:
    """Give who looks at a page.

    Args:
        request: of the page.
        scope: what they must be allowed to do; None: anything will do.

    Raises:
        AuthError: nobody is logged in; the console then shows the login page.
        ForbiddenError: they may not see this page.
        UnfinishedError: they must finish their account first; the console then shows it.
    """
    return visitor_for(request, await state_of(request).guard.caller(request, scope))


def visitor_for(request: Request, caller: Caller) -> Visitor:
    """Give how pages look for somebody: their own choice of language and theme, else this browser's."""
    user = caller.user
    theme = (user.theme if user is not None else None) or request.cookies.get("evenhand_theme", "auto")
    return Visitor(
        id=caller.id or LOCAL,
        name=caller.name,
        scopes=frozenset(SCOPES) if caller.id is None else frozenset(caller.scopes),
        csrf=caller.csrf,
        language=(user.language if user is not None else None) or i18n.language_of(request),
        theme=theme if theme in ("light", "dark") else "auto",
        tenant=caller.tenant,
        person=as_person(caller),
    )


def page(request: Request, visitor: Visitor, template: str, /, *, status: int = 200, **values: Any) -> Response:
    """Render a template.

    Args:
        request: of the page.
        visitor: who looks.
        template: its path below `templates/`.
        status: of the answer.
        values: for the template, besides `visitor`, `nav`, `path`, `language`, `_` and `static`.
    """
    return HTMLResponse(render(request, visitor, template, **values), status)


def render(request: Request, visitor: Visitor, template: str, /, **values: Any) -> str:
    """Render a template to text; arguments as for `page`."""
    nav: Sequence[Nav] = getattr(request.app.state, "console_nav", ())
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            visitor=visitor,
            nav=[entry for entry in nav if visitor.may(entry.scope) and _open(visitor, entry.path)],
            path=request.url.path,
            here=_here([entry.path for entry in nav], request.url.path),
            language=visitor.language,
            _=partial(i18n.translate, visitor.language),
            static=_static,
        )
    )


def _open(visitor: Visitor, path: str) -> bool:
    return visitor.tenant is None or open_to_tenants(path)


def login_path(request_path: str) -> str:
    """Give the address of the login page that leads back to a page."""
    return f"/console/accounts/login?next={quote(request_path, safe='/')}"


def parts(request: Request) -> State:
    """Give the parts of the server: its moderator and its store."""
    return state_of(request)


def _here(paths: Sequence[str], path: str) -> str:
    """Give the entry of the navigation that a page belongs to: the longest that its address begins with."""
    return max((one for one in paths if path == one or path.startswith(one + "/")), key=len, default="")


def _static(name: str) -> str:
    return f"/console/static/{static_version()}/{name}"


@cache
def static_version() -> str:
    """Give what stands for all scripts and styles as they are: browsers keep them until one changes.

    It is a part of the path, not of the query, so that a module that imports another by a relative address gets the
    very one that the page has loaded, and not a second one that listens to the same buttons.
    """
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment
