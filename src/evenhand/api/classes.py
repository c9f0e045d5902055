"""`/v1/classes`: custom classes of texts and pictures, taught with a few examples. Changes need the scope policy."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from evenhand.api.check import ERRORS
from evenhand.api.classbodies import read_class
from evenhand.api.classdocuments import class_document, tried_document, version_document
from evenhand.api.classschemas import (
    ClassesOut,
    ClassOut,
    ClassVersionOut,
    DeployIn,
    HistoryOut,
    TaughtOut,
    TriedOut,
    TryIn,
)
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.detectors.classes_lesson import Lesson, checked_label
from evenhand.domain import Medium
from evenhand.errors import InputError
from evenhand.store.classhistory import HistoryWanted
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["classes"])

PATH = "/v1/classes"
_ONE = PATH + "/{name}"
_READ: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 422, 429, 503)}
_NAMED: dict[int | str, dict[str, Any]] = {**_READ, 404: {"model": ErrorOut, "description": "No such class."}}
_STEP: dict[int | str, dict[str, Any]] = {
    **_NAMED,
    409: {"model": ErrorOut, "description": "Its audit did not pass, or there is nothing to go back to."},
}
_TEACH: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    409: {"model": ErrorOut, "description": "Another class is being taught, or this one is of the other medium."},
}
_Name = Annotated[str, Path(max_length=100)]
_FILES: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ClassIn"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "examples": {**_FILES, "description": "Pictures, or files of texts: .txt, .csv, .jsonl."},
                        "against": _FILES,
                        "label": {"type": "string"},
                        "threshold": {"type": "string"},
                        "deploy": {"type": "string", "enum": ["true", "false"]},
                    },
                    "required": ["name", "examples"],
                }
            },
        },
    }
}


@router.get(PATH, response_model=ClassesOut, responses=_READ, summary="List custom classes")
async def listed(request: Request) -> Response:
    """List the classes, by name, with their versions."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    entries = await asyncio.to_thread(state.moderator.teaching.entries)
    return _json({"classes": [class_document(entry) for entry in entries]})


@router.post(
    PATH, status_code=201, response_model=TaughtOut, responses=_TEACH, summary="Teach a class", openapi_extra=_BODY
)
async def teach(request: Request) -> Response:
    """Teach a class, or a new version of it, in some seconds: as JSON with texts or with a history, or as a form with
    files. The answer says how well it was learnt and whether its fairness audit passed.
    """
    state = state_of(request)
    actor = (await state.guard.caller(request, "policy")).id or LOCAL
    asked, examples, against = await read_class(request)
    checked_label(asked.name, asked.label)  # before anything is looked up
    medium, teaching, missing = Medium(asked.medium), state.moderator.teaching, 0
    if asked.history is not None:
        wanted = HistoryWanted(medium=medium, **asked.history.model_dump())
        positives, others, missing = await asyncio.to_thread(teaching.from_history, wanted)
        examples, against = [*examples, *positives], [*against, *others]
    elif medium is Medium.IMAGE and asked.examples:
        raise InputError("Pictures come as files in a form (multipart/form-data), in the field examples.")
    lesson = Lesson(
        name=asked.name,
        medium=medium,
        positives=examples,
        against=against,
        label=asked.label,
        threshold=asked.threshold,
        by=actor,
    )
    made = await asyncio.to_thread(partial(teaching.train, lesson, deploy=asked.deploy))
    document = {
        **version_document(made.made),
        "deployed": asked.deploy and bool(made.made.audit.get("passed")),
        "left_out": [{"name": name, "why": why} for name, why in made.left_out],
        "not_kept": missing,
    }
    return _json(document, 201)


@router.get(PATH + ":history", response_model=HistoryOut, responses=_READ, summary="Count judged examples")
async def counted(
    request: Request,
    medium: Literal["text", "image"] = "text",
    label: Annotated[str | None, Query(max_length=200)] = None,
    queue: Annotated[str | None, Query(max_length=200)] = None,
    days: Annotated[float | None, Query(gt=0, le=18_250)] = None,
) -> Response:
    """Say how many examples what people judged would give, and how many are lost because originals are not kept."""
    state = state_of(request)
    await state.guard.caller(request, "policy")
    clean = [None if text is None else text.replace("\x00", "") for text in (label, queue)]
    wanted = HistoryWanted(medium=Medium(medium), label=clean[0], queue=clean[1], days=days)
    positives, against, missing = await asyncio.to_thread(state.moderator.teaching.from_history, wanted)
    return _json({"examples": len(positives), "against": len(against), "not_kept": missing})


@router.get(_ONE, response_model=ClassOut, responses=_NAMED, summary="Give a class")
async def show(request: Request, name: _Name) -> Response:
    """Give a class with its versions: figures, worst mistakes and audits."""
    state = state_of(request)
    await state.guard.caller(request, "read")
    return _json(await _entry(state, name))


@router.post(_ONE + "/try", response_model=TriedOut, responses=_NAMED, summary="Try a class on a text")
async def tried(request: Request, name: _Name, body: TryIn) -> Response:
    """Score a text with a version of a class, before it judges anything: nothing is decided, and nothing recorded."""
    state, _ = await _policy(request)
    version, said = await asyncio.to_thread(state.moderator.teaching.tried, _clean(name), body.text, body.number)
    return _json(tried_document(version, said))


@router.post(_ONE + "/deploy", response_model=ClassVersionOut, responses=_STEP, summary="Deploy a version")
async def deploy(request: Request, name: _Name, body: DeployIn) -> Response:
    """Let a version judge contents, in every process within two seconds."""
    state, actor = await _policy(request)
    made = await asyncio.to_thread(state.moderator.teaching.deploy, _clean(name), body.number, actor)
    return _json(version_document(made))


@router.post(_ONE + "/rollback", response_model=ClassVersionOut, responses=_STEP, summary="Go back")
async def rollback(request: Request, name: _Name) -> Response:
    """Go back to the version that judged contents before."""
    state, actor = await _policy(request)
    made = await asyncio.to_thread(state.moderator.teaching.rollback, _clean(name), actor)
    return _json(version_document(made))


@router.post(_ONE + "/withdraw", response_model=ClassOut, responses=_NAMED, summary="Let it judge no more")
async def withdraw(request: Request, name: _Name) -> Response:
    """Let no version of a class judge any more; they are kept."""
    state, actor = await _policy(request)
    await asyncio.to_thread(state.moderator.teaching.withdraw, _clean(name), actor)
    return _json(await _entry(state, name))


@router.delete(_ONE, status_code=204, response_class=Response, responses=_NAMED, summary="Forget a class")
async def remove(request: Request, name: _Name) -> Response:
    """Forget a class with all its versions."""
    state, actor = await _policy(request)
    await asyncio.to_thread(state.moderator.teaching.remove, _clean(name), actor)
    return Response(status_code=204)


async def _policy(request: Request) -> tuple[State, str]:
    state = state_of(request)
    return state, (await state.guard.caller(request, "policy")).id or LOCAL


async def _entry(state: State, name: str) -> dict[str, Any]:
    return class_document(await asyncio.to_thread(state.store.classes.entry, _clean(name)))


def _clean(name: str) -> str:
    return name.replace("\x00", "")


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
