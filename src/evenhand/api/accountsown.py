"""`/v1/account`: one's own account, password, one-time codes, language and theme."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.accounts import codes
from evenhand.api.accountdocuments import account_document, reply
from evenhand.api.accountschemas import (
    AccountOut,
    ConfirmIn,
    MeOut,
    PasswordIn,
    PreferencesIn,
    ProveIn,
    RecoveryOut,
    TotpOut,
)
from evenhand.api.auth import Caller, ForbiddenError
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.sessions import address_of
from evenhand.api.state import State, state_of
from evenhand.errors import AuthError, InputError, UserError
from evenhand.store.accountrecords import User
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounts"])

PATH = "/v1/account"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_BAD: dict[int | str, dict[str, Any]] = {
    **_READ,
    400: {"model": ErrorOut, "description": "A password or a code is wrong, or codes are set up already."},
}


@router.get(PATH, response_model=MeOut, responses=_READ, summary="Who am I?")
async def me(request: Request) -> Response:
    """Say who asks and what they may do: a person, an API key, or whoever reaches a server that needs neither."""
    caller = await state_of(request).guard.caller(request, None, unfinished=True)
    document = {
        "id": caller.id or LOCAL,
        "name": caller.name,
        "scopes": list(caller.scopes),
        "tenant": caller.tenant,
        "csrf": caller.csrf,
        "account": None if caller.user is None else account_document(caller.user),
    }
    return reply(document)


@router.patch(PATH, response_model=AccountOut, responses=_READ, summary="Set language and theme")
async def prefer(request: Request, body: PreferencesIn) -> Response:
    """Set how the console looks for oneself; what is left out stays."""
    state, _, user = await _person(request)
    wanted = {"language": user.language, "theme": user.theme, **body.model_dump(exclude_unset=True)}
    return reply(account_document(await asyncio.to_thread(partial(state.store.accounts.prefer, user.id, **wanted))))


@router.post(PATH + "/password", response_model=AccountOut, responses=_BAD, summary="Change one's own password")
async def password(request: Request, body: PasswordIn) -> Response:
    """Change one's own password. All other sessions of the account end."""
    state, caller, user = await _person(request)
    await _prove(request, state, user, body.old)
    if body.old == body.new:
        raise UserError("That is the password you have: choose another one.")
    keep = caller.session.id if caller.session is not None else None
    accounts = state.store.accounts
    change = partial(accounts.set_password, user.id, body.new, actor=user.id, must_change=False, keep=keep)
    try:
        return reply(account_document(await asyncio.to_thread(change)))
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error


@router.post(PATH + "/totp", response_model=TotpOut, responses=_BAD, summary="Set up one-time codes")
async def totp(request: Request, body: ProveIn) -> Response:
    """Give a new secret for an authenticator app. Codes are asked for once the first one has been sent back."""
    state, _, user = await _person(request)
    await _prove(request, state, user, body.password)
    secret = await asyncio.to_thread(state.store.logins.prepare_totp, user.id)
    address = codes.uri(secret, name=user.name)
    return reply({"secret": secret, "uri": address, "svg": codes.drawn(address)})


@router.post(
    PATH + "/totp/confirm", response_model=RecoveryOut, responses=_BAD, summary="Set up one-time codes: confirm"
)
async def confirm(request: Request, body: ConfirmIn) -> Response:
    """Send the first code back. The answer holds recovery codes for when the device is lost, shown this once."""
    state, _, user = await _person(request)
    made = await asyncio.to_thread(state.store.logins.confirm_totp, user.id, body.code)
    return reply({"recovery_codes": list(made)})


@router.post(PATH + "/totp/remove", response_model=AccountOut, responses=_BAD, summary="Take one-time codes away")
async def remove(request: Request, body: ProveIn) -> Response:
    """Take one's own one-time codes and recovery codes away."""
    state, _, user = await _person(request)
    await _prove(request, state, user, body.password)
    take = partial(state.store.logins.remove_totp, user.id, actor=user.id)
    return reply(account_document(await asyncio.to_thread(take)))


async def _person(request: Request) -> tuple[State, Caller, User]:
    state = state_of(request)
    caller = await state.guard.caller(request, None, unfinished=True)
    if caller.user is None:
        raise ForbiddenError("Only a person who has signed in has an account of their own.")
    return state, caller, caller.user


async def _prove(request: Request, state: State, user: User, given: str) -> None:
    """Check one's own password again: an open session alone changes no secret. Tries count as logins do."""
    if not user.has_password:
        raise ForbiddenError("You sign in through single sign-on: passwords and codes are looked after there.")
    await asyncio.to_thread(state.store.logins.attempt, user.name, address_of(request))
    try:
        await asyncio.to_thread(state.store.logins.by_password, user.name, given)
    except AuthError as error:
        raise UserError("That is not your password.") from error
    await asyncio.to_thread(state.store.logins.succeeded, user.name, address_of(request))
