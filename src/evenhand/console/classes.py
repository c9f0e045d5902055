"""Custom classes: what is taught, how well, what it gets wrong, which version judges; and the forms that teach."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api.classdocuments import class_document
from evenhand.api.state import state_of
from evenhand.console.base import Area, Nav, page, visitor_of
from evenhand.console.i18n import N_
from evenhand.domain import TAXONOMY, ClassEntry, CustomClass
from evenhand.errors import NotFoundError

router = APIRouter(prefix="/console/classes")

_SOURCES = ("paste", "files", "history")
_LEFT, _TOP, _WIDE, _HIGH = 44.0, 14.0, 320.0, 180.0  # of the plot, in pixels


@router.get("")
async def listed(request: Request) -> Response:
    """List the classes."""
    visitor = await visitor_of(request, "read")
    entries: Sequence[ClassEntry] = await asyncio.to_thread(state_of(request).moderator.teaching.entries)
    shown = [(entry, entry.live or entry.versions[0]) for entry in entries]
    return page(request, visitor, "classes/list.html", classes=shown)


@router.get("/new")
async def new(request: Request) -> Response:
    """Show the forms that teach a class, or a new version of one."""
    visitor = await visitor_of(request, "policy")
    asked = request.query_params
    source, medium = asked.get("from", ""), asked.get("medium", "")
    if source not in _SOURCES:
        source = "files" if medium == "image" else "paste"
    given = {key: asked[key] for key in ("name", "label", "medium") if asked.get(key)}
    return page(
        request,
        visitor,
        "classes/new.html",
        name=asked.get("name", "")[:40],
        label=asked.get("label", "")[:200],
        medium=medium,
        source=source,
        query=urlencode(given),
        labels=sorted(TAXONOMY),
    )


@router.get("/{name}")
async def show(request: Request, name: str, version: str = "") -> Response:
    """Show a class: one of its versions, and which there are."""
    visitor = await visitor_of(request, "read")
    entry = await asyncio.to_thread(state_of(request).store.classes.entry, name.replace("\x00", ""))
    number = int(version) if version.isascii() and version.isdigit() else None
    wanted = number or entry.deployed or entry.versions[0].number
    one = next((found for found in entry.versions if found.number == wanted), None)
    if one is None:
        raise NotFoundError(f"class {entry.name} has no version {wanted}")
    people = await asyncio.to_thread(state_of(request).store.accounts.users)
    return page(
        request,
        visitor,
        "classes/class.html",
        names={user.id: user.name for user in people},
        entry=class_document(entry),
        one=one,
        quality=one.quality,
        audit=one.audit,
        curve=_curve(one),
        encoded=quote(entry.name, safe=""),
        may=visitor.may("policy"),
    )


def _curve(one: CustomClass) -> Mapping[str, Any] | None:
    """Give what the plot of found and precision over the threshold is drawn of."""
    points: Any = one.quality.get("curve")
    if not points:
        return None

    def line(what: str) -> str:
        return " ".join(f"{_x(point['threshold']):.1f},{_y(point[what]):.1f}" for point in points)

    return {
        "found": line("found"),
        "precision": line("precision"),
        "at": f"{_x(one.threshold):.1f}",
        "points": points,
        "grid": [(f"{_y(level):.1f}", f"{level:.0%}") for level in (0.0, 0.5, 1.0)],
        "steps": [(f"{_x(level):.1f}", f"{level:g}") for level in (0.1, 0.3, 0.5, 0.7, 0.9)],
    }


def _x(threshold: float) -> float:
    return _LEFT + _WIDE * threshold


def _y(share: float) -> float:
    return _TOP + _HIGH * (1 - share)


AREA = Area(router, nav=(Nav(N_("Custom classes"), "/console/classes", "policy"),))
