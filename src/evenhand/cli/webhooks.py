"""`evenhand webhooks`: where events are sent, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli import CLEAN, SYSTEM_ERROR
from evenhand.cli.common import read_settings
from evenhand.cli.output import plain

if TYPE_CHECKING:
    from evenhand.store import Store

webhooks = typer.Typer(help="Webhooks: where events are sent.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id of the webhook.")]


@webhooks.command()
def add(
    name: Annotated[str, typer.Argument(help="Yours, unique.")],
    url: Annotated[str, typer.Argument(help="An http(s) address.")],
    event: Annotated[
        list[str] | None, typer.Option(help='An event it wants, "job.done", or a family, "job.*"; else all.')
    ] = None,
) -> None:
    """Register a webhook and print its signing secret; it is not shown again."""
    from evenhand.actions.webhook_send import check_url

    check_url(url)
    with _store() as store:
        made = store.webhooks.create(name, url, events=event or ["*"])
    print(made.secrets[0])


@webhooks.command("list")
def show() -> None:
    """List webhooks, without their secrets."""
    with _store() as store:
        for webhook in store.webhooks.list():
            state = "off" if webhook.disabled_at else "on"
            print(plain(f"{webhook.id}  {state}  {','.join(webhook.events)}  {webhook.name}  {webhook.url}"))


@webhooks.command()
def rotate(
    name: Name,
    overlap_hours: Annotated[float, typer.Option(min=0, max=720, help="Hours that the old secret signs too.")] = 24,
) -> None:
    """Make a new signing secret and print it. Both sign while they overlap."""
    with _store() as store:
        print(store.webhooks.rotate(name, overlap=timedelta(hours=overlap_hours)).secrets[0])


@webhooks.command()
def enable(name: Name) -> None:
    """Send to a webhook again."""
    with _store() as store:
        store.webhooks.switch(name, on=True)
    print(f"{plain(name)} is on")


@webhooks.command()
def disable(name: Name) -> None:
    """Send nothing more to a webhook; events meanwhile are not kept for it."""
    with _store() as store:
        store.webhooks.switch(name, on=False)
    print(f"{plain(name)} is off")


@webhooks.command()
def remove(name: Name) -> None:
    """Forget a webhook; its log of deliveries stays."""
    with _store() as store:
        store.webhooks.remove(name)
    print(f"{plain(name)} removed")


@webhooks.command()
def test(name: Name) -> None:
    """Send the event webhook.test at once, and say what came back.

    Exit code: 0 delivered, 3 not.
    """
    from evenhand.actions.webhook import headers
    from evenhand.actions.webhook_send import send
    from evenhand.domain import new_id
    from evenhand.store.columns import dumps

    with _store() as store:
        webhook, delivery = store.webhooks.get(name), new_id()
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"id": delivery, "type": "webhook.test", "timestamp": at, "data": {"webhook": webhook.name}}
        body = dumps(event)
        sent = send(webhook.url, body.encode(), headers(delivery, body.encode(), webhook.secrets), read_settings())
        attempt = {"at": at, "status": sent.status, "error": sent.error, "ms": sent.ms}
        store.webhooks.sent(webhook.id, "webhook.test", body, attempt, delivery_id=delivery)
    print(f"{delivery}: delivered, status {sent.status}" if sent.good else f"{delivery}: not delivered: {sent.error}")
    raise typer.Exit(CLEAN if sent.good else SYSTEM_ERROR)


@webhooks.command()
def deliveries(
    name: Annotated[str | None, typer.Argument(help="Name or id of the webhook; else of all.")] = None,
    state: Annotated[str | None, typer.Option(help="queued, delivered or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most deliveries shown.")] = 50,
) -> None:
    """List what was sent and what came back, newest first.

    What failed for good is a failed job: `evenhand jobs list --kind webhook --state failed`, and `jobs retry`.
    """
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("delivery", no_wrap=True, min_width=36),  # (an id is there to be copied, whatever the width)
        Column("event", overflow="fold"),
        Column("state", no_wrap=True, min_width=9),
        "tries",
        Column("last answer", overflow="fold"),
        header_style="bold",
        pad_edge=False,
    )
    with _store() as store:
        webhook_id = store.webhooks.get(name).id if name is not None else None
        for one in store.webhooks.deliveries(webhook_id, state=state, limit=limit):
            last = one.attempts[-1] if one.attempts else {}
            said = last.get("error") or (f"status {last['status']}, {last['ms']} ms" if last else "")
            table.add_row(one.id, one.event, one.state, str(len(one.attempts)), Text(plain(str(said))))
    Console().print(table)


@contextmanager
def _store() -> Iterator[Store]:
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    try:
        yield store
    finally:
        store.close()
