"""`evenhand db`: migrate the store, and delete what has been kept long enough."""

from __future__ import annotations

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
