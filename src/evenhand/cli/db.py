"""`evenhand db`: migrate the store, delete what has been kept long enough, and what must go."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from evenhand.cli.common import read_settings

db = typer.Typer(help="The store.", no_args_is_help=True)


@db.command()
def upgrade() -> None:
    """Bring the database to this release's schema."""
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    store.close()
    print("the database is up to date")


@db.command()
def purge() -> None:
    """Delete originals and decisions that are past their time."""
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    deleted = store.purge()
    store.close()
    print(f"deleted: {deleted.originals} originals, {deleted.decisions} decisions, {deleted.responses} responses")


@db.command("delete-content")
def delete_content(
    content_hash: Annotated[str, typer.Argument(help="The content_hash of a result: sha256:...")],
    decisions: Annotated[bool, typer.Option(help="Delete the decisions about it too, with their evidence.")] = False,
) -> None:
    """Delete a content that was kept; with --decisions, also what was decided about it."""
    from evenhand.store import open_store

    if re.fullmatch("sha256:[0-9a-f]{64}", content_hash) is None:
        raise typer.BadParameter("give the content_hash of a result: sha256: and 64 hexadecimal digits")
    store = open_store(settings=read_settings())
    deleted = store.delete_content(content_hash, decisions_too=decisions)
    store.close()
    print(f"deleted: {deleted.originals} originals, {deleted.decisions} decisions")


@db.command()
def retention(
    tenant: Annotated[
        str | None, typer.Argument(help="Id of an API key or a tenant; without one they are listed.")
    ] = None,
    decisions_days: Annotated[int | None, typer.Option(min=0, help="Days to keep its decisions.")] = None,
    originals_days: Annotated[int | None, typer.Option(min=0, help="Days to keep its contents.")] = None,
) -> None:
    """Keep a tenant's data for fewer days than the settings say; without days the periods are taken away again."""
    from evenhand.cli.reviewing import opened

    with opened() as store:
        if tenant is not None:
            store.retention.tenants.set(tenant, decisions_days=decisions_days, originals_days=originals_days)
        for one in store.retention.tenants.list():
            print(f"{one.tenant}  decisions: {one.decisions_days}  originals: {one.originals_days}")


@db.command("erase-tenant")
def erase_tenant(
    tenant: Annotated[str, typer.Argument(help="Id of an API key or a tenant.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
) -> None:
    """Delete everything a tenant brought; the audit log's links stay, without what they say was before and after."""
    from evenhand.cli.reviewing import opened

    with opened() as store:
        done = store.retention.tenants.erase(tenant, reason=reason)
    print(
        f"deleted: {done.decisions} decisions, {done.originals} originals, {done.jobs} jobs, {done.streams} streams, "
        f"{done.responses} responses; erased: {done.audit_payloads} payloads of the audit log"
    )


@db.command()
def tally() -> None:
    """Count all decisions that dashboards and reports have not counted yet; workers do so every minute."""
    from evenhand.cli.reviewing import opened

    with opened() as store:
        total = 0
        while done := store.tallies.catch_up(20_000):
            total += done
    print(f"counted: {total} decisions")
