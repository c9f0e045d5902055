"""Pages of quality: own results and feedback; for seniors golden questions, agreement, disagreements; calibration."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.qualitycalibration import whole
from evenhand.console.base import Area, Nav, Visitor, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.domain import TAXONOMY
from evenhand.errors import InputError, NotFoundError
from evenhand.review.comparing import agreements
from evenhand.review.evidence import held, pieces, text_of
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.qualityrecords import Purpose
from evenhand.store.reviewrecords import LOCAL, Person

router = APIRouter(prefix="/console/quality")

_PAGE = 50
_SHOWN = 4_000  # characters of a text
_GROUPS = ("< 50 %", "50–70 %", "70–80 %", "80–90 %", "≥ 90 %")
_PURPOSES = {
    Purpose.FIRST: N_("a reviewer"),
    Purpose.SECOND: N_("a second reviewer, blind"),
    Purpose.DISAGREEMENT: N_("settling it"),
}
HARMS = sorted(name for name, info in TAXONOMY.items() if info.harm)
Days = Annotated[int, Query(ge=1, le=3_650)]
_Text = Annotated[str, Query(max_length=200)]


@router.get("")
async def own(request: Request, days: Days = 30) -> Response:
    """Show the visitor's own results and the feedback that they got."""
    visitor = await visitor_of(request, "review")
    store = parts(request).store.within(visitor.tenant)
    me = person_of(visitor)

    def work() -> dict[str, Any]:
        since = datetime.now(UTC) - timedelta(days=days)
        return {
            "own": store.quality.own(me, since),
            "feedback": list(reversed(store.quality.feedback(me, limit=1_000)))[:_PAGE],
        }

    return page(request, visitor, "quality/own.html", days=days, **await asyncio.to_thread(work))


@router.get("/agreement")
async def agreement(request: Request, days: Days = 30, queue: _Text = "") -> Response:
    """Show how well people agree."""
    visitor = await visitor_of(request, "senior")
    store = parts(request).store.within(visitor.tenant)

    def work() -> dict[str, Any]:
        since = datetime.now(UTC) - timedelta(days=days)
        return {"found": agreements(store.quality.blind_pairs(since, queue=_clean(queue) or None))}

    values = await asyncio.to_thread(work)
    return page(request, visitor, "quality/agreement.html", days=days, queue=queue, **values)


@router.get("/golden")
async def golden(request: Request, days: Days = 30, after: _Text = "") -> Response:
    """Show golden questions and how they are answered."""
    visitor = await visitor_of(request, "senior")
    store = parts(request).store.within(visitor.tenant)

    def work() -> dict[str, Any]:
        found = store.golden.page(retired=True, after=_clean(after), limit=_PAGE)
        totals = store.golden.totals(datetime.now(UTC) - timedelta(days=days))
        return {"questions": found, "totals": totals, "after": found[-1].id if len(found) == _PAGE else ""}

    values = await asyncio.to_thread(work)
    return page(request, visitor, "quality/golden.html", days=days, groups=_GROUPS, labels_all=HARMS, **values)


@router.get("/disagreements")
async def disagreements(request: Request, done: bool = False, after: _Text = "") -> Response:
    """Show decisions about which people differ."""
    visitor = await visitor_of(request, "senior")
    store = parts(request).store.within(visitor.tenant)

    def work() -> dict[str, Any]:
        found = store.quality.disagreements(done=done, after=_clean(after), limit=_PAGE)
        return {"found": found, "after": found[-1].item_id if len(found) == _PAGE else ""}

    values = await asyncio.to_thread(work)
    return page(request, visitor, "quality/disagreements.html", done=done, purposes=_PURPOSES, **values)


@router.get("/calibrations")
async def calibrations(request: Request, after: _Text = "") -> Response:
    """Show calibration sessions."""
    visitor = await visitor_of(request, "review")
    store = parts(request).store.within(visitor.tenant)

    def work() -> dict[str, Any]:
        found = store.calibrations.page(after=_clean(after), limit=_PAGE)
        return {"found": found, "after": found[-1].id if len(found) == _PAGE else ""}

    return page(request, visitor, "quality/calibrations.html", **await asyncio.to_thread(work))


@router.get("/calibrations/{session}")
async def calibration(request: Request, session: str) -> Response:
    """Show a session: what is to be judged, or what all said, side by side."""
    visitor, state = await visitor_of(request, "review"), parts(request)
    me = person_of(visitor)

    def work() -> dict[str, Any]:
        store = state.store.within(visitor.tenant)
        found = whole(store, me, session)
        shown = {
            one["decision_id"]: decision_view(store, state.moderator.settings, one["decision_id"])
            for one in found["items"]
        }
        return {"session": found, "shown": shown}

    values = await asyncio.to_thread(work)
    return page(request, visitor, "quality/calibration.html", labels_all=HARMS, **values)


def person_of(visitor: Visitor) -> Person:
    """Give who looks, as the review service knows them."""
    return visitor.person or Person(id=LOCAL, name=LOCAL, senior=True)


def decision_view(store: Store, settings: Settings, decision_id: str) -> dict[str, Any]:
    """Give what a page shows of a decision: scores, and the text with its evidence where it is kept.

    Raises:
        StoreError: the database cannot be asked.
    """
    try:
        decision: dict[str, Any] = dict(store.decision(decision_id))
    except NotFoundError:
        return {"gone": True}
    kept, text = held(store, settings, decision["content_hash"]), None
    if kept is not None:
        try:
            text = text_of(kept, settings)
        except InputError:
            text = None
    spans = [
        (int(where["span"][0]), int(where["span"][1]), str(one["label"]))
        for one in decision["findings"]
        if (where := one["location"]).get("source") == "text" and where.get("span")
    ]
    return {
        "gone": False,
        "kind": decision["kind"],
        "action": decision["action"],
        "reason": decision["reason"],
        "labels": sorted(decision["labels"].items(), key=lambda pair: -pair[1])[:5],
        "pieces": None if text is None else pieces(text[:_SHOWN], spans),
        "left_out": 0 if text is None else max(0, len(text) - _SHOWN),
        "quotes": [x["location"]["text"] for x in decision["findings"] if x["location"].get("text")][:5],
    }


def _clean(text: str) -> str:
    return text.replace("\x00", "")


AREA = Area(router, nav=(Nav(N_("Quality"), "/console/quality", "review"),))
