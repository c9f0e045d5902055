"""`evenhand keys`: API keys, and key pairs for callers that sign as another vendor's clients do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.accounts.roles import SCOPES
from evenhand.cli.common import read_settings

if TYPE_CHECKING:
    from evenhand.store import Store


keys = typer.Typer(help="API keys.", no_args_is_help=True)


def _open() -> Store:
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    return store


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"{', '.join(SCOPES)}; may be given again.")] = None,
    dialect: Annotated[
        str | None, typer.Option("--for", help="Dialect whose clients sign: a pair of id and secret is made for it.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it ends; else never.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--dialect", help="It is good for this dialect, or `native`, only; may be given again."),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Id or name of the tenant that it belongs to.")] = None,
) -> None:
    """Make a key and print it; it cannot be shown again.

    With --for, two lines: the access key id and its secret, which is stored encrypted with EVENHAND_SECRET_KEY.
    """
    if unknown := sorted(set(scope or ()) - set(SCOPES)):
        raise typer.BadParameter(f"there is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    scopes = tuple(scope or ("check", "read"))
    places = _places(only or ())
    if dialect is not None:
        if places:
            raise typer.BadParameter("a pair that signs is for its dialect alone: leave --dialect or --for out")
        _refuse_unsigned(dialect)
        if tenant is not None:
            raise typer.BadParameter("a pair that signs belongs to no tenant: leave --tenant or --for out")
    if tenant is not None and "admin" in scopes:
        raise typer.BadParameter("admin is for the whole server, and cannot be a scope of a tenant's key")
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    store = _open()
    try:
        if dialect is None:
            own = None if tenant is None else store.accounts.tenant(tenant).id
            made = store.keys.create(name, scopes=scopes, expires_at=ends, tenant=own, only=places, actor="local")
            print(made.token)
        else:
            pair = store.dialect_keys.create(name, dialect=dialect, scopes=scopes, expires_at=ends)
            _note(store, "key.create", pair.id, after={"name": name, "scopes": list(scopes), "dialect": dialect})
            print(f"{pair.access_id}\n{pair.secret}")
    finally:
        store.close()


@keys.command()
def secret() -> None:
    """Print a new value for EVENHAND_SECRET_KEY, which encrypts the secrets of key pairs in the database."""
    import secrets

    print(secrets.token_urlsafe(32))


@keys.command("list")
def show() -> None:
    """List keys, without their secrets."""
    store = _open()
    for key in store.keys.list():
        state = "revoked" if key.revoked_at else "active"
        print(f"{key.id}  {key.prefix}...  {state}  {','.join(key.scopes)}  {key.name}{_limits(key.only)}")
    for pair in store.dialect_keys.list():
        state = "revoked" if pair.revoked_at else "active"
        print(f"{pair.id}  {pair.access_id}  {state}  {','.join(pair.scopes)}  {pair.name}  ({pair.dialect})")
    store.close()


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, from `evenhand keys list`.")]) -> None:
    """Make a key useless at once."""
    from evenhand.errors import NotFoundError

    store = _open()
    try:
        try:
            store.keys.revoke(key_id, actor="local")
        except NotFoundError:
            store.dialect_keys.revoke(key_id)
            _note(store, "key.revoke", key_id)
    finally:
        store.close()
    print(f"{key_id} revoked")


def _note(store: Store, action: str, key_id: str, *, after: dict[str, object] | None = None) -> None:
    """Tell the audit log."""
    from evenhand.store.reviewrecords import LOCAL

    store.audit.note(action, f"key:{key_id}", actor=LOCAL, after=after)


def _limits(only: Sequence[str]) -> str:
    return f"  (only {', '.join(only)})" if only else ""


def _places(only: Sequence[str]) -> tuple[str, ...]:
    if not only:
        return ()
    from evenhand.api.compat import keyed_places
    from evenhand.errors import InputError

    try:
        return keyed_places(only)
    except InputError as error:
        raise typer.BadParameter(error.message) from error


def _refuse_unsigned(dialect: str) -> None:
    from evenhand.api.compat import dialect_names

    if dialect not in (signed := dialect_names(signed=True)):
        known = dialect_names()
        if dialect in known:
            raise typer.BadParameter(f"callers of {dialect} send an ordinary key: leave --for out")
        raise typer.BadParameter(f"there is no dialect {dialect} whose clients sign; there are: {', '.join(signed)}")
