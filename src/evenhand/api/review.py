"""`/v1/review`: what waits for people, and what they say. For keys with the scope review."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.reviewpeople import person_of
from evenhand.api.reviewschemas import (
    ClaimOut,
    DecidedOut,
    DecideIn,
    HandOverIn,
    HoldIn,
    ItemOut,
    ItemsOut,
    NoteIn,
    SkipIn,
    StatsOut,
    WantedIn,
)
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import InputError, NotFoundError
from evenhand.review.documents import held_back_document, item_document
from evenhand.review.verdicts import read_verdict
from evenhand.store import Store
from evenhand.store.reviewrecords import Person, ReviewItem, Wanted

router = APIRouter(tags=["review"])

PATH = "/v1/review"
_ITEM = PATH + "/items/{decision_id}"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such item."}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_ONE,
    409: {"model": ErrorOut, "description": "Somebody else holds it, it is on hold, or it is done."},
}
_STATES = Literal["waiting", "claimed", "held", "done"]
_Text = Annotated[str | None, Query(max_length=200)]


@router.post(PATH + "/claim", response_model=ClaimOut, responses=_READ, summary="Claim the most urgent item")
async def claim(request: Request, body: WantedIn) -> Response:
    """Claim the most urgent free item that fits, for as long as a lease lasts. Nobody else gets it meanwhile."""
    state = state_of(request)
    person = await person_of(request, state)
    wanted = _wanted(body)
    return _json(await asyncio.to_thread(_claimed, state.store, person, wanted))


@router.get(PATH + "/items", response_model=ItemsOut, responses=_READ, summary="List items")
async def listed(
    request: Request,
    state: Annotated[_STATES | None, Query(description="Only items in this state.")] = None,
    queue: _Text = None,
    line: _Text = None,
    label: _Text = None,
    language: _Text = None,
    tenant: _Text = None,
    kind: _Text = None,
    after: Annotated[str, Query(max_length=100, description="`after` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List items, oldest first."""
    here = state_of(request)
    person = await person_of(request, here)
    given = {"queue": queue, "line": line, "label": label, "language": language, "tenant": tenant, "kind": kind}
    wanted = Wanted(**{name: _clean(value) for name, value in given.items()})
    find = partial(here.store.reviews.page, wanted, person=person, state=state, after=_clean(after) or "", limit=limit)
    found = await asyncio.to_thread(find)
    last = found[-1].decision_id if len(found) == limit else None
    return _json({"items": [item_document(item, person) for item in found], "after": last})


@router.get(_ITEM, response_model=ItemOut, responses=_ONE, summary="Give an item")
async def show(request: Request, decision_id: str) -> Response:
    """Give an item with the decision that it is about."""
    state = state_of(request)
    person = await person_of(request, state)
    found = await asyncio.to_thread(state.store.reviews.get, decision_id, person)
    return _json(await asyncio.to_thread(_whole, state.store, found, person))


@router.post(_ITEM + "/claim", response_model=ItemOut, responses=_STEP, summary="Claim one item")
async def take(request: Request, decision_id: str) -> Response:
    """Claim this very item, which nobody holds."""
    return await _step(request, lambda store, person: store.reviews.take(decision_id, person))


@router.post(_ITEM + "/renew", response_model=ItemOut, responses=_STEP, summary="Lengthen a lease")
async def renew(request: Request, decision_id: str) -> Response:
    """Lengthen the lease of an item that the caller holds."""
    return await _step(request, lambda store, person: store.reviews.renew(decision_id, person))


@router.post(_ITEM + "/release", response_model=ItemOut, responses=_STEP, summary="Give an item back")
async def release(request: Request, decision_id: str) -> Response:
    """Give an item back, for anybody."""
    return await _step(request, lambda store, person: store.reviews.release(decision_id, person))


@router.post(_ITEM + "/skip", response_model=ItemOut, responses=_STEP, summary="Skip an item")
async def skip(request: Request, decision_id: str, body: SkipIn) -> Response:
    """Give an item back, for others: the caller is not given it again."""
    return await _step(request, lambda store, person: store.reviews.skip(decision_id, person, body.reason))


@router.post(_ITEM + "/hand-over", response_model=ItemOut, responses=_STEP, summary="Hand an item over")
async def hand_over(request: Request, decision_id: str, body: HandOverIn) -> Response:
    """Hand an item to somebody else, who has it for a lease of their own."""
    to = _clean(body.to) or ""
    return await _step(request, lambda store, person: store.reviews.hand_over(decision_id, person, to, body.note))


@router.post(_ITEM + "/escalate", response_model=ItemOut, responses=_STEP, summary="Escalate an item")
async def escalate(request: Request, decision_id: str, body: NoteIn) -> Response:
    """Give an item to those who are senior, before anything else that waits for them."""
    return await _step(request, lambda store, person: store.reviews.escalate(decision_id, person, body.note))


@router.post(_ITEM + "/hold", response_model=ItemOut, responses=_STEP, summary="Hold an item")
async def hold(request: Request, decision_id: str, body: HoldIn) -> Response:
    """Keep an item from everybody until a moment."""
    return await _step(request, lambda store, person: store.reviews.hold(decision_id, person, body.until, body.note))


@router.post(_ITEM + "/decide", response_model=DecidedOut, responses=_STEP, summary="Give the verdict")
async def decide(request: Request, decision_id: str, body: DecideIn) -> Response:
    """Give the verdict in one call: on an item that the caller holds, or that nobody holds. `next` claims another."""
    verdict = read_verdict(body.verdict, action=body.action, labels=body.labels, reason=body.reason, was="review")
    state = state_of(request)
    person = await person_of(request, state)
    wanted = _wanted(body.next) if isinstance(body.next, WantedIn) else Wanted()

    def work() -> dict[str, Any]:
        document = item_document(state.store.reviews.decide(decision_id, person, verdict), person)
        # Two transactions: the verdict stands, whatever becomes of the next item.
        return {**document, "next": _claimed(state.store, person, wanted) if body.next is not False else None}

    return _json(await asyncio.to_thread(work))


@router.post(PATH + "/undo", response_model=ItemOut, responses=_ONE, summary="Undo the last verdict")
async def undo(request: Request) -> Response:
    """Take back the caller's last verdict; they hold the item again."""
    return await _step(request, lambda store, person: store.reviews.undo(person))


@router.get(PATH + "/stats", response_model=StatsOut, responses=_READ, summary="Totals")
async def stats(
    request: Request,
    hours: Annotated[float, Query(gt=0, le=87_600, description="How far back what was done is counted.")] = 24,
) -> Response:
    """Give how the queues are, and how often people found labels right. Nobody is measured alone."""
    state = state_of(request)
    person = await person_of(request, state)
    since = datetime.now(UTC) - timedelta(hours=hours)
    return _json(asdict(await asyncio.to_thread(state.store.review_totals.stats, since, person)))


async def _step(request: Request, work: Callable[[Store, Person], ReviewItem]) -> Response:
    state: State = state_of(request)
    person = await person_of(request, state)
    try:
        found = await asyncio.to_thread(work, state.store, person)
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error
    return _json(item_document(found, person))


def _claimed(store: Store, person: Person, wanted: Wanted) -> dict[str, Any]:
    given = store.reviews.give(person, wanted)
    shown = None if given.item is None else _whole(store, given.item, person)
    return {"item": shown, "held_back": None if given.held_back is None else held_back_document(given.held_back)}


def _wanted(body: WantedIn) -> Wanted:
    return Wanted(**{name: _clean(value) for name, value in body.model_dump().items()})


def _whole(store: Store, found: ReviewItem, person: Person) -> dict[str, Any]:
    try:
        decision = store.decision(found.decision_id)
    except NotFoundError:
        decision = None  # deleted meanwhile; its item goes with the next purge
    return {**item_document(found, person), "decision": decision}


def _clean(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "")


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
