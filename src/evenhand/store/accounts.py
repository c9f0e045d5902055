"""Accounts: who may sign in, what they may do, and which tenant they belong to. Secrets never leave this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from evenhand.accounts.passwords import check_password, hash_password
from evenhand.accounts.roles import read_roles
from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.accountrecords import Tenant, User
from evenhand.store.accountrows import find_user, login_name, of_tenant, user_of
from evenhand.store.accounttables import sessions, tenants, users
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.owners import new_prefix
from evenhand.store.schema import decisions

_LOCK = 0x65766E6661636331  # key of PostgreSQL's advisory lock: the first account
_MOST_LIMITS = 200
_SHOWN = ("name", "roles", "queues", "labels", "tenant")


class Accounts:
    """Makes, lists and changes users and tenants. Every change is told in the audit log, in the same transaction.

    Args:
        database: where.
        audit: is told of every step.
    """

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database, self._audit = database, audit

    def create(
        self,
        name: str,
        *,
        actor: str,
        roles: Sequence[str],
        password: str | None = None,
        must_change: bool = True,
        queues: Sequence[str] = (),
        labels: Sequence[str] = (),
        tenant: str | None = None,
        external: str | None = None,
        first: bool = False,
    ) -> User:
        """Make an account.

        Args:
            name: what they sign in with; no two are alike but for case and width.
            actor: id of who makes it.
            roles: of `ROLES`.
            password: theirs; None: they sign in through single sign-on.
            must_change: whether the password must be changed at the first login.
            queues: the only review queues they work in; none: all.
            labels: the only labels they review, with those below; none: all.
            tenant: id of the tenant that they belong to.
            external: SHA-256 of issuer and subject of single sign-on.
            first: only if there is no account yet.

        Raises:
            ValueError: the name, the password, a role or a limit cannot be used.
            NotFoundError: there is no such tenant.
            ConflictError: the name is taken, or it was to be the first and is not.
            StoreError: nothing was made.
        """
        login = login_name(name)
        if password is not None:
            check_password(password, name=name)
        row = {
            "id": new_id(),
            "name": name.strip(),
            "login": login,
            "roles": list(read_roles(roles)),
            "queues": _limits(queues),
            "labels": _limits(labels),
            "tenant": tenant,
            "password": None if password is None else hash_password(password),
            "must_change": must_change and password is not None,
            "recovery": [],
            "external": external,
            "created_by": actor,
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> User:
            if tenant is not None:
                _tenant(connection, tenant)
            if first:
                self._alone(connection)
                if connection.execute(select(users.c.id).limit(1)).first() is not None:
                    raise ConflictError("there is an account already: its owner makes the others")
            made = self._database.insert(users).values(row).on_conflict_do_nothing()
            if not connection.execute(made.execution_options(preserve_rowcount=True)).rowcount:
                raise ConflictError(f"there is already an account of the name {name[:80]!r}")
            found = user_of(find_user(connection, str(row["id"])))
            self._audit.append(connection, "account.create", f"user:{found.id}", actor=actor, after=_shown(found))
            return found

        return self._database.write(work)

    def exist(self) -> bool:
        """Say whether there is an account that may sign in.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(users.c.id).where(users.c.disabled_at.is_(None)).limit(1)
        return self._database.read(lambda connection: connection.execute(query).first()) is not None

    def get(self, name: str) -> User:
        """Give a user by id or name.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        return user_of(self._database.read(lambda connection: find_user(connection, name)))

    def by_external(self, external: str, *, name: str) -> User | None:
        """Give the user whom single sign-on knows, or who waits for their first login through it; None: nobody.

        Args:
            external: SHA-256 of issuer and subject.
            name: an account of this name, without a password and not signed in yet, becomes theirs.

        Raises:
            StoreError: the database refused or cannot be reached.
        """

        def work(connection: Connection) -> User | None:
            row = connection.execute(select(users).where(users.c.external == external)).one_or_none()
            if row is not None:
                return user_of(row)
            waiting = users.c.external.is_(None) & users.c.password.is_(None)
            query = select(users).where(users.c.login == login_name(name), waiting).with_for_update()
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            connection.execute(update(users).where(users.c.id == row.id).values(external=external))
            self._audit.append(connection, "account.link", f"user:{row.id}", actor=row.id)
            return user_of(find_user(connection, row.id))

        return self._database.write(work)

    def users(self, *, tenant: str | None = None) -> list[User]:
        """List users, oldest first.

        Args:
            tenant: only those of this one; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(users).order_by(users.c.id)
        if tenant is not None:
            query = query.where(users.c.tenant == tenant)
        return [user_of(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def change(
        self,
        name: str,
        *,
        actor: str,
        roles: Sequence[str] | None = None,
        queues: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        disabled: bool | None = None,
    ) -> User:
        """Change what a user may do; None leaves it. Whoever is disabled is signed out at once.

        Raises:
            ValueError: a role or a limit cannot be used.
            NotFoundError: there is no such account.
            ConflictError: nobody would be left who may do everything.
            StoreError: nothing was changed.
        """

        def fields(row: Row[Any]) -> dict[str, Any]:
            new: dict[str, Any] = {}
            if roles is not None:
                new["roles"] = list(read_roles(roles))
            if queues is not None:
                new["queues"] = _limits(queues)
            if labels is not None:
                new["labels"] = _limits(labels)
            if disabled is not None and disabled != (row.disabled_at is not None):
                new["disabled_at"] = datetime.now(UTC) if disabled else None
            return new

        return self._change(name, "account.change", fields, actor=actor, leave=bool(disabled))

    def set_password(self, name: str, password: str, *, actor: str, must_change: bool, keep: str | None = None) -> User:
        """Give a user another password; all their sessions end, but for one.

        Args:
            name: id or name of the user.
            password: the new one.
            actor: id of who does it.
            must_change: whether it must be changed at the next login.
            keep: id of the session that goes on.

        Raises:
            ValueError: the password cannot be used.
            NotFoundError: there is no such account.
            StoreError: nothing was changed.
        """
        check_password(password, name=self.get(name).name)
        new = {"password": hash_password(password), "must_change": must_change}
        return self._change(name, "account.password", lambda _: new, actor=actor, leave=True, keep=keep)

    def prefer(self, user_id: str, *, language: str | None, theme: str | None) -> User:
        """Set how the console looks for a user; None: as the browser asks.

        Raises:
            NotFoundError: there is no such account.
            StoreError: nothing was changed.
        """
        new = {"language": language, "theme": theme}

        def work(connection: Connection) -> User:
            connection.execute(update(users).where(users.c.id == user_id).values(**new))
            return user_of(find_user(connection, user_id))

        return self._database.write(work)

    def create_tenant(self, name: str, *, actor: str) -> Tenant:
        """Make a tenant.

        Raises:
            ValueError: the name cannot be used.
            ConflictError: it is taken.
            StoreError: nothing was made.
        """
        row: dict[str, Any] = {"id": new_id(), "name": name.strip(), "login": login_name(name)}
        row["created_at"] = datetime.now(UTC)

        def work(connection: Connection) -> Tenant:
            taken = select(tenants.c.id).where(tenants.c.login == row["login"])
            if connection.execute(taken).first() is not None:
                raise ConflictError(f"there is already a tenant of the name {name[:80]!r}")
            made = {**row, "prefix": new_prefix(connection, row["name"], row["id"])}
            connection.execute(insert(tenants), made)
            after = {"name": made["name"], "prefix": made["prefix"]}
            self._audit.append(connection, "tenant.create", f"tenant:{made['id']}", actor=actor, after=after)
            return _tenant(connection, made["id"])

        return self._database.write(work)

    def tenants(self) -> list[Tenant]:
        """List tenants, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(tenants).order_by(tenants.c.id)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_tenant_of(row) for row in rows]

    def tenant(self, name: str) -> Tenant:
        """Give a tenant by id or name.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: _tenant(connection, name))

    def check_decision(self, decision_id: str, *, tenant: str) -> None:
        """Check that a decision was asked for by a key or a person of a tenant.

        Raises:
            NotFoundError: it was not, or there is none.
            StoreError: the database refused or cannot be reached.
        """
        mine = of_tenant(decisions.c.key_id, tenant)
        query = select(decisions.c.decision_id).where(decisions.c.decision_id == decision_id.replace("\x00", ""), mine)
        if self._database.read(lambda connection: connection.execute(query).first()) is None:
            raise NotFoundError(f"no decision with the id {decision_id[:80]!r} is stored; it may have been deleted")

    def _alone(self, connection: Connection) -> None:
        """Wait until nobody else makes the first account. SQLite has one writer anyway."""
        if not self._database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def _change(
        self,
        name: str,
        action: str,
        fields: Callable[[Row[Any]], Mapping[str, Any]],
        *,
        actor: str,
        leave: bool,
        keep: str | None = None,
    ) -> User:
        def work(connection: Connection) -> User:
            # The admins' rows first and in order: two who disable each other at the same moment wait here.
            before = _admins(connection)
            row = find_user(connection, name, lock=True)
            new = fields(row)
            if not new:
                return user_of(row)
            connection.execute(update(users).where(users.c.id == row.id).values(**new))
            if leave:
                ended = sessions.delete().where(sessions.c.user_id == row.id)
                connection.execute(ended if keep is None else ended.where(sessions.c.id != keep))
            if before and not _admins(connection):
                raise ConflictError("that is the last account that may do everything: make another admin first")
            found = user_of(find_user(connection, row.id))
            told = (_shown(user_of(row)), _shown(found))
            self._audit.append(connection, action, f"user:{row.id}", actor=actor, before=told[0], after=told[1])
            return found

        return self._database.write(work)


def _admins(connection: Connection) -> int:
    query = select(users).where(users.c.disabled_at.is_(None), users.c.tenant.is_(None))
    rows = connection.execute(query.order_by(users.c.id).with_for_update()).all()
    return sum("admin" in row.roles for row in rows)


def _tenant(connection: Connection, name: str) -> Tenant:
    try:
        login = login_name(name)
    except ValueError:
        login = ""
    row = connection.execute(select(tenants).where((tenants.c.id == login) | (tenants.c.login == login))).first()
    if row is None:
        raise NotFoundError(f"no tenant has the id or name {name[:80]!r}; `evenhand accounts tenants` lists them")
    return _tenant_of(row)


def _tenant_of(row: Row[Any]) -> Tenant:
    return Tenant(id=row.id, name=row.name, created_at=row.created_at, prefix=row.prefix or "")


def _limits(values: Sequence[str]) -> list[str]:
    given = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(given) > _MOST_LIMITS or any(len(value) > 200 for value in given):
        raise ValueError(f"give at most {_MOST_LIMITS} queues or labels, of at most 200 characters each")
    return given


def _shown(user: User) -> dict[str, Any]:
    """Give what the audit log is told of a user: no secret, no hash."""
    document: dict[str, Any] = {name: getattr(user, name) for name in _SHOWN}
    lists = {name: list(document[name]) for name in ("roles", "queues", "labels")}
    return {**document, **lists, "disabled": user.disabled_at is not None, "must_change": user.must_change}
