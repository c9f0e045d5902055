"""`/v1/jobs`: work that takes longer than a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from evenhand.api.check import ERRORS
from evenhand.api.idempotency import once
from evenhand.api.jobbodies import is_json, read_job
from evenhand.api.jobevents import events
from evenhand.api.jobschemas import JobOut, JobsOut, SubmittedOut
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of, tenant_of
from evenhand.errors import InputError, SystemFault
from evenhand.jobs.desk import submit
from evenhand.jobs.engine import available
from evenhand.jobs.results import lines
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import Job
from evenhand.store.jobrows import job_document

router = APIRouter(tags=["jobs"])

PATH = "/v1/jobs"
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": ErrorOut, "description": "No such job."}}
_READ: dict[int | str, dict[str, Any]] = {**_MISSING, **{code: ERRORS[code] for code in (401, 403, 429, 503)}}
_CHANGE: dict[int | str, dict[str, Any]] = {
    **_READ,
    409: {"model": ErrorOut, "description": "The job is not in a state in which that can be done."},
}
_STATES = Literal["queued", "running", "done", "failed", "cancelled"]
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FORM: dict[str, Any] = {
    "schema": {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "JSON lines, a video or a sound."},
            "kind": {"type": "string", "enum": ["bulk", "media"], "description": "Found from the file."},
            "lang": {"type": "string"},
            "line": {"type": "string"},
            "all_scores": {"type": "string", "enum": ["true", "false"]},
            "priority": {"type": "string", "enum": ["live", "interactive", "bulk"]},
            "id": {"type": "string"},
            "fresh": {"type": "string", "enum": ["true", "false"]},
        },
        "required": ["file"],
    }
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/JobIn"}},
            "multipart/form-data": _FORM,
            "application/x-ndjson": _FILE,
            "video/*": _FILE,
            "audio/*": _FILE,
        },
    }
}


class NobodyWorksError(SystemFault):
    """No worker works on jobs, and none can be started here."""

    code = "no_worker"
    status = 503


@router.post(
    PATH,
    status_code=202,
    response_model=SubmittedOut,
    responses={
        200: {"model": SubmittedOut, "description": "The same was submitted before: this is that job."},
        **ERRORS,
    },
    summary="Submit a job",
    openapi_extra=_BODY,
)
async def create(request: Request) -> Response:
    """Submit many items, a video or a sound: as JSON (items or a url), as a file in a form (JSON lines, a recording),
    or the file as the body itself, with the other fields in the query. The answer comes at once; the work follows.
    """
    state = state_of(request)
    key_id = await state.guard.admit(request, "check")
    await asyncio.to_thread(somebody_works, state)

    async def work() -> Response:
        settings = state.moderator.settings
        asked = await read_job(request, settings, Blobs(settings))
        job, new = await asyncio.to_thread(
            partial(
                submit,
                state.moderator,
                state.store,
                kind=asked.kind,
                source=asked.source,
                options=asked.options,
                priority=asked.priority,
                tenant=key_id,
                caller_id=asked.caller_id,
                fresh=asked.fresh,
            )
        )
        if state.worker is not None:
            state.worker.knock()
        headers = {"location": f"{PATH}/{job.id}"}
        return _json({**job_document(job), "new": new}, 202 if new else 200, headers)

    # A file is not read twice to compare it: the same file is the same job anyway.
    return await once(request, state.store, key_id, work) if is_json(request) else await work()


@router.get(PATH, response_model=JobsOut, responses={**_READ, 422: ERRORS[422]}, summary="List jobs")
async def listed(
    request: Request,
    state: Annotated[_STATES | None, Query(description="Only jobs in this state.")] = None,
    kind: Annotated[str | None, Query(max_length=100, description="Only jobs of this kind.")] = None,
    after: Annotated[str | None, Query(max_length=100, description="`after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """List the caller's jobs, newest first; a key with the scope admin sees everybody's."""
    here = state_of(request)
    tenant = await tenant_of(request, here, "read")
    find = partial(here.store.jobs.page, state=state, kind=_clean(kind), tenant=tenant, after=after, limit=limit)
    try:
        page = await asyncio.to_thread(find)
    except ValueError as error:
        raise InputError(f"The list cannot be given: {error}.") from error
    return _json({"jobs": [job_document(job) for job in page.items], "after": page.after})


@router.get(PATH + "/{job_id}", response_model=JobOut, responses=_READ, summary="Give a job")
async def show(request: Request, job_id: str) -> Response:
    """Give a job with its progress: segments and items or seconds done, and how long it may still take."""
    state = state_of(request)
    return _json(job_document(await _mine(request, state, job_id, "read")))


@router.get(
    PATH + "/{job_id}/results",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "One result document a line."}, **_READ},
    summary="Give a job's results",
)
async def results(request: Request, job_id: str) -> Response:
    """Give the results as JSON lines, in the order of the items: result documents, or errors in the place of items.
    Of a job that is not done, what is done so far in whole segments.
    """
    state = state_of(request)
    job = await _mine(request, state, job_id, "read")
    return StreamingResponse(_ndjson(state.store, job), media_type="application/x-ndjson")


@router.get(
    PATH + "/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-Sent Events."}, **_READ},
    summary="Watch a job",
)
async def watch(request: Request, job_id: str) -> Response:
    """Watch a job by Server-Sent Events: `progress` with the job each time it changed, then `done`, `failed` or
    `cancelled`, and the stream ends.
    """
    state = state_of(request)
    await _mine(request, state, job_id, "read")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = events(state.store, job_id, lambda: state.stopping)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.post(PATH + "/{job_id}/cancel", response_model=JobOut, responses=_CHANGE, summary="Cancel a job")
async def cancel(request: Request, job_id: str) -> Response:
    """Cancel a job that is not finished. What runs now ends without being counted; results so far stay readable."""
    state = state_of(request)
    await _mine(request, state, job_id, "check")
    return _json(job_document(await asyncio.to_thread(state.store.jobs.cancel, job_id)))


@router.post(PATH + "/{job_id}/retry", response_model=JobOut, responses=_CHANGE, summary="Set a job going again")
async def retry(request: Request, job_id: str) -> Response:
    """Set a failed or cancelled job going again; segments that are done stay done."""
    state = state_of(request)
    await _mine(request, state, job_id, "check")
    job = await asyncio.to_thread(state.store.jobs.retry, job_id)
    if state.worker is not None:
        state.worker.knock()
    return _json(job_document(job))


@router.delete(PATH + "/{job_id}", response_model=JobOut, responses=_CHANGE, summary="Cancel and delete a job")
async def remove(request: Request, job_id: str) -> Response:
    """Cancel a job if it is not finished, and delete it with its list of results. Its decisions stay recorded."""
    state = state_of(request)
    job = await _mine(request, state, job_id, "check")
    if job.open:
        await asyncio.to_thread(state.store.jobs.cancel, job_id)
    removed = await asyncio.to_thread(state.store.jobs.remove, job_id)
    blob = removed.source.get("blob")
    if blob:
        used = partial(state.store.jobs.uses_blob, str(blob), but=job_id)
        await asyncio.to_thread(partial(Blobs(state.moderator.settings).remove, str(blob), used=used))
    return _json(job_document(removed))


async def _mine(request: Request, state: State, job_id: str, scope: str) -> Job:
    tenant = await tenant_of(request, state, scope)
    return await asyncio.to_thread(partial(state.store.jobs.get, job_id, tenant=tenant))


def somebody_works(state: State) -> None:
    """Refuse a job that nobody would ever do."""
    if state.worker is not None or (state.no_worker is None and available()) or state.store.tasks.workers():
        return
    why = state.no_worker or "The extra is missing here: pip install 'evenhand[jobs]'."
    raise NobodyWorksError(f"No worker works on jobs; start `evenhand worker`. {why}")


def _ndjson(store: Store, job: Job) -> Iterator[bytes]:
    for line in lines(store, job):
        yield orjson.dumps(line) + b"\n"


def _clean(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "")


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers=headers, media_type="application/json")
