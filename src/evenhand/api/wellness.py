"""`/v1/wellness`: what a reviewer sets for themselves. Nobody else can read it; of all people together, totals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.reviewpeople import person_of
from evenhand.api.state import state_of
from evenhand.errors import InputError
from evenhand.review.documents import comfort_document
from evenhand.store import Store
from evenhand.store.reviewrecords import Person

router = APIRouter(tags=["wellness"])

PATH = "/v1/wellness"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}


class WellnessIn(BaseModel):
    """Settings to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    blur: bool | None = Field(None, description="Pictures and videos are blurred until a key or the pointer is held.")
    greyscale: bool | None = None
    mute: bool | None = Field(None, description="Recordings start without sound.")
    small: bool | None = Field(None, description="Pictures and videos are shown at reduced size.")
    opt_outs: list[str] | None = Field(
        None, max_length=50, description="Labels, with those below them, whose items are not given."
    )
    budget: dict[str, int] | None = Field(
        None, description="Label, with those below it -> most items in any 24 hours; 0: no limit."
    )
    in_a_row: int | None = Field(
        None, ge=0, le=1_440, description="Most items of one label in a row while others wait; 0: any number."
    )
    break_after_minutes: int | None = Field(None, ge=0, le=1_440, description="A break is due after; 0: never.")
    break_after_hard: int | None = Field(None, ge=0, le=1_440, description="... or after so many hard items; 0: never.")
    break_minutes: int | None = Field(None, ge=1, le=480)


class BreakIn(BaseModel):
    """A break of one's own."""

    model_config = ConfigDict(extra="forbid")

    minutes: int | None = Field(None, ge=1, le=480, description="Left out: as the settings say.")


class WellnessOut(BaseModel):
    """The caller's own settings, and what they were shown."""

    settings: dict[str, Any]
    today: dict[str, Any] = Field(description="Of the last 24 hours.")


class TotalsOut(BaseModel):
    """What all people together were shown."""

    totals: dict[str, Any] | None = Field(description="null: fewer than three people, of whom a total would tell.")


@router.get(PATH, response_model=WellnessOut, responses=_READ, summary="Give the caller's own settings")
async def show(request: Request) -> Response:
    """Give the settings of whoever asks, and what they were shown in the last 24 hours. Nobody else can read this."""
    state = state_of(request)
    person = await person_of(request, state)
    return _json(await asyncio.to_thread(_shown, state.store, person))


@router.patch(PATH, response_model=WellnessOut, responses=_READ, summary="Change the caller's own settings")
async def change(request: Request, body: WellnessIn) -> Response:
    """Change settings of whoever asks. The audit log tells that it was done, not what."""
    state = state_of(request)
    person = await person_of(request, state)
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}

    def work() -> dict[str, Any]:
        state.store.wellness.change(person, changes)
        return _shown(state.store, person)

    try:
        return _json(await asyncio.to_thread(work))
    except ValueError as error:
        raise InputError(f"These settings cannot be used: {error}.") from error


@router.post(PATH + "/break", response_model=WellnessOut, responses=_READ, summary="Take a break")
async def rest(request: Request, body: BreakIn) -> Response:
    """Take a break now: nothing is given until it is over."""
    state = state_of(request)
    person = await person_of(request, state)

    def work() -> dict[str, Any]:
        state.store.wellness.rest(person, body.minutes)
        return _shown(state.store, person)

    return _json(await asyncio.to_thread(work))


@router.get(PATH + "/totals", response_model=TotalsOut, responses=_READ, summary="What all people were shown")
async def totals(
    request: Request,
    hours: Annotated[float, Query(gt=0, le=840, description="How far back.")] = 24,
) -> Response:
    """Give what people were shown by label, all together: nobody is measured alone, and fewer than three not at all."""
    state = state_of(request)
    await person_of(request, state, senior=True)
    since = datetime.now(UTC) - timedelta(hours=hours)
    return _json({"totals": await asyncio.to_thread(state.store.wellness.totals, since)})


def _shown(store: Store, person: Person) -> dict[str, Any]:
    return comfort_document(store.wellness.comfort(person), store.wellness.today(person))


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
