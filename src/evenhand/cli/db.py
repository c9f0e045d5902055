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
