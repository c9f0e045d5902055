"""`/v1/policies`: documents, their versions, and the way from a draft to what decides. For the scope policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.policyschemas import (
    CheckedOut,
    CommentIn,
    CommentOut,
    CommentsOut,
    DiffOut,
    DocumentIn,
    DraftIn,
    EditIn,
    PublishedOut,
    PublishIn,
    SaveIn,
    TemplatesOut,
    VersionOut,
    VersionsOut,
)
from evenhand.api.reviewpeople import person_of
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.errors import InputError
from evenhand.jobs.policies import submit_run
from evenhand.policy import Change, edit, templates
from evenhand.publishing import desk
from evenhand.publishing.documents import checked_document, comment_document, version_document
from evenhand.store import Store
from evenhand.store.policyrecords import Version

router = APIRouter(tags=["policies"])

T = TypeVar("T")
PATH = "/v1/policies"
_ONE = PATH + "/versions/{version_id}"
READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
KNOWN: dict[int | str, dict[str, Any]] = {**READ, 404: {"model": ErrorOut, "description": "There is no such thing."}}
STEP: dict[int | str, dict[str, Any]] = {
    **KNOWN,
    409: {"model": ErrorOut, "description": "It is not in the state for that, or somebody else must do it."},
}
_States = Literal["draft", "proposed", "approved", "published", "stopped", "withdrawn"]


@router.get(PATH + "/templates", response_model=TemplatesOut, responses=READ, summary="List policies to start from")
async def listed_templates(request: Request) -> Response:
    """List the templates with their documents."""
    await state_of(request).guard.admit(request, "read")
    found = await asyncio.to_thread(templates)
    shown = [{"name": one.name, "description": one.description, "document": one.document} for one in found]
    return answer({"templates": shown})


@router.post(PATH + "/validate", response_model=CheckedOut, responses=READ, summary="Check a document")
async def validate(request: Request, body: DocumentIn) -> Response:
    """Check a document as it is while somebody writes it: all its problems, each with line and column."""
    store = await reading(request)
    return answer(await asyncio.to_thread(_checked, state_of(request), store, body.document))


@router.post(PATH + "/edit", response_model=CheckedOut, responses=READ, summary="Change values of a document")
async def change(request: Request, body: EditIn) -> Response:
    """Change single values in the text of a document; comments and layout stay. Nothing is stored."""
    store = await reading(request)
    changes = [Change(path=tuple(one.path), what=one.what, value=one.value) for one in body.changes]
    made = await asyncio.to_thread(edit, body.document, changes)
    return answer(await asyncio.to_thread(_checked, state_of(request), store, made))


@router.get(PATH + "/versions", response_model=VersionsOut, responses=READ, summary="List versions")
async def listed(
    request: Request,
    policy: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[_States | None, Query()] = None,
    after: Annotated[str | None, Query(max_length=100, pattern="^[0-9a-f-]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List versions, newest first, without their documents."""
    store = await reading(request)
    wanted = None if policy is None else policy.replace("\x00", "")
    find = partial(store.policy_versions.page, policy=wanted, state=state, after=after, limit=limit)
    found, live = await asyncio.to_thread(lambda: (find(), store.policies_live.all()))
    last = found[-1].id if len(found) == limit else None
    return answer({"versions": [version_document(one, live) for one in found], "after": last})


@router.post(PATH + "/versions", status_code=201, response_model=VersionOut, responses=STEP, summary="Make a draft")
async def draft(request: Request, body: DraftIn) -> Response:
    """Store a document as a draft. It must be in order; its version must be new."""
    work = partial(desk.draft, document=body.document, note=body.note)
    return await _step(request, lambda store, actor: work(store, actor=actor), status=201)


@router.get(_ONE, response_model=VersionOut, responses=KNOWN, summary="Give a version")
async def show(request: Request, version_id: str) -> Response:
    """Give a version with its document."""
    store = await reading(request)
    return answer(await asyncio.to_thread(_whole, store, version_id))


@router.put(_ONE, response_model=VersionOut, responses=STEP, summary="Change a draft")
async def save(request: Request, version_id: str, body: SaveIn) -> Response:
    """Change a draft. With `expects`, what somebody else changed meanwhile is not overwritten."""
    work = partial(desk.save, document=body.document, note=body.note, expects=body.expects)
    return await _step(request, lambda store, actor: work(store, version_id, actor=actor))


@router.post(_ONE + "/propose", response_model=VersionOut, responses=STEP, summary="Propose a draft")
async def propose(request: Request, version_id: str) -> Response:
    """Ask for approval. The document does not change any more."""
    return await _step(request, lambda store, actor: store.policy_versions.propose(version_id, actor=actor))


@router.post(_ONE + "/approve", response_model=VersionOut, responses=STEP, summary="Approve a proposal")
async def approve(request: Request, version_id: str) -> Response:
    """Approve a proposal: somebody other than its author, unless there is one person only."""
    return await _step(request, lambda store, actor: store.policy_versions.approve(version_id, actor=actor))


@router.post(_ONE + "/reject", response_model=VersionOut, responses=STEP, summary="Give a proposal back")
async def reject(request: Request, version_id: str) -> Response:
    """Give a proposal back to its author as a draft."""
    return await _step(request, lambda store, actor: store.policy_versions.reject(version_id, actor=actor))


@router.post(_ONE + "/withdraw", response_model=VersionOut, responses=STEP, summary="Put a version away")
async def withdraw(request: Request, version_id: str) -> Response:
    """Put away a version that never decided."""
    return await _step(request, lambda store, actor: store.policy_versions.withdraw(version_id, actor=actor))


@router.post(_ONE + "/publish", response_model=PublishedOut, responses=STEP, summary="Publish a version")
async def publish(request: Request, version_id: str, body: PublishIn) -> Response:
    """Publish an approved version: now or at a moment, for all contents or for a share of them.

    The fairness audit must have passed for this very document. Where it has not run yet it is started, and the version
    goes live once it has passed.
    """
    store, actor = await acting(request)
    brake = body.brake if isinstance(body.brake, str) or body.brake is None else body.brake.model_dump()
    work = partial(desk.plan, at=body.at, share=body.share, by=body.by, brake=brake)
    return answer(await called(_publish, state_of(request), store, work, version_id, actor))


@router.post(_ONE + "/unschedule", response_model=VersionOut, responses=STEP, summary="Do not publish after all")
async def unschedule(request: Request, version_id: str) -> Response:
    """Forget that a version was to be published."""
    return await _step(request, lambda store, actor: store.policies_live.unplan(version_id, actor=actor))


@router.get(_ONE + "/comments", response_model=CommentsOut, responses=KNOWN, summary="List comments")
async def comments(request: Request, version_id: str) -> Response:
    """List what was said about a version, oldest first."""
    store = await reading(request)
    await asyncio.to_thread(store.policy_versions.get, version_id)
    found = await asyncio.to_thread(store.policy_versions.comments, version_id)
    return answer({"comments": [comment_document(one) for one in found]})


@router.post(_ONE + "/comments", status_code=201, response_model=CommentOut, responses=STEP, summary="Comment")
async def comment(request: Request, version_id: str, body: CommentIn) -> Response:
    """Say something about a version, or about one line of it."""
    store, actor = await acting(request)
    add = partial(store.policy_versions.comment, actor=actor, line=body.line)
    return answer(comment_document(await called(add, version_id, body.text)), 201)


@router.get(_ONE + "/diff", response_model=DiffOut, responses=KNOWN, summary="Compare a version")
async def diff(
    request: Request,
    version_id: str,
    against: Annotated[str | None, Query(max_length=100, description="Id of another; left out: the live one.")] = None,
) -> Response:
    """Set a version beside another: as text, and what changed in meaning."""
    store = await reading(request)
    return answer(await asyncio.to_thread(desk.difference, store, version_id, against))


async def reading(request: Request) -> Store:
    """Let in who may read; give the store as they may see it."""
    state = state_of(request)
    return state.store.within((await state.guard.caller(request, "read")).tenant)


async def acting(request: Request) -> tuple[Store, str]:
    """Let in who may change policies; give the store as they may use it, and who they are."""
    state = state_of(request)
    person = await person_of(request, state, scope="policy")
    return state.store.within(person.tenant), person.id


def _checked(state: State, store: Store, document: str) -> dict[str, Any]:
    checked = desk.checked(document)
    told: list[str] = []
    if checked.policy is not None:
        detectors = [str(one["name"]) for one in state.moderator.detectors()]
        libraries = [library.name for library in state.moderator.libraries]
        told = desk.warnings(checked.policy, store, detectors=detectors, libraries=libraries)
    return checked_document(checked, document, told)


def _whole(store: Store, version_id: str) -> dict[str, Any]:
    return version_document(store.policy_versions.get(version_id), store.policies_live.all())


def _publish(state: State, store: Store, work: Callable[..., Version], version_id: str, actor: str) -> dict[str, Any]:
    version = work(store, version_id, actor=actor)
    run = None
    if version.audit is None:
        started = store.policy_runs.start("audit", version.policy, version.id, {}, actor=actor)
        run = submit_run(store, started).id
    store.policies_live.due()
    found = _whole(store, version_id)
    done = "published" if found["plan"] is None else "scheduled" if version.audit is not None else "auditing"
    state.moderator.in_force.look()
    return {"state": done, "version": found, "run": run}


async def _step(request: Request, work: Callable[[Store, str], Version], *, status: int = 200) -> Response:
    store, actor = await acting(request)
    found = await called(work, store, actor)
    return answer(await asyncio.to_thread(_whole, store, found.id), status)


async def called(work: Callable[..., T], *arguments: Any) -> T:
    """Do blocking work in a thread; a value that cannot be used is the caller's fault."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error


def answer(document: Any, status: int = 200) -> Response:
    """Make an answer."""
    return Response(orjson.dumps(document), status, media_type="application/json")
