"""`/v1/quality/calibrations`: decisions that many people judge blind, then compare and talk about."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api.quality import ONE, READ, STEP, After, Limit, ask
from evenhand.api.quality import PATH as QUALITY
from evenhand.api.qualityschemas import (
    CalibrationIn,
    CalibrationNoteIn,
    CalibrationOut,
    CalibrationsOut,
    CalibrationVerdictIn,
    CalibrationWholeOut,
)
from evenhand.review.comparing import agreement
from evenhand.review.qualitydocuments import plain
from evenhand.review.verdicts import read_verdict
from evenhand.store import Store
from evenhand.store.reviewrecords import Person

router = APIRouter(tags=["quality"])

PATH = QUALITY + "/calibrations"
_ONE = PATH + "/{session}"


def whole(store: Store, person: Person, session: str) -> dict[str, Any]:
    """Give a session with its decisions as a person may see them; its agreement once it is closed.

    Raises:
        NotFoundError: there is none with that id.
    """
    found = store.calibrations.get(session)
    compared = None if found.closed_at is None else agreement(found.name, store.calibrations.units(session))
    items = plain(store.calibrations.compare(person, session))
    return {**plain(found), "items": items, "agreement": plain(compared)}


@router.get(PATH, response_model=CalibrationsOut, responses=READ, summary="List calibration sessions")
async def listed(request: Request, after: After = "", limit: Limit = 100) -> Response:
    """List sessions, oldest first."""

    def find(store: Store, _: Person) -> dict[str, Any]:
        found = store.calibrations.page(after=after.replace("\x00", ""), limit=limit)
        return {"calibrations": found, "after": found[-1].id if len(found) == limit else None}

    return await ask(request, find)


@router.post(PATH, status_code=201, response_model=CalibrationOut, responses=ONE, summary="Open a session")
async def make(request: Request, body: CalibrationIn) -> Response:
    """Open a session: a name, and the decisions that everybody judges. For seniors."""
    return await ask(
        request,
        lambda store, person: store.calibrations.make(person, body.name, body.decisions),
        senior=True,
        status=201,
    )


@router.get(_ONE, response_model=CalibrationWholeOut, responses=ONE, summary="Give a session")
async def show(request: Request, session: str) -> Response:
    """Give a session: what the caller said, and once it is closed what all said, side by side."""
    return await ask(request, lambda store, person: whole(store, person, session))


@router.post(_ONE + "/judge", response_model=CalibrationWholeOut, responses=STEP, summary="Judge one of its decisions")
async def judge(request: Request, session: str, body: CalibrationVerdictIn) -> Response:
    """Say what a decision comes to; saying it again replaces what was said, until the session is closed."""
    verdict = read_verdict(body.verdict, action=body.action, labels=body.labels, reason=body.reason, was="review")

    def work(store: Store, person: Person) -> dict[str, Any]:
        store.calibrations.judge(person, session, body.decision_id, verdict)
        return whole(store, person, session)

    return await ask(request, work)


@router.post(_ONE + "/close", response_model=CalibrationWholeOut, responses=ONE, summary="Close a session")
async def close(request: Request, session: str) -> Response:
    """Close a session: from now on all see all verdicts, under letters. For seniors."""

    def work(store: Store, person: Person) -> dict[str, Any]:
        store.calibrations.close(person, session)
        return whole(store, person, session)

    return await ask(request, work, senior=True)


@router.post(_ONE + "/notes", response_model=CalibrationWholeOut, responses=STEP, summary="Talk about a decision")
async def note(request: Request, session: str, body: CalibrationNoteIn) -> Response:
    """Say something about a decision of a closed session."""

    def work(store: Store, person: Person) -> dict[str, Any]:
        store.calibrations.note(person, session, body.decision_id, body.note)
        return whole(store, person, session)

    return await ask(request, work)
