"""Puts the HTTP application together."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline

from evenhand import __version__
from evenhand.api import (
    accounts,
    accountsoidc,
    accountsown,
    alerts,
    appeals,
    auditlog,
    check,
    classes,
    dashboards,
    errors,
    info,
    jobs,
    libraries,
    limits,
    policies,
    policieslive,
    proposals,
    quality,
    qualitycalibration,
    redact,
    replay,
    reports,
    retention,
    review,
    reviewmarks,
    reviewmedia,
    sessions,
    statements,
    streams,
    webhooks,
    wellness,
)
from evenhand.api.auth import Guard, keys_required
from evenhand.api.classschemas import ClassIn
from evenhand.api.compat import Claim, DialectRoute, chosen
from evenhand.api.jobschemas import JobIn
from evenhand.api.schemas import BatchIn, CheckIn, RedactIn
from evenhand.api.state import State
from evenhand.app import AsyncModerator
from evenhand.errors import EvenhandError
from evenhand.settings import Settings
from evenhand.store import open_store

_DESCRIPTION = """Self-hosted content moderation: send text or pictures, get labels with calibrated scores and the place
of their evidence, and a decision by your own policy. Errors have one shape: `{"error": {"code", "message"}}`."""


def create_app(
    settings: Settings,
    *,
    moderator: AsyncModerator | None = None,
    warm: bool = True,
    work: bool = False,
    extend: Callable[[FastAPI], None] | None = None,
) -> FastAPI:
    """Make the application.

    Args:
        settings: of the server.
        moderator: with a store; None: one is made from the settings and closed at the end.
        warm: load all models at the start, in the background; `/readyz` says when they are.
        work: work on jobs in this process, too.
        extend: adds further routes, such as the console's pages.

    Raises:
        SettingsError: the settings ask for something unsafe, or cannot be used.
        StoreError: the database cannot be reached.
    """
    needs_keys = keys_required(settings)
    if moderator is None:
        store = open_store(settings=settings)
        store.migrate()
        moderator = AsyncModerator(settings, store=store)
    if moderator.store is None:
        raise ValueError("the server needs a moderator with a store")
    state = State(moderator, moderator.store, Guard(settings, moderator.store))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(_warm(state)) if warm else None
        metering = asyncio.create_task(_meter(state))
        state.warm = not warm
        if work:
            await _start_work(state)
        yield
        state.stopping = True
        if state.keeper is not None:
            await asyncio.to_thread(state.keeper.stop, settings.shutdown_timeout_s)
        if state.worker is not None:
            await asyncio.to_thread(state.worker.stop, settings.shutdown_timeout_s)
        if warming is not None:
            warming.cancel()
        metering.cancel()
        state.moderator.close()
        gc.unfreeze()  # or a process that starts servers one after another would keep all their models

    app: FastAPI = FastAPIOffline(
        title="evenhand",
        version=__version__,
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=life,
        redirect_slashes=False,  # a redirect would name the host and scheme that the caller's headers claim
    )
    app.state.evenhand = state
    errors.install(app)
    app.include_router(check.router)
    app.include_router(redact.router)
    app.include_router(jobs.router)
    app.include_router(streams.router)
    app.include_router(webhooks.router)
    app.include_router(review.router)
    app.include_router(reviewmedia.router)
    app.include_router(wellness.router)
    app.include_router(reviewmarks.router)
    for area in (quality, qualitycalibration, appeals):
        app.include_router(area.router)
    app.include_router(libraries.router)
    app.include_router(proposals.router)
    app.include_router(auditlog.router)
    app.include_router(statements.router)
    app.include_router(replay.router)
    app.include_router(reports.router)
    app.include_router(dashboards.router)
    app.include_router(alerts.router)
    app.include_router(retention.router)
    app.include_router(classes.router)
    app.include_router(info.router)
    app.include_router(policies.router)
    app.include_router(policieslive.router)
    for area in (sessions, accountsoidc, accountsown, accounts):
        app.include_router(area.router)
    if extend is not None:
        extend(app)
    dialects = chosen(settings, moderator.policy)
    app.router.routes[:0] = [DialectRoute(dialect) for dialect in dialects]
    app.add_middleware(
        limits.BodyLimit,
        max_bytes=settings.max_body_bytes,
        max_inflight=settings.max_inflight_bytes,
        files={jobs.PATH: settings.max_job_bytes},
    )
    app.add_middleware(Claim, dialects=dialects)
    app.add_middleware(limits.RequestLog)
    _describe(app, needs_keys=needs_keys)
    return app


async def _warm(state: State) -> None:
    state.failures = dict(await asyncio.to_thread(state.moderator.warm))
    # Tables and models stay for good: a full collection need not walk through them, which takes a tenth of a second.
    gc.collect()
    gc.freeze()
    state.warm = True
    log = structlog.get_logger()
    for name, why in state.failures.items():
        log.warning("detector cannot answer; its contents will be incomplete", detector=name, why=why)
    log.info("ready")


async def _meter(state: State) -> None:
    """Write what detectors cost, each minute."""
    while True:
        await asyncio.sleep(60)
        await asyncio.to_thread(state.moderator.keep_meter)


async def _start_work(state: State) -> None:
    """Start a worker in this process. Where none can be started, everything but jobs still works, and jobs say why."""
    from evenhand.api.compat.kinds import all_kinds
    from evenhand.intake.keeper import Keeper
    from evenhand.jobs.worker import Worker

    make = partial(Worker, state.moderator, asyncio.get_running_loop(), kinds=all_kinds())
    try:
        state.worker = await asyncio.to_thread(make)
    except EvenhandError as error:
        state.no_worker = error.message
        structlog.get_logger().warning("no jobs are worked on here", why=error.message)
    state.keeper = Keeper(state.moderator, asyncio.get_running_loop())


def _describe(app: FastAPI, *, needs_keys: bool) -> None:
    """Add to the OpenAPI document what FastAPI cannot see: bodies that are read by hand, and the key."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                license_info=app.license_info,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for model in (CheckIn, BatchIn, RedactIn, JobIn, ClassIn):
                schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas.update(schema.pop("$defs", {}))
                schemas[model.__name__] = schema
            schemes = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": "evenhand_session"},
            }
            document["components"]["securitySchemes"] = schemes
            document["security"] = [{"bearer": []}, {"header": []}, {"session": []}, *([] if needs_keys else [{}])]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
