"""`evenhand keys`: API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli.common import read_settings

if TYPE_CHECKING:
    from evenhand.store import Store

SCOPES = ("check", "read", "admin")

keys = typer.Typer(help="API keys.", no_args_is_help=True)


def _open() -> Store:
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    return store


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="check, read, admin; may be given again.")] = None,
) -> None:
    """Make a key and print it; it cannot be shown again."""
    if unknown := sorted(set(scope or ()) - set(SCOPES)):
        raise typer.BadParameter(f"there is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    store = _open()
    created = store.keys.create(name, scopes=tuple(scope or ("check", "read")))
    store.close()
    print(created.token)


@keys.command("list")
def show() -> None:
    """List keys, without their secrets."""
    store = _open()
    for key in store.keys.list():
        state = "revoked" if key.revoked_at else "active"
        print(f"{key.id}  {key.prefix}...  {state}  {','.join(key.scopes)}  {key.name}")
    store.close()


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, from `evenhand keys list`.")]) -> None:
    """Make a key useless at once."""
    store = _open()
    store.keys.revoke(key_id)
    store.close()
    print(f"{key_id} revoked")
