"""`/v1/sessions`: signing in and out. A session is a cookie that no script can read, new with every login."""

from __future__ import annotations

import asyncio
import hmac
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.accountdocuments import account_document, reply, session_document
from evenhand.api.accountschemas import CodeIn, EndedOut, LoginIn, LoginOut, SessionsOut, SetupIn
from evenhand.api.auth import Caller, ForbiddenError, cookie_name, csrf_of, is_https
from evenhand.api.check import ERRORS
from evenhand.api.crosssite import refuse_cross_site
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import AuthError, InputError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.accountrecords import NewSession, User

router = APIRouter(tags=["accounts"])

PATH = "/v1/sessions"
_STEP_MINUTES = 5
_DOORS: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_GONE: dict[int | str, dict[str, Any]] = {**_DOORS, 404: {"model": ErrorOut, "description": "No such session."}}


@router.post(PATH, response_model=LoginOut, responses=_DOORS, summary="Sign in")
async def sign_in(request: Request, body: LoginIn) -> Response:
    """Sign in with name and password. Where the account has one-time codes, `state` is `code`: send one next."""
    state, address = state_of(request), address_of(request)
    refuse_cross_site(request)
    await asyncio.to_thread(state.store.logins.attempt, body.name, address)
    try:
        user = await asyncio.to_thread(state.store.logins.by_password, body.name, body.password)
    except AuthError:
        structlog.get_logger().warning("login refused", address=address)
        raise
    if not user.has_totp:
        return await opened(request, user, how="password", name=body.name)
    if body.code is not None:
        how = await asyncio.to_thread(state.store.logins.by_code, user.id, body.code)
        return await opened(request, user, how=how, name=body.name)
    begin = partial(state.store.logins.begin, "code", minutes=_STEP_MINUTES, user_id=user.id, data={"name": body.name})
    return reply({"state": "code", "step": await asyncio.to_thread(begin)})


@router.post(PATH + "/code", response_model=LoginOut, responses=_DOORS, summary="Sign in: the second step")
async def second_step(request: Request, body: CodeIn) -> Response:
    """Send a one-time code, or a recovery code where the device is lost. Neither is taken twice."""
    state, address = state_of(request), address_of(request)
    refuse_cross_site(request)
    step = await asyncio.to_thread(partial(state.store.logins.resume, "code", body.step, spend=False))
    name = step.data["name"]
    await asyncio.to_thread(state.store.logins.attempt, name, address)
    user = await asyncio.to_thread(state.store.accounts.get, str(step.user_id))
    how = await asyncio.to_thread(state.store.logins.by_code, user.id, body.code)
    await asyncio.to_thread(partial(state.store.logins.resume, "code", body.step, spend=True))
    return await opened(request, user, how=how, name=name)


@router.post("/v1/setup", response_model=LoginOut, status_code=201, responses=_DOORS, summary="Make the first account")
async def set_up(request: Request, body: SetupIn) -> Response:
    """Make the first account, which may do everything, with the token that the server wrote to its log; and sign in."""
    state, address = state_of(request), address_of(request)
    refuse_cross_site(request)
    await asyncio.to_thread(state.store.logins.attempt, "first set-up", address)
    if not state.setup or not hmac.compare_digest(state.setup.encode(), body.token.encode()):
        raise ForbiddenError("That is not the token that the server wrote to its log when it started.")
    make = partial(
        state.store.accounts.create,
        body.name,
        actor="setup",
        roles=["admin"],
        password=body.password,
        must_change=False,
        first=True,
    )
    try:
        user = await asyncio.to_thread(make)
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error
    state.setup = None
    state.guard.accounts_made()
    await asyncio.to_thread(state.store.logins.succeeded, "first set-up", address)
    return await opened(request, user, how="setup", name=body.name, status=201)


@router.get(PATH, response_model=SessionsOut, responses=_GONE, summary="List sessions")
async def listed(
    request: Request, account: Annotated[str | None, Query(max_length=200, description="Whose; else one's own.")] = None
) -> Response:
    """List one's own sessions; those who manage accounts may ask for somebody else's."""
    state, caller, user = await _whose(request, account)
    found = [] if user is None else await asyncio.to_thread(state.store.sessions.of_user, user.id)
    current = caller.session.id if caller.session is not None else None
    return reply({"sessions": [session_document(session, current=current) for session in found]})


@router.delete(PATH, response_model=EndedOut, responses=_GONE, summary="End sessions")
async def end_others(
    request: Request, account: Annotated[str | None, Query(max_length=200, description="Whose; else one's own.")] = None
) -> Response:
    """End all of one's own sessions but this one; those who manage accounts may end all of somebody else's."""
    state, caller, user = await _whose(request, account)
    if user is None:
        return reply({"ended": 0})
    keep = caller.session.id if caller.session is not None and caller.id == user.id else None
    end = partial(state.store.sessions.end_all, user.id, actor=caller.id or "local", keep=keep)
    return reply({"ended": await asyncio.to_thread(end)})


@router.delete(PATH + "/current", response_model=EndedOut, responses=_DOORS, summary="Sign out")
async def sign_out(request: Request) -> Response:
    """End this session."""
    state = state_of(request)
    caller = await state.guard.caller(request, None, unfinished=True)
    ended = 0
    if caller.session is not None:
        end = partial(state.store.sessions.end, caller.session.id, actor=str(caller.id), user_id=caller.id)
        try:
            await asyncio.to_thread(end)
            ended = 1
        except NotFoundError:
            pass  # ended meanwhile, which is what was wanted
    response = reply({"ended": ended})
    https = is_https(request, state.moderator.settings)
    response.delete_cookie(cookie_name(https=https), path="/", secure=https, httponly=True, samesite="lax")
    return response


@router.delete(PATH + "/{session_id}", response_model=EndedOut, responses=_GONE, summary="End a session")
async def end(request: Request, session_id: str) -> Response:
    """End one of one's own sessions; those who manage accounts may end somebody else's."""
    state = state_of(request)
    caller = await state.guard.caller(request, None)
    whose = None if caller.may("accounts") and caller.tenant is None else caller.id or "local"
    finish = partial(state.store.sessions.end, session_id[:100], actor=caller.id or "local", user_id=whose)
    await asyncio.to_thread(finish)
    return reply({"ended": 1})


async def opened(request: Request, user: User, *, how: str, name: str, status: int = 200) -> Response:
    """Open a session for somebody who has proved who they are, and answer with its cookie.

    Args:
        request: of the login.
        user: who.
        how: they signed in.
        name: as they typed it: their tries are taken back.
        status: of the answer.
    """
    state = state_of(request)
    await asyncio.to_thread(state.store.logins.succeeded, name, address_of(request))
    made = await asyncio.to_thread(partial(new_session, request, state, user, how))
    document = {"state": "open", "csrf": csrf_of(made.token), "account": account_document(made.user)}
    response = reply(document, status)
    set_cookie(response, request, state.moderator.settings, made)
    return response


def new_session(request: Request, state: State, user: User, how: str) -> NewSession:
    """Open a session; what the browser had before ends."""
    old = request.cookies.get(cookie_name(https=is_https(request, state.moderator.settings)))
    agent = request.headers.get("user-agent", "")
    return state.store.sessions.open(user.id, how=how, address=address_of(request), agent=agent, instead=old)


def set_cookie(response: Response, request: Request, settings: Settings, made: NewSession) -> None:
    """Give the browser its session."""
    https = is_https(request, settings)
    response.set_cookie(
        cookie_name(https=https),
        made.token,
        max_age=int(settings.session_max_s),
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def address_of(request: Request) -> str:
    """Give where a request came from, as the server sees it."""
    return request.client.host if request.client is not None else ""


async def _whose(request: Request, account: str | None) -> tuple[State, Caller, User | None]:
    state = state_of(request)
    caller = await state.guard.caller(request, None if account is None else "accounts", unfinished=account is None)
    if account is None:
        return state, caller, caller.user
    user = await asyncio.to_thread(state.store.accounts.get, account)
    if caller.tenant is not None and user.tenant != caller.tenant:
        raise NotFoundError(f"no account has the id or name {account[:80]!r}")
    if "admin" in user.scopes and not caller.may("admin"):
        raise ForbiddenError("Only those who may do everything manage the accounts of those who may.")
    return state, caller, user
