"""Libraries: word lists and samples that the store keeps; what is in them, who changed it, and the forms that do."""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api.state import state_of
from evenhand.console.base import Area, Nav, page, visitor_of
from evenhand.console.i18n import N_
from evenhand.domain import TAXONOMY, LibraryKind, ListColour, Match
from evenhand.shelves.entries import entry_document
from evenhand.shelves.sharing import Form

router = APIRouter(prefix="/console/libraries")

_PAGE = 100
_KINDS = {
    LibraryKind.WORDS.value: N_("words"),
    LibraryKind.IMAGES.value: N_("pictures"),
    LibraryKind.SOUNDS.value: N_("sounds"),
    LibraryKind.VIDEOS.value: N_("videos"),
    LibraryKind.TEXTS.value: N_("texts"),
}
_COLOURS = {
    ListColour.BLACK.value: N_("black: stop it"),
    ListColour.WHITE.value: N_("white: allow it"),
    ListColour.REVIEW.value: N_("review: let a person look"),
}
_MATCHES = {
    Match.PLAIN.value: N_("as written and disguised"),
    Match.EXACT.value: N_("exactly"),
    Match.FUZZY.value: N_("with a letter or two that differ"),
    Match.PHONETIC.value: N_("by sound"),
    Match.REGEX.value: N_("regular expression"),
}


@router.get("")
async def listed(request: Request) -> Response:
    """List the libraries, and the form that makes one."""
    visitor = await visitor_of(request, "read")
    state = state_of(request)
    found = await asyncio.to_thread(state.store.shelf.all)
    return page(
        request,
        visitor,
        "libraries/list.html",
        libraries=found,
        folder=state.moderator.libraries,
        kinds=_KINDS,
        colours=_COLOURS,
        labels=sorted(TAXONOMY),
    )


@router.get("/{name}")
async def show(request: Request, name: str, version: int = 0, search: str = "", after: str = "") -> Response:
    """Show a library: its entries now or as of a version, its history, and the forms that change it."""
    visitor = await visitor_of(request, "read")
    store = state_of(request).store
    kept = await asyncio.to_thread(store.shelf.get, name)
    search, asked = search[:200].replace("\x00", ""), version if version > 0 else None
    find = partial(store.shelf.page, name, version=asked, search=search, after=after[:100], limit=_PAGE)
    entries = [entry_document(item) for item in await asyncio.to_thread(find)]
    history = await asyncio.to_thread(partial(store.shelf.history, name, limit=50))
    given = {key: value for key, value in (("version", asked), ("search", search)) if value}
    forms = [form.value for form in Form if _has_place(form, kept.kind)]
    return page(
        request,
        visitor,
        "libraries/library.html",
        library=kept,
        entries=entries,
        history=history,
        asked=asked,
        search=search,
        after=entries[-1]["id"] if len(entries) == _PAGE else None,
        query=urlencode(given),
        kinds=_KINDS,
        colours=_COLOURS,
        matches=_MATCHES,
        forms=forms,
        labels=sorted(TAXONOMY),
    )


def _has_place(form: Form, kind: str) -> bool:
    if form in (Form.NCMEC, Form.STOPNCII):
        return kind == LibraryKind.IMAGES.value
    return form is not Form.THREATEXCHANGE or kind in (LibraryKind.IMAGES.value, LibraryKind.WORDS.value)


AREA = Area(router, nav=(Nav(N_("Libraries"), "/console/libraries", "read"),))
