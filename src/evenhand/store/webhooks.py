"""Webhooks: where events are sent, with which secrets, and what came of it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, update

from evenhand.domain import id_time, new_id
from evenhand.errors import ConflictError, NotFoundError, UserError
from evenhand.settings import Settings
from evenhand.store.announcing import announce, wants
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.jobrecords import Delivery, Webhook
from evenhand.store.reviewrecords import LOCAL
from evenhand.store.schema import webhook_deliveries as deliveries
from evenhand.store.schema import webhooks
from evenhand.store.sealing import Seal

SECRET_START = "whsec_"  # noqa: S105  (as the Standard Webhooks specification marks secrets)
_MOST = 100  # webhooks
_CHUNK = 500
EVENTS = (
    "job.done",
    "job.failed",
    "job.cancelled",
    "stream.incident.opened",
    "stream.incident.escalated",
    "stream.incident.closed",
    "stream.stop",
    "stream.gap",
    "stream.incomplete",
    "stream.taken_over",
    "stream.ended",
    "stream.stopped",
    "stream.failed",
    "alert.raised",
    "alert.cleared",
    "policy.published",
    "policy.rolled_back",
    "policy.braked",
    "decision.undone",
    "decision.restored",
    "review.decided",
    "review.undone",
    "appeal.filed",
    "appeal.decided",
    "webhook.test",
)


class Webhooks:
    """Makes, lists, rotates and deletes webhooks, and keeps the log of deliveries.

    Args:
        database: where.
        settings: how long the log is kept, and the key that secrets are sealed with.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings, self._audit = database, settings, AuditLog(database)
        self._seal = Seal(settings) if settings.secret_key is not None else None

    def create(self, name: str, url: str, *, events: Sequence[str] = ("*",), actor: str = LOCAL) -> Webhook:
        """Register a webhook; its secret is in the answer, and can be shown again only by rotating it.

        `actor` is the id of who does it, here and below, for the audit log.

        Raises:
            UserError: the name is empty or an event is not well formed, or there are too many webhooks.
            ConflictError: the name is taken.
            SettingsError: EVENHAND_SECRET_KEY cannot be used.
            StoreError: the database refused or cannot be reached.
        """
        if not name.strip():
            raise UserError("give the webhook a name: who receives it")
        if not events or any(not event or len(event) > 100 for event in events):
            raise UserError(f"give the events it wants: {', '.join(EVENTS)}, a family such as job.*, or *")
        webhook_id, secret = new_id(), _new_secret()
        row = {
            "id": webhook_id,
            "name": name.strip(),
            "url": url,
            "events": list(dict.fromkeys(events)),
            "secrets": [self._kept(webhook_id, secret)],
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> bool:
            if len(connection.execute(select(webhooks.c.id)).all()) >= _MOST:
                raise UserError(f"there are {_MOST} webhooks already; remove some")
            statement = self._database.insert(webhooks).values(row).on_conflict_do_nothing(index_elements=["name"])
            if not connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount:
                return False
            after = {"name": row["name"], "url": url, "events": row["events"]}
            self._audit.append(connection, "webhook.create", f"webhook:{webhook_id}", actor=actor, after=after)
            return True

        if not self._database.write(work):
            raise ConflictError(f"a webhook is called {name[:80]!r} already: remove it first, or choose another name")
        return self.get(webhook_id)

    def list(self) -> list[Webhook]:
        """List all, without their secrets.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(webhooks).order_by(webhooks.c.id)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_webhook(row, ()) for row in rows]

    def get(self, name: str) -> Webhook:
        """Give one by its id or its name, with its live secrets, newest first.

        Raises:
            NotFoundError: there is none.
            SettingsError: its secrets are sealed and cannot be opened with this EVENHAND_SECRET_KEY.
            StoreError: the database refused or cannot be reached.
        """
        row = self._row(name)
        now = datetime.now(UTC).timestamp()
        live = [kept for kept in row.secrets if kept["until"] is None or kept["until"] > now]
        return _webhook(row, [self._opened(row.id, kept) for kept in live])

    def rotate(self, name: str, *, overlap: timedelta = timedelta(days=1), actor: str = LOCAL) -> Webhook:
        """Make a new secret; the one before signs too until `overlap` is over, older ones no longer.

        Raises:
            NotFoundError, SettingsError, StoreError: as for `get`.
        """
        row = self._row(name)
        until = (datetime.now(UTC) + overlap).timestamp()
        kept = [self._kept(row.id, _new_secret()), {**row.secrets[0], "until": until}]
        statement = update(webhooks).where(webhooks.c.id == row.id).values(secrets=kept)
        after = {"name": row.name, "overlap_s": overlap.total_seconds()}
        self._change(statement, "webhook.rotate", row, actor=actor, after=after)
        return self.get(row.id)

    def switch(self, name: str, *, on: bool, actor: str = LOCAL) -> Webhook:
        """Send to a webhook again, or no longer; events meanwhile are not kept for it.

        Raises:
            NotFoundError, SettingsError, StoreError: as for `get`.
        """
        row = self._row(name)
        values = {"disabled_at": None if on else datetime.now(UTC)}
        statement = update(webhooks).where(webhooks.c.id == row.id).values(values)
        before = {"name": row.name, "enabled": row.disabled_at is None}
        self._change(statement, "webhook.switch", row, actor=actor, before=before, after={**before, "enabled": on})
        return self.get(row.id)

    def remove(self, name: str, *, actor: str = LOCAL) -> None:
        """Forget a webhook; its log stays until it is past its time.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        row = self._row(name)
        statement = delete(webhooks).where(webhooks.c.id == row.id)
        before = {"name": row.name, "url": row.url, "events": row.events}
        self._change(statement, "webhook.remove", row, actor=actor, before=before)

    def announce(self, event: str, data: Mapping[str, Any], *, only: str | None = None) -> Sequence[str]:
        """Send an event to all webhooks that want it, as durable jobs; give the ids of the deliveries.

        Args:
            event: e.g. "stream.alert".
            data: what happened, JSON; no content of people.
            only: id of the one webhook that gets it, whatever it wants.

        Raises:
            StoreError: nothing will be sent.
        """
        return self._database.write(lambda connection: announce(connection, self._database, event, data, only=only))

    def wanted(self, event: str) -> bool:
        """Say whether any webhook wants an event.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        return any(webhook.disabled_at is None and wants(list(webhook.events), event) for webhook in self.list())

    # The log

    def delivery(self, delivery_id: str) -> Delivery:
        """Give one delivery.

        Raises:
            NotFoundError: there is none, or no longer.
            StoreError: the database refused or cannot be reached.
        """
        query = select(deliveries).where(deliveries.c.id == _checked(delivery_id))
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(f"no delivery has the id {delivery_id[:80]!r}")
        return _delivery(row)

    def deliveries(
        self, webhook_id: str | None = None, *, state: str | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[Delivery]:
        """List deliveries, newest first.

        Raises:
            ValueError: the cursor is none.
            StoreError: the database refused or cannot be reached.
        """
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(max(1, min(limit, 1_000)))
        if webhook_id is not None:
            query = query.where(deliveries.c.webhook_id == webhook_id)
        if state is not None:
            query = query.where(deliveries.c.state == state)
        if after is not None:
            id_time(after)
            query = query.where(deliveries.c.id < after)
        return [_delivery(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def tried(self, delivery_id: str, attempt: Mapping[str, Any], *, state: str) -> None:
        """Note a try.

        Args:
            delivery_id: of which delivery.
            attempt: when, status or error, milliseconds.
            state: what the delivery is now: "queued", "delivered" or "failed".

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> None:
            query = select(deliveries.c.attempts).where(deliveries.c.id == delivery_id).with_for_update()
            before = connection.execute(query).scalar_one_or_none()
            values: dict[str, Any] = {"attempts": [*(before or []), dict(attempt)], "state": state}
            if state == "delivered":
                values["delivered_at"] = datetime.now(UTC)
            connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))

        self._database.write(work)

    def sent(self, webhook_id: str, event: str, body: str, attempt: Mapping[str, Any], *, delivery_id: str) -> None:
        """Note a delivery that was sent at once, without a job.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        now, good = datetime.now(UTC), attempt.get("error") is None
        row = {
            "id": delivery_id,
            "webhook_id": webhook_id,
            "event": event,
            "body": body,
            "state": "delivered" if good else "failed",
            "attempts": [dict(attempt)],
            "created_at": now,
            "delivered_at": now if good else None,
        }
        self._database.write(lambda connection: connection.execute(deliveries.insert(), row))

    def again(self, delivery_id: str) -> None:
        """Note that a delivery that had failed is tried again.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        mine = and_(deliveries.c.id == delivery_id, deliveries.c.state == "failed")
        statement = update(deliveries).where(mine).values(state="queued")
        self._database.write(lambda connection: connection.execute(statement), repeatable=True)

    def purge(self) -> int:
        """Delete what was sent long enough ago; give how many.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        if not self._settings.jobs_keep_days:
            return 0
        edge = datetime.now(UTC) - timedelta(days=self._settings.jobs_keep_days)
        old = and_(deliveries.c.created_at < edge, deliveries.c.state != "queued")
        chosen = select(deliveries.c.id).where(old).limit(_CHUNK)
        statement, total = delete(deliveries).where(deliveries.c.id.in_(chosen)), 0
        while done := self._database.write(lambda connection: connection.execute(statement).rowcount, repeatable=True):
            total += done
        return total

    def _change(self, statement: Any, action: str, row: Row[Any], *, actor: str, **told: Mapping[str, Any]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement)
            before, after = told.get("before"), told.get("after")
            self._audit.append(connection, action, f"webhook:{row.id}", actor=actor, before=before, after=after)

        self._database.write(work)

    def _row(self, name: str) -> Row[Any]:
        query = select(webhooks).where((webhooks.c.id == _checked(name)) | (webhooks.c.name == name))
        row = self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFoundError(f"no webhook is called {name[:80]!r}; list them with `evenhand webhooks list`")
        return row

    def _kept(self, webhook_id: str, secret: str) -> dict[str, Any]:
        if self._seal is None:
            return {"secret": secret, "sealed": False, "until": None}
        sealed = base64.b64encode(self._seal.seal(secret, owner=f"webhook {webhook_id}")).decode()
        return {"secret": sealed, "sealed": True, "until": None}

    def _opened(self, webhook_id: str, kept: Mapping[str, Any]) -> str:
        if not kept["sealed"]:
            return str(kept["secret"])
        seal = self._seal or Seal(self._settings)
        return seal.open(base64.b64decode(kept["secret"]), owner=f"webhook {webhook_id}")


def _new_secret() -> str:
    return SECRET_START + base64.b64encode(secrets.token_bytes(32)).decode()


def _checked(text: str) -> str:
    return "" if "\x00" in text else text  # PostgreSQL refuses NUL with an error


def _webhook(row: Row[Any], opened: Sequence[str]) -> Webhook:
    return Webhook(
        id=row.id,
        name=row.name,
        url=row.url,
        events=tuple(row.events),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        secrets=tuple(opened),
    )


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: row._mapping[name] for name in Delivery.__dataclass_fields__}
    return Delivery(**{**values, "attempts": tuple(row.attempts)})
