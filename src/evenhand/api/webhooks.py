"""`/v1/webhooks`: where events are sent. For keys with the scope admin."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from evenhand.actions.webhook_send import check_url
from evenhand.api.check import ERRORS
from evenhand.api.jobschemas import DeliveriesOut, NewWebhookOut, TestedOut, WebhookIn, WebhookOut, WebhooksOut
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import state_of
from evenhand.errors import InputError
from evenhand.store.decisions import rfc3339
from evenhand.store.jobrecords import Delivery, Webhook
from evenhand.store.reviewrecords import LOCAL

router = APIRouter(tags=["webhooks"])

PATH = "/v1/webhooks"
_ADMIN: dict[int | str, dict[str, Any]] = {code: ERRORS[code] for code in (401, 403, 429, 503)}
_ONE: dict[int | str, dict[str, Any]] = {**_ADMIN, 404: {"model": ErrorOut, "description": "No such webhook."}}


@router.post(
    PATH,
    status_code=201,
    response_model=NewWebhookOut,
    responses={**_ADMIN, **{code: ERRORS[code] for code in (400, 409, 422)}},
    summary="Register a webhook",
)
async def create(request: Request, body: WebhookIn) -> Response:
    """Register a webhook. The signing secret is in the answer, and is not shown again."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    check_url(body.url)
    make = partial(state.store.webhooks.create, body.name, body.url, events=body.events, actor=actor)
    made = await asyncio.to_thread(make)
    return _json(_shown(made, secrets=True), 201)


@router.get(PATH, response_model=WebhooksOut, responses=_ADMIN, summary="List webhooks")
async def listed(request: Request) -> Response:
    """List webhooks, without their secrets."""
    state = state_of(request)
    await state.guard.admit(request, "admin")
    found = await asyncio.to_thread(state.store.webhooks.list)
    return _json({"webhooks": [_shown(webhook) for webhook in found]})


@router.delete(PATH + "/{name}", response_model=WebhookOut, responses=_ONE, summary="Remove a webhook")
async def remove(request: Request, name: str) -> Response:
    """Remove a webhook, by its id or name. Deliveries that wait are given up; the log stays."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    webhook = await asyncio.to_thread(state.store.webhooks.get, name)
    await asyncio.to_thread(partial(state.store.webhooks.remove, webhook.id, actor=actor))
    return _json(_shown(webhook))


@router.post(PATH + "/{name}/rotate", response_model=NewWebhookOut, responses=_ONE, summary="Exchange the secret")
async def rotate(
    request: Request,
    name: str,
    overlap_s: Annotated[int, Query(ge=0, le=2_592_000, description="Seconds that the old secret signs too.")] = 86_400,
) -> Response:
    """Make a new signing secret. Both sign while they overlap, so that receivers can change at leisure."""
    state = state_of(request)
    actor = await state.guard.admit(request, "admin") or LOCAL
    turn = partial(state.store.webhooks.rotate, name, overlap=timedelta(seconds=overlap_s), actor=actor)
    return _json(_shown(await asyncio.to_thread(turn), secrets=True))


@router.post(
    PATH + "/{name}/test", status_code=202, response_model=TestedOut, responses=_ONE, summary="Send a test event"
)
async def test(request: Request, name: str) -> Response:
    """Send the event `webhook.test`, whatever the webhook wants; the delivery's id is in the answer."""
    state = state_of(request)
    await state.guard.admit(request, "admin")
    webhook = await asyncio.to_thread(state.store.webhooks.get, name)
    send = partial(state.store.webhooks.announce, "webhook.test", {"webhook": webhook.name}, only=webhook.id)
    made = await asyncio.to_thread(send)
    if not made:
        raise InputError("The webhook is switched off.")
    if state.worker is not None:
        state.worker.knock()
    return _json({"delivery": made[0]}, 202)


@router.get(PATH + "/{name}/deliveries", response_model=DeliveriesOut, responses=_ONE, summary="List deliveries")
async def deliveries(request: Request, name: str, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """List what was sent to a webhook and what came back, newest first."""
    state = state_of(request)
    await state.guard.admit(request, "admin")
    webhook = await asyncio.to_thread(state.store.webhooks.get, name)
    found = await asyncio.to_thread(partial(state.store.webhooks.deliveries, webhook.id, limit=limit))
    return _json({"deliveries": [delivery_document(one) for one in found]})


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """Give the JSON form of a delivery."""
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": list(delivery.attempts),
        "created_at": rfc3339(delivery.created_at),
        "delivered_at": rfc3339(delivery.delivered_at) if delivery.delivered_at else None,
    }


def _shown(webhook: Webhook, *, secrets: bool = False) -> dict[str, Any]:
    shown = {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": rfc3339(webhook.created_at),
        "enabled": webhook.disabled_at is None,
    }
    return {**shown, "secrets": list(webhook.secrets)} if secrets else shown


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
