"""What can be found, what decides, and how the server is: labels, detectors, policies, health, metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from evenhand.accounting.gauges import gauges
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.errors import EvenhandError

router = APIRouter()

_GUARDED: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorOut, "description": text}
    for code, text in ((401, "No good API key."), (403, "The key lacks the scope."), (429, "Too many requests."))
}


@router.get("/v1/labels", tags=["reference"], responses=_GUARDED, summary="List the labels")
async def labels(request: Request) -> dict[str, Any]:
    """List the taxonomy, with the detectors that can give each label here."""
    state = state_of(request)
    await state.guard.admit(request, "read")
    return {"labels": await asyncio.to_thread(state.moderator.labels)}


@router.get("/v1/detectors", tags=["reference"], responses=_GUARDED, summary="List the detectors")
async def detectors(request: Request) -> dict[str, Any]:
    """List the detectors; those that cannot be had say why."""
    state = state_of(request)
    await state.guard.admit(request, "read")
    return {"detectors": await asyncio.to_thread(state.moderator.detectors)}


@router.get("/v1/policies", tags=["reference"], responses=_GUARDED, summary="List the policies")
async def policies(request: Request) -> dict[str, Any]:
    """List the policy in force: its version, its business lines and their rules."""
    state = state_of(request)
    caller = await state.guard.caller(request, "read")
    return {"policies": state.moderator.policies(caller.tenant)}


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", tags=["health"], summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    tags=["health"],
    summary="Can requests be answered?",
    responses={503: {"description": "Not ready; says why."}},
)
async def readyz(request: Request) -> Response:
    """Say whether models are loaded and the store answers; name the detectors that cannot be had."""
    state = state_of(request)
    problems: dict[str, str] = {}
    if not state.warm:
        problems["models"] = "still loading"
    try:
        await asyncio.to_thread(state.store.check)
    except EvenhandError as error:
        problems["store"] = error.message
    body = {"status": "unready" if problems else "ready", "problems": problems, "detectors": state.failures}
    return JSONResponse(body, status_code=503 if problems else 200)


@router.get("/metrics", tags=["health"], response_class=Response, responses=_GUARDED, summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    """Give the metrics in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    state = state_of(request)
    await state.guard.admit(request, "read")
    own = generate_latest(state.moderator.metrics.registry)
    stored = await asyncio.to_thread(gauges, state.store)
    return Response(own + generate_latest(stored), media_type=CONTENT_TYPE_LATEST)
