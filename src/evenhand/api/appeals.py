"""`/v1/appeals`: filed by callers for whoever a decision is about, decided by people who took no part in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.appealschemas import (
    AppealClaimOut,
    AppealIn,
    AppealOut,
    AppealsOut,
    AppealTotalsListOut,
    LinkIn,
    LinkOut,
    OutcomeIn,
)
from evenhand.api.auth import Caller
from evenhand.api.check import ERRORS
from evenhand.api.idempotency import once
from evenhand.api.quality import Days, ask, since
from evenhand.api.reviewpeople import as_person, person_of
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import EvenhandError, InputError, NotFoundError
from evenhand.review.appealing import read_outcome
from evenhand.review.appeallinks import Links
from evenhand.review.documents import item_document
from evenhand.review.qualitydocuments import appeal_document, plain
from evenhand.store import Store
from evenhand.store.qualityrecords import Appeal
from evenhand.store.reviewqueues import APPEALS
from evenhand.store.reviewrecords import LOCAL, Person, Wanted

router = APIRouter(tags=["appeals"])

PATH = "/v1/appeals"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "There is none of that id."}}
_LINK: dict[int | str, dict[str, Any]] = {
    **_ONE,
    400: {"model": ErrorOut, "description": "EVENHAND_SECRET_KEY is not set: links cannot be signed."},
}
_FILE: dict[int | str, dict[str, Any]] = {
    **_ONE,
    200: {"model": AppealOut, "description": "The same words of the same party: the appeal that there is."},
    409: {"model": ErrorOut, "description": "Appealed against already, too late, or still to be decided by a person."},
}
_STEP: dict[int | str, dict[str, Any]] = {
    **_ONE,
    409: {"model": ErrorOut, "description": "It is decided, somebody else has it, or the caller took part."},
}


@router.post(PATH, status_code=201, response_model=AppealOut, responses=_FILE, summary="Appeal against a decision")
async def file(request: Request, body: AppealIn) -> Response:
    """Appeal against a decision that this key asked for. The same words again give the appeal that there is."""
    state = state_of(request)
    caller = await state.guard.caller(request, "check")

    async def work() -> Response:
        keys = await asyncio.to_thread(_keys, state.store, caller)
        send = partial(
            state.store.appeals.file,
            body.decision_id,
            body.statement,
            party=body.party,
            language=body.language,
            actor=caller.id or LOCAL,
            keys=keys,
        )
        appeal, new = await asyncio.to_thread(send)
        return _json(appeal_document(appeal, reviewing=False), 201 if new else 200)

    return await once(request, state.store, caller.id, work)


@router.post(PATH + "/links", response_model=LinkOut, responses=_LINK, summary="Make a link for an appeal")
async def link(request: Request, body: LinkIn) -> Response:
    """Make a signed link to a page on which somebody without an account appeals, and reads what came of it."""
    state = state_of(request)
    caller = await state.guard.caller(request, "check")
    links = Links(state.moderator.settings)

    def work() -> dict[str, Any]:
        keys = _keys(state.store, caller)
        if keys is not None and state.store.log.caller(body.decision_id) not in keys:
            raise NotFoundError(
                f"no decision with the id {body.decision_id[:80]!r} is stored; it may have been deleted"
            )
        state.store.decision(body.decision_id)
        return link_document(links, links.make(body.decision_id, party=body.party, days=body.days))

    return _json(await asyncio.to_thread(work))


@router.get(PATH, response_model=AppealsOut, responses=_READ, summary="List appeals")
async def listed(
    request: Request,
    state: Annotated[
        Literal["open", "decided", "upheld", "overturned", "partly"] | None, Query(description="Only in this state.")
    ] = None,
    decision_id: Annotated[str | None, Query(max_length=100)] = None,
    after: Annotated[str, Query(max_length=100, description="`after` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List appeals, oldest first: all for those who review, else those about decisions that this key asked for."""

    def find(store: Store, keys: Collection[str] | None, reviewing: bool) -> dict[str, Any]:
        about = None if decision_id is None else decision_id.replace("\x00", "")
        found = store.appeals.page(
            state=state, decision_id=about, keys=keys, after=after.replace("\x00", ""), limit=limit
        )
        shown = [appeal_document(appeal, reviewing=reviewing) for appeal in found]
        return {"appeals": shown, "after": found[-1].id if len(found) == limit else None}

    return await _see(request, find)


@router.get(PATH + "/totals", response_model=AppealTotalsListOut, responses=_READ, summary="What came of appeals")
async def totals(request: Request, days: Days = 30) -> Response:
    """Give how appeals were decided, by label: how often the first decision was wrong."""
    return await ask(request, lambda store, _: {"totals": store.appeals.totals(since(days))})


@router.post(PATH + "/claim", response_model=AppealClaimOut, responses=_READ, summary="Claim the most urgent appeal")
async def claim(request: Request) -> Response:
    """Claim the most urgent free appeal against what the caller took no part in, for as long as a lease lasts."""
    return await ask(request, claimed)


@router.get(PATH + "/{appeal_id}", response_model=AppealOut, responses=_ONE, summary="Give an appeal")
async def show(request: Request, appeal_id: str) -> Response:
    """Give an appeal."""

    def find(store: Store, keys: Collection[str] | None, reviewing: bool) -> dict[str, Any]:
        found = store.appeals.get(appeal_id)
        if keys is not None and found.tenant not in keys:
            raise NotFoundError(f"no appeal has the id {appeal_id[:80]!r}")
        return appeal_document(found, reviewing=reviewing)

    return await _see(request, find)


@router.post(PATH + "/{appeal_id}/decide", response_model=AppealOut, responses=_STEP, summary="Decide an appeal")
async def decide(request: Request, appeal_id: str, body: OutcomeIn) -> Response:
    """Decide an appeal that the caller holds, or nobody. It is final, and the appellant reads the explanation."""
    state = state_of(request)
    person = await person_of(request, state)
    work = partial(decided, state.store.within(person.tenant), person, appeal_id, **body.model_dump())
    return _json(await asyncio.to_thread(work))


def claimed(store: Store, person: Person) -> dict[str, Any]:
    """Claim the most urgent appeal for a person; give it with its item and the decision, null for none.

    Raises:
        StoreError: nothing was claimed.
    """
    item = store.reviews.claim(person, Wanted(queue=APPEALS))
    if item is None:
        return {"id": None, "appeal": None, "item": None}
    appeal = store.appeals.of_item(item.decision_id)
    decision = store.log.many([appeal.decision_id]).get(appeal.decision_id)
    shown = {**item_document(item, person), "decision": decision}
    return {"id": appeal.id, "appeal": appeal_document(appeal, reviewing=True), "item": shown}


def decided(
    store: Store,
    person: Person,
    appeal_id: str,
    *,
    outcome: str,
    explanation: str,
    action: str | None = None,
    labels: list[str] | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Decide an appeal; give it as it is then.

    Raises:
        EvenhandError: as `read_outcome` and `Appeals.decide`.
    """
    appeal: Appeal = store.appeals.get(appeal_id)
    verdict = read_outcome(appeal, outcome, action=action, labels=labels, reason=reason, explanation=explanation)
    done = store.appeals.decide(appeal_id, person, outcome, verdict, explanation=explanation, reason=reason)
    return appeal_document(done, reviewing=True)


def link_document(links: Links, token: str) -> dict[str, Any]:
    """Give the JSON form of a link."""
    link = links.read(token)
    return {"url": links.address(token), "token": token, **plain(link)}


async def _see(request: Request, find: Callable[[Store, Collection[str] | None, bool], dict[str, Any]]) -> Response:
    """Answer somebody who reviews, or who may only see what they asked for."""
    state: State = state_of(request)
    caller = await state.guard.caller(request, None)
    if not any(caller.may(scope) for scope in ("review", "read", "check")) and caller.id is not None:
        await state.guard.caller(request, "read")  # says what is missing

    def work() -> dict[str, Any]:
        return find(
            state.store.within(caller.tenant),
            _keys(state.store, caller),
            as_person(caller).senior or caller.may("review"),
        )

    try:
        return _json(await asyncio.to_thread(work))
    except ValueError as error:
        if isinstance(error, EvenhandError):
            raise
        raise InputError(f"That cannot be done: {error}.") from error


def _keys(store: Store, caller: Caller) -> set[str] | None:
    """Give whose decisions somebody may appeal against and see appeals about; None: everybody's."""
    if caller.id is None:
        return None
    if caller.tenant is not None:
        people = (user.id for user in store.accounts.users(tenant=caller.tenant))
        return {caller.id, *(key.id for key in store.keys.list(tenant=caller.tenant)), *people}
    return None if caller.may("review") else {caller.id}


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
