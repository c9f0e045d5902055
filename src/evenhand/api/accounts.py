"""`/v1/accounts`, `/v1/tenants` and `/v1/keys`: who may use this server. For those with the scope accounts.

Nobody gives away more than they have, and a tenant's own people see and make only what is their tenant's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.accounts.passwords import new_password
from evenhand.accounts.roles import scopes_of
from evenhand.api.accountdocuments import account_document, key_document, reply, tenant_document
from evenhand.api.accountschemas import (
    AccountChangeIn,
    AccountIn,
    AccountOut,
    AccountsOut,
    KeyIn,
    KeyOut,
    KeysOut,
    NewAccountOut,
    NewKeyOut,
    TenantIn,
    TenantOut,
    TenantsOut,
)
from evenhand.api.auth import Caller, ForbiddenError
from evenhand.api.check import ERRORS
from evenhand.api.compat import keyed_places
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.store.accountrecords import User
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounts"])

PATH, TENANTS, KEYS = "/v1/accounts", "/v1/tenants", "/v1/keys"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 429, 503)}
_MAKE: dict[int | str, dict[str, Any]] = {
    **_READ,
    404: {"model": ErrorOut, "description": "No such account, tenant or key."},
    409: {"model": ErrorOut, "description": "The name is taken, or nobody would be left who may do everything."},
    422: ERRORS[422],
}
T = TypeVar("T")


@router.get(PATH, response_model=AccountsOut, responses=_READ, summary="List accounts")
async def listed(request: Request) -> Response:
    """List accounts, without their secrets."""
    state, caller = await _manager(request)
    found = await asyncio.to_thread(partial(state.store.accounts.users, tenant=caller.tenant))
    return reply({"accounts": [account_document(user) for user in found]})


@router.post(PATH, response_model=NewAccountOut, status_code=201, responses=_MAKE, summary="Make an account")
async def create(request: Request, body: AccountIn) -> Response:
    """Make an account. Without a password one is made, shown once, and changed at the first login."""
    state, caller = await _manager(request)
    tenant = await _tenant(state, caller, body.tenant)
    _refuse_more(caller, scopes_of(body.roles, tenant=tenant is not None))
    if not await state.guard.needed() and "admin" not in body.roles:
        raise ConflictError("the first account is an admin's: from then on everybody must sign in")
    password = None if body.single_sign_on else body.password or new_password()
    make = partial(
        state.store.accounts.create,
        body.name,
        actor=caller.id or LOCAL,
        roles=body.roles,
        password=password,
        must_change=body.password is None,
        queues=body.queues,
        labels=body.labels,
        tenant=tenant,
    )
    user = await _done(make)
    state.guard.accounts_made()
    return reply({**account_document(user), "password": None if body.password else password}, 201)


@router.get(PATH + "/{name}", response_model=AccountOut, responses=_MAKE, summary="Give an account")
async def show(request: Request, name: str) -> Response:
    """Give an account by id or name."""
    state, caller = await _manager(request)
    return reply(account_document(await _account(state, caller, name, touch=False)))


@router.patch(PATH + "/{name}", response_model=AccountOut, responses=_MAKE, summary="Change an account")
async def change(request: Request, name: str, body: AccountChangeIn) -> Response:
    """Change roles and limits, or disable an account: its owner is signed out at once."""
    state, caller = await _manager(request)
    user = await _account(state, caller, name)
    if body.roles is not None:
        _refuse_more(caller, scopes_of(body.roles, tenant=user.tenant is not None))
    # null takes a limit away; what was left out stays.
    given = {name: [] if value is None else value for name, value in body.model_dump(exclude_unset=True).items()}
    wanted = {name: value for name, value in given.items() if value != [] or name in ("queues", "labels")}
    work = partial(state.store.accounts.change, user.id, actor=caller.id or LOCAL, **wanted)
    return reply(account_document(await _done(work)))


@router.post(
    PATH + "/{name}/reset-password", response_model=NewAccountOut, responses=_MAKE, summary="Set a password anew"
)
async def reset_password(request: Request, name: str) -> Response:
    """Give an account a new password, shown once, to be changed at the next login. Its sessions end."""
    state, caller = await _manager(request)
    user = await _account(state, caller, name)
    password = new_password()
    accounts = state.store.accounts
    change = partial(accounts.set_password, user.id, password, actor=caller.id or LOCAL, must_change=True)
    return reply({**account_document(await _done(change)), "password": password})


@router.post(PATH + "/{name}/reset-totp", response_model=AccountOut, responses=_MAKE, summary="Take codes away")
async def reset_totp(request: Request, name: str) -> Response:
    """Take an account's one-time codes away, for somebody who lost device and recovery codes."""
    state, caller = await _manager(request)
    user = await _account(state, caller, name)
    take = partial(state.store.logins.remove_totp, user.id, actor=caller.id or LOCAL)
    return reply(account_document(await asyncio.to_thread(take)))


@router.get(TENANTS, response_model=TenantsOut, responses=_READ, summary="List tenants")
async def tenants(request: Request) -> Response:
    """List tenants."""
    state, _ = await _manager(request)
    found = await asyncio.to_thread(state.store.accounts.tenants)
    return reply({"tenants": [tenant_document(tenant) for tenant in found]})


@router.post(TENANTS, response_model=TenantOut, status_code=201, responses=_MAKE, summary="Make a tenant")
async def create_tenant(request: Request, body: TenantIn) -> Response:
    """Make a tenant: a customer whose people and keys see only what is theirs."""
    state, caller = await _manager(request)
    make = partial(state.store.accounts.create_tenant, body.name, actor=caller.id or LOCAL)
    return reply(tenant_document(await _done(make)), 201)


@router.get(KEYS, response_model=KeysOut, responses=_READ, summary="List API keys")
async def keys(request: Request) -> Response:
    """List API keys, revoked ones too, without their tokens."""
    state, caller = await _manager(request)
    found = await asyncio.to_thread(partial(state.store.keys.list, tenant=caller.tenant))
    return reply({"keys": [key_document(key) for key in found]})


@router.post(KEYS, response_model=NewKeyOut, status_code=201, responses=_MAKE, summary="Make an API key")
async def create_key(request: Request, body: KeyIn) -> Response:
    """Make an API key. Its token is in the answer, and is not shown again."""
    state, caller = await _manager(request)
    tenant = await _tenant(state, caller, body.tenant)
    _refuse_more(caller, body.scopes)
    only = keyed_places(body.only) or caller.only  # a key makes none that reaches further than itself
    if beyond := sorted(set(only) - set(caller.only)) if caller.only else ():
        raise ForbiddenError(f"Your own key is not good for {', '.join(beyond)}, and makes no key that is.")
    if tenant is not None and "admin" in body.scopes:
        raise InputError("admin is for the whole server, and cannot be a scope of a tenant's key.")
    ends = datetime.now(UTC) + timedelta(days=body.days) if body.days is not None else body.expires_at
    make = partial(
        state.store.keys.create,
        body.name,
        scopes=body.scopes,
        expires_at=ends,
        tenant=tenant,
        only=only,
        actor=caller.id or LOCAL,
    )
    made = await _done(make)
    return reply({**key_document(made.info), "token": made.token}, 201)


@router.delete(KEYS + "/{key_id}", response_model=KeyOut, responses=_MAKE, summary="Revoke an API key")
async def revoke_key(request: Request, key_id: str) -> Response:
    """Make an API key useless, from the next request on."""
    state, caller = await _manager(request)

    def work() -> Response:
        found = {key.id: key for key in state.store.keys.list(tenant=caller.tenant)}.get(key_id)
        if found is not None and "admin" in found.scopes and not caller.may("admin"):
            raise ForbiddenError("Only those who may do everything revoke keys that may.")
        state.store.keys.revoke(key_id, tenant=caller.tenant, actor=caller.id or LOCAL)
        return reply(key_document(next(key for key in state.store.keys.list() if key.id == key_id)))

    return await asyncio.to_thread(work)


async def _manager(request: Request) -> tuple[State, Caller]:
    state = state_of(request)
    return state, await state.guard.caller(request, "accounts")


async def _account(state: State, caller: Caller, name: str, *, touch: bool = True) -> User:
    """Give an account that the caller may see; where it is touched, one that has no more rights than they."""
    user = await asyncio.to_thread(state.store.accounts.get, name)
    if caller.tenant is not None and user.tenant != caller.tenant:
        raise NotFoundError(f"no account has the id or name {name[:80]!r}")
    if touch:
        _refuse_more(caller, user.scopes)
    return user


async def _tenant(state: State, caller: Caller, name: str | None) -> str | None:
    """Give the id of the tenant that something new belongs to: of the caller's own, where they have one."""
    if caller.tenant is not None:
        return caller.tenant
    return None if name is None else (await asyncio.to_thread(state.store.accounts.tenant, name)).id


def _refuse_more(caller: Caller, scopes: Sequence[str]) -> None:
    # What is everyone's to give is not listed: any manager of accounts makes reviewers.
    if more := [scope for scope in scopes if scope in ("policy", "audit", "admin") and not caller.may(scope)]:
        raise ForbiddenError(f"You may not '{', '.join(more)}' yourself, so you cannot give or take it.")


async def _done(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error
