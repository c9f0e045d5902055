"""`/v1/libraries`: word lists and samples that the store keeps. Reading needs the scope read, changing policy."""

from __future__ import annotations

import asyncio
import base64
import binascii
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.libraryschemas import (
    ChangedOut,
    EntriesIn,
    EntriesOut,
    HistoryOut,
    ImportIn,
    LibrariesOut,
    LibraryChangeIn,
    LibraryIn,
    LibraryOut,
    RevisionOut,
    RollbackIn,
    SampleIn,
    Written,
)
from evenhand.api.reviewpeople import person_of
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import InputError
from evenhand.shelves.entries import change_document, entry_document, library_document
from evenhand.shelves.keeping import Keeping
from evenhand.shelves.sharing import Form, write
from evenhand.store.libraryrecords import Change

router = APIRouter(tags=["libraries"])

PATH = "/v1/libraries"
_ONE = PATH + "/{name}"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_SOME: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such library."}}
_NEW: dict[int | str, dict[str, Any]] = {**_READ, 409: {"model": ErrorOut, "description": "The name is taken."}}
Name = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


@router.get(PATH, response_model=LibrariesOut, responses=_READ, summary="List libraries")
async def listed(request: Request) -> Response:
    """List the libraries that the store keeps, and those of the folder."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    found = await asyncio.to_thread(state.store.shelf.all)
    folder = [
        {"name": one.name, "kind": one.kind.value, "list": one.colour.value, "items": len(one.items)}
        for one in state.moderator.libraries
    ]
    revision = await asyncio.to_thread(state.store.shelf.revision)
    return _json({"libraries": [library_document(one) for one in found], "folder": folder, "revision": revision})


@router.post(PATH, status_code=201, response_model=LibraryOut, responses=_NEW, summary="Make a library")
async def create(request: Request, body: LibraryIn) -> Response:
    """Make an empty library."""
    state, actor = await _changer(request)
    given = body.model_dump()
    name, kind, colour = given.pop("name"), given.pop("kind"), given.pop("list")
    made = await asyncio.to_thread(partial(_keeping(state).create, name, kind, colour, actor=actor, **given))
    return _json(library_document(made), 201)


@router.get(PATH + "-at/{revision}", response_model=RevisionOut, responses=_READ, summary="Versions at a revision")
async def at_revision(request: Request, revision: Annotated[int, Path(ge=0, le=2**31 - 1)]) -> Response:
    """Give the versions that decided, from the revision that a decision names as `models.libraries`."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    found = await asyncio.to_thread(state.store.shelf.versions_at, revision)
    return _json({"revision": revision, "libraries": found})


@router.get(_ONE, response_model=LibraryOut, responses=_SOME, summary="Show a library")
async def show(request: Request, name: Name) -> Response:
    """Show a library without its entries."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    return _json(library_document(await asyncio.to_thread(state.store.shelf.get, name)))


@router.patch(_ONE, response_model=LibraryOut, responses=_SOME, summary="Change a library")
async def edit(request: Request, name: Name, body: LibraryChangeIn) -> Response:
    """Change what is said of a library as a whole: a version of its own. The label goes with `null`."""
    state, actor = await _changer(request)
    changes = body.model_dump(exclude_unset=True)
    changes = {key: value for key, value in changes.items() if value is not None or key == "label"}
    made = await asyncio.to_thread(partial(_keeping(state).edit, name, actor=actor, changes=changes))
    return _json(library_document(made))


@router.delete(_ONE, status_code=204, responses=_SOME, summary="Delete a library")
async def delete(request: Request, name: Name) -> Response:
    """Put a library out of use. Its versions stay, so that decisions can be explained."""
    state, actor = await _changer(request)
    await asyncio.to_thread(partial(state.store.shelf.delete, name, actor=actor))
    return Response(status_code=204)


@router.get(_ONE + "/entries", response_model=EntriesOut, responses=_SOME, summary="List entries")
async def entries(
    request: Request,
    name: Name,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="As of then; left out: now.")] = None,
    search: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=100, pattern="^[0-9a-f-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List entries, oldest first."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    clean = search.replace("\x00", "")
    find = partial(state.store.shelf.page, name, version=version, search=clean, after=after, limit=limit)
    found = await asyncio.to_thread(find)
    last = found[-1].id if len(found) == limit else None
    return _json({"entries": [entry_document(item) for item in found], "after": last})


@router.post(_ONE + "/entries", response_model=ChangedOut, responses=_SOME, summary="Add and remove entries")
async def change(request: Request, name: Name, body: EntriesIn) -> Response:
    """Add entries and remove others as one version, in force in every process within two seconds."""
    state, actor = await _changer(request)
    rows = [one.model_dump(mode="json", exclude_none=True) for one in body.entries]
    work = partial(_keeping(state).add, name, rows, actor=actor, remove=body.remove, note=body.note)
    return _changed(await asyncio.to_thread(work))


@router.post(_ONE + "/samples", response_model=ChangedOut, responses=_SOME, summary="Add a sample")
async def sample(request: Request, name: Name, body: SampleIn) -> Response:
    """Add a sample by upload, by the id of a decision, or by its hash. The original is not kept."""
    state, actor = await _changer(request)
    fields = body.model_dump(mode="json", exclude_none=True, include={"label", "score", "expires", "note"})
    work = partial(
        _keeping(state).sample,
        name,
        actor=actor,
        text=body.text,
        data=None if body.data is None else _decoded(body.data),
        decision_id=body.decision_id,
        value=body.value,
        fields=fields,
    )
    made, value = await asyncio.to_thread(work)
    return _changed(made, value=value)


@router.post(_ONE + "/import", response_model=ChangedOut, responses=_SOME, summary="Bring a list in")
async def bring(request: Request, name: Name, body: ImportIn) -> Response:
    """Bring a list in as one version, all of it or nothing: CSV, JSON, lines, ThreatExchange, NCMEC, StopNCII, STIX."""
    state, actor = await _changer(request)
    form = None if body.format is None else Form(body.format)
    work = partial(_keeping(state).bring, name, body.text, actor=actor, form=form, replace=body.replace, note=body.note)
    made, found = await asyncio.to_thread(work)
    return _changed(made, format=found.form.value, left_out=dict(found.left_out))


@router.get(_ONE + "/export", responses=_SOME, summary="Take a list out")
async def export(
    request: Request,
    name: Name,
    format: Annotated[Written, Query()] = "csv",
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Take a library out, now or as of a version."""
    state = state_of(request)
    await state.guard.caller(request, "read")

    def work() -> tuple[str, str]:
        kept = state.store.shelf.get(name)
        return write(kept, state.store.shelf.page(name, version=version, limit=None), Form(format))

    text, media_type = await asyncio.to_thread(work)
    ending = {"csv": "csv", "lines": "txt"}.get(format, "json")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "X-Content-Type-Options": "nosniff"}
    return Response(text.encode(), media_type=f"{media_type}; charset=utf-8", headers=headers)


@router.get(_ONE + "/history", response_model=HistoryOut, responses=_SOME, summary="Who changed what, when")
async def history(
    request: Request,
    name: Name,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List the versions of a library, newest first; of one that was deleted, too."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    found = await asyncio.to_thread(partial(state.store.shelf.history, name, before=before, limit=limit))
    return _json({"versions": [change_document(one) for one in found]})


@router.post(_ONE + "/rollback", response_model=ChangedOut, responses=_SOME, summary="Go back to a version")
async def rollback(request: Request, name: Name, body: RollbackIn) -> Response:
    """Make a version that holds what an earlier one held; those between stay in the history."""
    state, actor = await _changer(request)
    return _changed(
        await asyncio.to_thread(partial(state.store.shelf.rollback, name, body.version, actor=actor, note=body.note))
    )


async def _changer(request: Request) -> tuple[State, str]:
    state = state_of(request)
    return state, (await person_of(request, state, scope="policy")).id


def _keeping(state: State) -> Keeping:
    taken = [library.name for library in state.moderator.libraries]
    return Keeping(state.store, state.moderator.settings, taken=taken)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError("`data` is no Base64.") from error


def _changed(change: Change, **more: Any) -> Response:
    return _json({**change_document(change), **more})


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
