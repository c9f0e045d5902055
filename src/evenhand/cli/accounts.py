"""`evenhand accounts`: who may sign in, and what they may do. For whoever runs the machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.accounts.roles import ROLES
from evenhand.cli.reviewing import dump, opened

if TYPE_CHECKING:
    from evenhand.store import Store
    from evenhand.store.accountrecords import User

accounts = typer.Typer(help="People who may sign in: roles, passwords, tenants.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What they sign in with; an id does as well where there is one already.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input; else one is made and printed.")
]
Queues = Annotated[list[str] | None, typer.Option("--queue", help="Only this review queue; may be given again.")]
Labels = Annotated[
    list[str] | None, typer.Option("--label", help="Only this label and those below it; may be given again.")
]
_ROLES = f"{', '.join(ROLES)}; may be given again."


@accounts.command("create-admin")
def create_admin(name: Name, password_stdin: Stdin = False) -> None:
    """Make an account that may do everything: the first one, or one to get back in with."""
    with opened() as store:
        _create(store, name, ["admin"], given=_read(password_stdin))


@accounts.command()
def create(
    name: Name,
    role: Annotated[list[str], typer.Option(help=_ROLES)],
    tenant: Annotated[str | None, typer.Option(help="Id or name of the tenant that they belong to.")] = None,
    queue: Queues = None,
    label: Labels = None,
    sso: Annotated[bool, typer.Option("--sso", help="No password: they sign in through OpenID Connect.")] = False,
    password_stdin: Stdin = False,
) -> None:
    """Make an account. A password that is made here must be changed at the first login."""
    from evenhand.errors import ConflictError

    with opened() as store:
        if not store.accounts.exist() and "admin" not in role:
            raise ConflictError("the first account is an admin's: from then on everybody must sign in")
        own = None if tenant is None else store.accounts.tenant(tenant).id
        given = None if sso else _read(password_stdin)
        _create(store, name, role, given=given, tenant=own, queues=queue, labels=label, sso=sso)


@accounts.command("list")
def show(json: Json = False) -> None:
    """List accounts, without their secrets."""
    from evenhand.api.accountdocuments import account_document

    with opened() as store:
        found = store.accounts.users()
        if json:
            dump({"accounts": [account_document(user) for user in found]})
            return
        names = {tenant.id: tenant.name for tenant in store.accounts.tenants()}
        for user in found:
            state = "disabled" if user.disabled_at else "active"
            way = ("password" if user.has_password else "sso") + ("+codes" if user.has_totp else "")
            limits = ",".join((*user.queues, *user.labels)) or "-"
            tenant = names.get(user.tenant or "", "-")
            print(f"{user.id}  {state}  {','.join(user.roles)}  {limits}  {tenant}  {way}  {user.name}")


@accounts.command()
def roles(
    name: Name,
    role: Annotated[list[str] | None, typer.Option(help=_ROLES)] = None,
    queue: Queues = None,
    label: Labels = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="All queues and labels, unless given here.")] = False,
) -> None:
    """Change what somebody may do: roles, queues and labels, each as a whole; what is not given stays."""
    none: list[str] | None = [] if no_limits else None
    with opened() as store:
        changed = store.accounts.change(
            name, actor="local", roles=role, queues=queue or none, labels=label or none, disabled=None
        )
        limits = ", ".join((*changed.queues, *changed.labels)) or "no limits"
        print(f"{changed.name}: {', '.join(changed.roles)}; {limits}")


@accounts.command()
def disable(name: Name) -> None:
    """Shut somebody out: their sessions end at once. What they did stays in the audit log."""
    with opened() as store:
        print(f"{store.accounts.change(name, actor='local', disabled=True).name} is disabled")


@accounts.command()
def enable(name: Name) -> None:
    """Let somebody in again."""
    with opened() as store:
        print(f"{store.accounts.change(name, actor='local', disabled=False).name} may sign in")


@accounts.command("reset-password")
def reset_password(name: Name, password_stdin: Stdin = False) -> None:
    """Give somebody a new password; their sessions end. One that is made here must be changed at the next login."""
    from evenhand.accounts.passwords import new_password

    given = _read(password_stdin)
    with opened() as store:
        password = given or new_password()
        store.accounts.set_password(name, password, actor="local", must_change=given is None)
        if given is None:
            print(password)


@accounts.command("reset-totp")
def reset_totp(name: Name) -> None:
    """Take somebody's one-time codes away, for whoever lost device and recovery codes."""
    with opened() as store:
        print(f"{store.logins.remove_totp(name, actor='local').name} signs in without codes")


@accounts.command()
def sessions(
    name: Name, end: Annotated[bool, typer.Option("--end", help="End all of them.")] = False, json: Json = False
) -> None:
    """List where somebody is signed in, or sign them out everywhere."""
    from evenhand.api.accountdocuments import session_document

    with opened() as store:
        user = store.accounts.get(name)
        if end:
            print(f"ended: {store.sessions.end_all(user.id, actor='local')}")
            return
        found = store.sessions.of_user(user.id)
        if json:
            dump({"sessions": [session_document(session, current=None) for session in found]})
            return
        for session in found:
            print(f"{session.id}  {session.how}  {session.address}  {session.seen_at:%Y-%m-%d %H:%M}  {session.agent}")


@accounts.command()
def tenants(
    make: Annotated[str | None, typer.Option("--create", help="Make a tenant of this name first.")] = None,
    json: Json = False,
) -> None:
    """List tenants: customers whose people and keys see only what is theirs."""
    from evenhand.api.accountdocuments import tenant_document

    with opened() as store:
        if make is not None:
            store.accounts.create_tenant(make, actor="local")
        found = store.accounts.tenants()
        if json:
            dump({"tenants": [tenant_document(tenant) for tenant in found]})
            return
        for tenant in found:
            print(f"{tenant.id}  {tenant.prefix}  {tenant.name}")


def _create(
    store: Store,
    name: str,
    chosen: list[str],
    *,
    given: str | None,
    tenant: str | None = None,
    queues: list[str] | None = None,
    labels: list[str] | None = None,
    sso: bool = False,
) -> User:
    from evenhand.accounts.passwords import new_password

    password = None if sso else given or new_password()
    made = store.accounts.create(
        name,
        actor="local",
        roles=chosen,
        password=password,
        must_change=given is None,
        tenant=tenant,
        queues=queues or (),
        labels=labels or (),
    )
    if password is not None and given is None:
        print(password)
    return made


def _read(wanted: bool) -> str | None:
    """Read a password from standard input: never from the command line, which others on the machine can see."""
    if not wanted:
        return None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise typer.BadParameter("give the password as one line of standard input")
    return line
