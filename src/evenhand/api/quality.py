"""`/v1/quality`: golden questions, agreement, disagreements, feedback. Own results for all, the rest for seniors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.qualityschemas import (
    AcknowledgeIn,
    AgreementsOut,
    DisagreementsOut,
    FeedbackIn,
    FeedbackOut,
    FeedbacksOut,
    FromAgreedIn,
    GoldenIn,
    GoldenOut,
    GoldensOut,
    GoldenTotalsListOut,
    OwnOut,
    VotesOut,
)
from evenhand.api.reviewpeople import person_of
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.errors import InputError
from evenhand.review.comparing import agreements
from evenhand.review.qualitydocuments import plain
from evenhand.review.verdicts import read_verdict
from evenhand.store import Store
from evenhand.store.reviewrecords import Person

router = APIRouter(tags=["quality"])

PATH = "/v1/quality"
READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
ONE: dict[int | str, dict[str, Any]] = {**READ, 404: {"model": ErrorOut, "description": "There is none of that id."}}
STEP: dict[int | str, dict[str, Any]] = {
    **ONE,
    409: {"model": ErrorOut, "description": "It is so already, or is not for the caller."},
}
Days = Annotated[float, Query(gt=0, le=3_650, description="How far back.")]
Queue = Annotated[str | None, Query(max_length=100, description="Only this queue.")]
After = Annotated[str, Query(max_length=100, description="`after` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1_000)]


@router.get(PATH + "/own", response_model=OwnOut, responses=READ, summary="One's own results")
async def own(request: Request, days: Days = 30) -> Response:
    """Give how the caller answered golden questions, and how often they agreed with what stands. For them alone."""
    return await ask(request, lambda store, person: store.quality.own(person, since(days)))


@router.get(PATH + "/agreement", response_model=AgreementsOut, responses=READ, summary="How well people agree")
async def agreement(request: Request, days: Days = 30, queue: Queue = None) -> Response:
    """Compare what two or more people judged without knowing of each other. Nobody is measured alone. For seniors."""
    return await ask(
        request,
        lambda store, _: agreements(store.quality.blind_pairs(since(days), queue=_clean(queue))),
        senior=True,
    )


@router.get(PATH + "/golden", response_model=GoldensOut, responses=READ, summary="List golden questions")
async def golden(
    request: Request, queue: Queue = None, retired: bool = False, after: After = "", limit: Limit = 100
) -> Response:
    """List golden questions, oldest first. For seniors."""
    find = partial(_golden_page, queue=_clean(queue), retired=retired, after=_clean(after) or "", limit=limit)
    return await ask(request, lambda store, _: find(store), senior=True)


@router.post(
    PATH + "/golden", status_code=201, response_model=GoldenOut, responses=STEP, summary="Make a golden question"
)
async def make_golden(request: Request, body: GoldenIn) -> Response:
    """Make a golden question of a stored decision, by hand. For seniors."""
    verdict = read_verdict(body.verdict, action=body.action, labels=body.labels, reason=body.reason, was="review")
    return await ask(
        request,
        lambda store, person: store.golden.make(person, body.decision_id, verdict, queue=body.queue, note=body.note),
        senior=True,
        status=201,
    )


@router.post(
    PATH + "/golden/from-agreed",
    status_code=201,
    response_model=GoldensOut,
    responses=READ,
    summary="Make golden questions of what people agreed about",
)
async def golden_from_agreed(request: Request, body: FromAgreedIn) -> Response:
    """Make golden questions of the latest decisions that two people or more judged, and all alike. For seniors."""

    def make(store: Store, person: Person) -> dict[str, Any]:
        made = store.golden.from_agreed(person, queue=body.queue.replace("\x00", ""), count=body.count)
        return {"golden": made, "after": None}

    return await ask(request, make, senior=True, status=201)


@router.post(PATH + "/golden/{question_id}/retire", response_model=GoldenOut, responses=ONE, summary="Retire one")
async def retire_golden(request: Request, question_id: str) -> Response:
    """Ask a golden question no more. For seniors."""
    return await ask(request, lambda store, person: store.golden.retire(person, question_id), senior=True)


@router.get(
    PATH + "/golden/totals", response_model=GoldenTotalsListOut, responses=READ, summary="How they were answered"
)
async def golden_totals(request: Request, days: Days = 30) -> Response:
    """Give how golden questions were answered, by queue, by all together. For seniors."""
    return await ask(request, lambda store, _: {"queues": store.golden.totals(since(days))}, senior=True)


@router.get(PATH + "/disagreements", response_model=DisagreementsOut, responses=READ, summary="List disagreements")
async def disagreements(
    request: Request, queue: Queue = None, done: bool = False, after: After = "", limit: Limit = 100
) -> Response:
    """List decisions about which people differ, oldest first, with what was said but not by whom. For seniors."""

    def find(store: Store, _: Person) -> dict[str, Any]:
        found = store.quality.disagreements(queue=_clean(queue), done=done, after=_clean(after) or "", limit=limit)
        return {"disagreements": found, "after": found[-1].item_id if len(found) == limit else None}

    return await ask(request, find, senior=True)


@router.get(PATH + "/verdicts/{decision_id}", response_model=VotesOut, responses=READ, summary="Verdicts on a decision")
async def verdicts(request: Request, decision_id: str) -> Response:
    """Give all verdicts on a decision, oldest first, without whose they are. For seniors."""
    return await ask(request, lambda store, _: {"verdicts": store.quality.votes(decision_id)}, senior=True)


@router.get(PATH + "/feedback", response_model=FeedbacksOut, responses=READ, summary="List feedback")
async def feedback(
    request: Request,
    sent: Annotated[bool, Query(description="What the caller sent instead of what they got.")] = False,
    unread: Annotated[bool, Query(description="Only what is not acknowledged yet.")] = False,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """List feedback to the caller, or from them, oldest first."""

    def find(store: Store, person: Person) -> dict[str, Any]:
        found = store.quality.feedback(person, sent=sent, unread=unread, after=_clean(after) or "", limit=limit)
        return {"feedback": found, "after": found[-1].id if len(found) == limit else None}

    return await ask(request, find)


@router.post(
    PATH + "/feedback",
    status_code=201,
    response_model=FeedbackOut,
    responses=STEP,
    summary="Give feedback on a verdict",
)
async def advise(request: Request, body: FeedbackIn) -> Response:
    """Tell whoever gave a verdict something about it, without learning who it is. For seniors."""
    return await ask(
        request, lambda store, person: store.quality.advise(person, body.verdict, body.note), senior=True, status=201
    )


@router.post(
    PATH + "/feedback/{feedback_id}/acknowledge", response_model=FeedbackOut, responses=ONE, summary="Acknowledge it"
)
async def acknowledge(request: Request, feedback_id: str, body: AcknowledgeIn) -> Response:
    """Say that feedback was read, and perhaps something to it."""
    return await ask(request, lambda store, person: store.quality.acknowledge(person, feedback_id, body.answer))


async def ask(
    request: Request, work: Callable[[Store, Person], Any], *, senior: bool = False, status: int = 200
) -> Response:
    """Do work of somebody who may review, in a thread; give what it gives as JSON.

    Args:
        request: of the caller.
        work: gets the store and who acts.
        senior: whether they must be senior.
        status: of the answer.

    Raises:
        EvenhandError: as the guard and the work do; what is wrong with a value is an InputError.
    """
    state = state_of(request)
    person = await person_of(request, state, senior=senior)
    try:
        found = await asyncio.to_thread(work, state.store.within(person.tenant), person)
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error
    return Response(orjson.dumps(plain(found)), status, media_type="application/json")


def since(days: float) -> datetime:
    """Give the moment some days ago."""
    return datetime.now(UTC) - timedelta(days=days)


def _golden_page(store: Store, *, queue: str | None, retired: bool, after: str, limit: int) -> dict[str, Any]:
    found = store.golden.page(queue=queue, retired=retired, after=after, limit=limit)
    return {"golden": found, "after": found[-1].id if len(found) == limit else None}


def _clean(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "")
