"""The audit log: who did what, verified."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.console.people import names_of
from evenhand.store.reviewrecords import AuditEntry

router = APIRouter(prefix="/console/auditlog")

_PAGE = 50
_Text = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class _Row:
    """A link as it is shown."""

    entry: AuditEntry
    told: str  # what it says was before and after; "" where that was erased


@router.get("")
async def log(
    request: Request,
    actor: _Text = "",
    action: _Text = "",
    subject: _Text = "",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Show links, newest first."""
    visitor = await visitor_of(request, "audit")
    store = parts(request).store.within(visitor.tenant)
    wanted = {"actor": actor or None, "action": action or None, "subject": subject or None}
    found = await asyncio.to_thread(partial(store.audit.page, newest=True, after=after, limit=_PAGE, **wanted))  # type: ignore[arg-type]
    # The chain is one for all: only those without a tenant verify it, and need its end.
    number, head = await asyncio.to_thread(store.audit.head) if visitor.tenant is None else (0, "")
    query = urlencode({name: value for name, value in wanted.items() if value})
    return page(
        request,
        visitor,
        "auditlog/log.html",
        rows=[_Row(entry, _told(entry)) for entry in found],
        after=found[-1].seq if len(found) == _PAGE and found[-1].seq > 1 else None,
        query=query,
        number=number,
        head=head,
        people=await asyncio.to_thread(names_of, store),
        actor=actor,
        action=action,
        subject=subject,
    )


def _told(entry: AuditEntry) -> str:
    if entry.payload is None:
        return ""
    shown = {name: entry.payload.get(name) for name in ("before", "after") if entry.payload.get(name) is not None}
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode() if shown else "–"


AREA = Area(router, nav=(Nav(N_("Audit log"), "/console/auditlog", "audit"),))
