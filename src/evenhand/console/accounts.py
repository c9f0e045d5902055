"""Pages of accounts: signing in, the first account, one's own, people and tenants, API keys."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.accounts.roles import ROLES, SCOPES, TENANT_ROLES
from evenhand.api.compat import keyed_places
from evenhand.console import i18n
from evenhand.console.base import Area, Nav, Visitor, page, parts, visitor_for
from evenhand.console.i18n import N_
from evenhand.errors import NotFoundError
from evenhand.store.accountrecords import Session, User

router = APIRouter(prefix="/console/accounts")

ROLE_NAMES = {
    "reviewer": N_("Reviewer"),
    "senior": N_("Senior reviewer"),
    "policy": N_("Policy owner"),
    "auditor": N_("Auditor"),
    "admin": N_("Admin"),
}
HOW = {
    "password": N_("Password"),
    "totp": N_("Password and code"),
    "recovery": N_("Password and recovery code"),
    "oidc": N_("Single sign-on"),
    "setup": N_("First set-up"),
}


@router.get("/login")
async def login(
    request: Request,
    next: Annotated[str, Query(max_length=2_000)] = "/console",
    failed: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show the login page. Nothing on it tells who has an account."""
    settings = parts(request).moderator.settings
    inside = next == "/console" or next.startswith(("/console/", "/console?"))
    after = next if inside and "\\" not in next and next.isprintable() else "/console"
    return page(
        request,
        _nobody(request),
        "accounts/login.html",
        after=after,
        failed=failed,
        elsewhere=f"/v1/sessions/oidc?next={quote(after, safe='')}" if settings.oidc_issuer else None,
        provider=settings.oidc_issuer,
    )


@router.get("/setup")
async def setup(request: Request) -> Response:
    """Show the page on which the first account is made, with the token from the server's log."""
    state = parts(request)
    return page(request, _nobody(request), "accounts/setup.html", open=state.setup is not None)


@router.get("/me")
async def me(request: Request) -> Response:
    """Show one's own account. Also to those who must finish it before anything else."""
    state = parts(request)
    caller = await state.guard.caller(request, None, unfinished=True)
    sessions = [] if caller.user is None else await asyncio.to_thread(state.store.sessions.of_user, caller.user.id)
    return page(
        request,
        visitor_for(request, caller),
        "accounts/me.html",
        user=caller.user,
        roles=ROLE_NAMES,
        sessions=_sessions(sessions),
        current=caller.session.id if caller.session is not None else None,
        languages=i18n.LANGUAGES,
        needs_totp=state.moderator.settings.require_totp,
    )


@router.get("/users")
async def users(request: Request) -> Response:
    """List people and tenants."""
    state = parts(request)
    caller = await state.guard.caller(request, "accounts")
    found = await asyncio.to_thread(partial(state.store.accounts.users, tenant=caller.tenant))
    tenants = await asyncio.to_thread(state.store.accounts.tenants)
    return page(
        request,
        visitor_for(request, caller),
        "accounts/users.html",
        users=found,
        tenants=[tenant for tenant in tenants if caller.tenant in (None, tenant.id)],
        tenant_names={tenant.id: tenant.name for tenant in tenants},
        roles=_roles(caller.tenant),
        role_names=ROLE_NAMES,
        single_sign_on=state.moderator.settings.oidc_issuer is not None,
    )


@router.get("/users/{user_id}")
async def user(request: Request, user_id: str) -> Response:
    """Show one person: roles, limits, sessions."""
    state = parts(request)
    caller = await state.guard.caller(request, "accounts")
    found = await asyncio.to_thread(state.store.accounts.get, user_id)
    if caller.tenant is not None and found.tenant != caller.tenant:
        raise NotFoundError("no account has that id or name")
    sessions = await asyncio.to_thread(state.store.sessions.of_user, found.id)
    tenants = await asyncio.to_thread(state.store.accounts.tenants)
    return page(
        request,
        visitor_for(request, caller),
        "accounts/user.html",
        user=found,
        sessions=_sessions(sessions),
        roles=_roles(found.tenant),
        role_names=ROLE_NAMES,
        tenant=next((tenant.name for tenant in tenants if tenant.id == found.tenant), None),
    )


@router.get("/keys")
async def keys(request: Request) -> Response:
    """List API keys."""
    state = parts(request)
    caller = await state.guard.caller(request, "accounts")
    found = await asyncio.to_thread(partial(state.store.keys.list, tenant=caller.tenant))
    people: list[User] = await asyncio.to_thread(partial(state.store.accounts.users, tenant=caller.tenant))
    tenants = await asyncio.to_thread(state.store.accounts.tenants)
    wide = () if caller.tenant is None else ("policy", "audit", "accounts", "admin")
    return page(
        request,
        visitor_for(request, caller),
        "accounts/keys.html",
        keys=found,
        makers={person.id: person.name for person in people},
        tenants=[tenant for tenant in tenants if caller.tenant in (None, tenant.id)],
        tenant_names={tenant.id: tenant.name for tenant in tenants},
        places=caller.only or keyed_places(None),
        scopes=[scope for scope in SCOPES if scope not in wide and (scope == "check" or caller.may(scope))],
    )


def _nobody(request: Request) -> Visitor:
    theme = request.cookies.get("evenhand_theme", "auto")
    return Visitor(
        id="", name="", language=i18n.language_of(request), theme=theme if theme in ("light", "dark") else "auto"
    )


def _roles(tenant: str | None) -> list[str]:
    return list(ROLES if tenant is None else TENANT_ROLES)


def _sessions(found: list[Session]) -> list[tuple[Session, str]]:
    return [(session, HOW.get(session.how, session.how)) for session in found]


AREA = Area(
    router,
    nav=(
        Nav(N_("People"), "/console/accounts/users", "accounts"),
        Nav(N_("API keys"), "/console/accounts/keys", "accounts"),
    ),
)
