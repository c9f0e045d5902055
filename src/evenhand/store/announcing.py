"""Events become deliveries within the transaction that makes them true: what is committed is told, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from evenhand.domain import new_id
from evenhand.store.columns import dumps
from evenhand.store.database import Database
from evenhand.store.jobrecords import NewJob
from evenhand.store.jobrows import insert_job
from evenhand.store.schema import webhook_deliveries, webhooks

DELIVERY_S = 3 * 86_400.0  # after which a delivery is given up, however many tries are left


def announce(
    connection: Connection,
    database: Database,
    event: str,
    data: Mapping[str, Any],
    *,
    only: str | None = None,
) -> list[str]:
    """Queue an event for every webhook that wants it; give the ids of the deliveries.

    Args:
        connection: within the transaction that makes the event true.
        database: that `connection` belongs to.
        event: e.g. "job.done".
        data: what happened, JSON.
        only: id of the one webhook that gets it, whatever events it wants; None: all that want it.
    """
    query = select(webhooks.c.id, webhooks.c.events).where(webhooks.c.disabled_at.is_(None))
    if only is not None:
        query = query.where(webhooks.c.id == only)
    now, made = datetime.now(UTC), []
    for row in connection.execute(query).all():
        if only is None and not wants(row.events, event):
            continue
        delivery = new_id()
        moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = {
            "id": delivery,
            "webhook_id": row.id,
            "event": event,
            "body": dumps({"id": delivery, "type": event, "timestamp": moment, "data": dict(data)}),
            "state": "queued",
            "attempts": [],
            "created_at": now,
        }
        connection.execute(webhook_deliveries.insert(), values)
        job = NewJob(kind="webhook", source={"delivery": delivery}, tenant=f"webhook:{row.id}", timeout_s=DELIVERY_S)
        insert_job(connection, database, job)
        made.append(delivery)
    return made


def wants(events: list[str], event: str) -> bool:
    """Say whether a list of events names this one: exactly, by "*", or by its family, "job.*"."""
    return "*" in events or event in events or f"{event.partition('.')[0]}.*" in events
