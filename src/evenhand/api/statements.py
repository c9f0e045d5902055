"""`/v1/decisions/{id}/statement`: why a content was restricted; `/v1/statements`: many, for the EU's database."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import PlainTextResponse, Response

from evenhand.accounting.dsa import Left, as_sor, batches
from evenhand.accounting.figures import Period
from evenhand.accounting.grounds import Grounds, read_grounds
from evenhand.accounting.statements import NothingToStateError, Statement, appeal_link, state
from evenhand.accounting.words import LANGUAGES
from evenhand.api.check import ERRORS
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import InputError
from evenhand.store import Store
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["accounting"])

_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {
    **_READ,
    404: {"model": ErrorOut, "description": "No such decision."},
    409: {"model": ErrorOut, "description": "It restricts nothing, or waits for a person."},
}
Language = Annotated[str, Query(max_length=20, description=f"Of the words: {', '.join(LANGUAGES)}.")]
_MOST_DAYS = 31


class StatementOut(BaseModel):
    """A statement of reasons."""

    decision_id: str
    language: str
    decided_at: str
    submitted_at: str
    action: str
    decision_visibility: str
    decision_visibility_other: str
    territory: list[str]
    kind: str
    content_type: str
    content_language: str
    labels: list[str]
    facts: str
    automated_detection: bool
    automated_decision: str
    ground: dict[str, Any] | None
    category: str
    explanation: str
    redress: list[dict[str, Any]]
    missing: list[str] = Field(description="What is not known yet, without which it is not complete.")
    text: str = Field(description="All of it in plain words.")


class StatementsOut(BaseModel):
    """Statements, as calls of the transparency database's API take them."""

    batches: list[dict[str, Any]] = Field(description="Each the body of one call, with at most 100 `statements`.")
    left_out: dict[str, int] = Field(description="Why -> how many.")
    left_out_ids: list[str] = Field(description="The first hundred of those that miss something.")


@router.get(
    "/v1/decisions/{decision_id}/statement",
    response_model=StatementOut,
    responses=_ONE,
    summary="Why a content was restricted",
)
async def statement(
    request: Request,
    decision_id: str,
    lang: Language = "en",
    form: Annotated[
        Literal["json", "text", "dsa"], Query(alias="format", description="dsa: as the transparency database takes it.")
    ] = "json",
) -> Response:
    """Give a statement of reasons for one decision (Article 17 of Regulation (EU) 2022/2065)."""
    here = state_of(request)
    caller = await here.guard.caller(request, "read")
    # Who has the link may appeal: only those get it who may make one.
    links = caller.id is None or caller.may("check")
    made = await asyncio.to_thread(partial(_state, here, here.store.within(caller.tenant), decision_id, lang, links))
    if form == "text":
        return PlainTextResponse(made.text)
    if form == "dsa":
        try:
            return _json(as_sor(made))
        except ValueError as error:
            raise NothingToStateError(
                f"This statement is not complete: {error}. Name grounds: EVENHAND_GROUNDS."
            ) from error
    return _json(made.as_dict())


@router.get("/v1/statements", response_model=StatementsOut, responses=_READ, summary="Statements for the EU's database")
async def statements(
    request: Request,
    since: Annotated[date, Query(description="The first day, UTC.")],
    until: Annotated[date, Query(description="The last day, included; at most 31 days.")],
    lang: Language = "en",
) -> Response:
    """Give the statements of a period in batches of a hundred, checked against the database's schema. For keys with
    the scope audit. What misses a ground is left out and named.
    """
    here = state_of(request)
    caller = await here.guard.caller(request, "audit")
    if not 0 <= (until - since).days < _MOST_DAYS:
        raise InputError(f"Give a period of 1 to {_MOST_DAYS} days.")
    found = await asyncio.to_thread(
        partial(
            export,
            here.store.within(caller.tenant),
            read_grounds(here.moderator.settings),
            since,
            until,
            lang,
            actor=caller.id or LOCAL,
        )
    )
    return _json(found)


def export(store: Store, grounds: Grounds, since: date, until: date, language: str, *, actor: str) -> dict[str, Any]:
    """Give all statements of a period, and tell the audit log."""
    first, after = Period(since=since, until=until).moments()
    left = Left()
    found = list(batches(store, store.reports.restricted(first, after), grounds, language=language, left=left))
    told = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "statements": sum(len(one["statements"]) for one in found),
        "left_out": left.counts,
    }
    store.audit.note("statement.export", "statements", actor=actor, after=told)
    return {"batches": found, "left_out": left.counts, "left_out_ids": left.ids}


def _state(here: State, store: Store, decision_id: str, language: str, links: bool) -> Statement:
    document = store.decision(decision_id)
    appeal = appeal_link(here.moderator.settings, document) if links else None
    grounds = read_grounds(here.moderator.settings)
    return state(store, document, grounds, language=language, appeal=appeal)


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
