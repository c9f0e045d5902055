"""Versions of policies: drafted, proposed, approved, talked about. Which of them decide is in `policieslive`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, delete, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.accounttables import users
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.owners import PUBLIC, check_lines, check_name, may_read, refuse_shared
from evenhand.store.policyrecords import Comment, Version
from evenhand.store.policytables import policy_comments as comments
from evenhand.store.policytables import policy_live as live
from evenhand.store.policytables import policy_versions as table
from evenhand.store.schema import api_keys

_MOST_COMMENT = 4_000  # characters
_OWNERS = frozenset({"policy", "admin"})  # scopes with which keys may approve


class PolicyVersions:
    """Drafts, proposals and approvals. Documents do not change once they were proposed.

    Args:
        database: where.
        settings: whether a second person must approve.
        audit: is told of every step.
        tenant: of whoever asks: they change what is theirs, read besides what was published of what is nobody's, and
            find nothing else; None: all.
    """

    def __init__(self, database: Database, settings: Settings, audit: AuditLog, *, tenant: str | None = None) -> None:
        self._database, self._settings, self._audit = database, settings, audit
        self._second, self._tenant = settings.policy_second_person, tenant

    def within(self, tenant: str | None) -> PolicyVersions:
        """Give what a tenant's people see and change of them."""
        return PolicyVersions(self._database, self._settings, self._audit, tenant=tenant)

    def draft(self, policy: str, version: str, document: str, *, actor: str, note: str = "") -> Version:
        """Store a draft.

        Args:
            policy: name of the policy, as the document says.
            version: likewise.
            document: YAML, already validated.
            actor: its author.
            note: what it is for.

        Raises:
            ConflictError: a version of this name is no draft any more.
            InputError: the name is not one of the tenant's.
            StoreError: nothing was stored.
        """
        now = datetime.now(UTC)
        row = {
            "id": new_id(),
            "policy": policy,
            "version": version,
            "document": document,
            "sha256": digest(document),
            "state": "draft",
            "note": note,
            "author": actor,
            "created_at": now,
            "changed_at": now,
        }

        def work(connection: Connection) -> Version:
            owner = check_name(connection, policy, self._tenant)
            _refuse_taken(connection, policy, version, row["id"])
            connection.execute(insert(table), {**row, "tenant": owner})
            self._tell(connection, "policy.draft", policy, actor, after=_told(row))
            return one_version(connection, str(row["id"]))

        return self._database.write(work)

    def save(
        self, version_id: str, policy: str, version: str, document: str, *, actor: str, note: str, expects: str | None
    ) -> Version:
        """Change a draft.

        Args:
            version_id: which.
            policy: name of the policy, as the document says.
            version: likewise.
            document: YAML, already validated.
            actor: who.
            note: what it is for.
            expects: SHA-256 of the document that was changed; None: whatever it was.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is no draft, somebody else changed it meanwhile, or the version's name is taken.
        """

        def work(connection: Connection) -> Version:
            found = self._own(connection, version_id)
            if found.state != "draft":
                raise ConflictError(f"this version was {found.state}: its document does not change; make a new draft")
            if expects is not None and expects != found.sha256:
                raise ConflictError("somebody else changed this draft meanwhile; load it again")
            owner = check_name(connection, policy, self._tenant)
            _refuse_taken(connection, policy, version, version_id)
            values: dict[str, Any] = {
                "tenant": owner,
                "policy": policy,
                "version": version,
                "document": document,
                "sha256": digest(document),
                "note": note,
                "changed_at": datetime.now(UTC),
            }
            if values["sha256"] != found.sha256:
                values["audit"] = None
            connection.execute(update(table).where(table.c.id == version_id).values(**values))
            self._tell(connection, "policy.save", policy, actor, before=_told(found), after=_told(values, version_id))
            return one_version(connection, version_id)

        return self._database.write(work)

    def propose(self, version_id: str, *, actor: str) -> Version:
        """Ask for approval; the document does not change any more. Errors as `approve`."""
        return self._step(version_id, actor, ("draft",), "proposed", {"proposed_at": datetime.now(UTC)})

    def approve(self, version_id: str, *, actor: str) -> Version:
        """Approve a proposal.

        Raises:
            NotFoundError: there is no such version.
            ConflictError: it is not proposed, or a second person must approve and this is its author.
        """

        def allowed(found: Version) -> None:
            if found.author == actor and self.second_person(found.tenant):
                raise ConflictError(
                    "somebody other than its author approves a policy; with one person only, set "
                    "EVENHAND_POLICY_SECOND_PERSON=false"
                )

        values = {"approved_by": actor, "approved_at": datetime.now(UTC)}
        return self._step(version_id, actor, ("proposed",), "approved", values, allowed)

    def reject(self, version_id: str, *, actor: str) -> Version:
        """Give a proposal, or what was approved and is not live, back to its author as a draft. Errors as `approve`."""
        values = {"approved_by": None, "approved_at": None, "proposed_at": None, "plan": None, "due_at": None}
        return self._step(version_id, actor, ("proposed", "approved"), "draft", values, self._refuse_live)

    def withdraw(self, version_id: str, *, actor: str) -> Version:
        """Put a version away that never decided. Errors as `approve`."""
        values = {"plan": None, "due_at": None}
        states = ("draft", "proposed", "approved")
        return self._step(version_id, actor, states, "withdrawn", values, self._refuse_live)

    def check_lines(self, policy: str, lines: Iterable[str]) -> None:
        """Check that lines of a document hide no tenant's; errors as `owners.check_lines`, and StoreError."""
        self._database.read(lambda connection: check_lines(connection, policy, lines))

    def get(self, version_id: str) -> Version:
        """Give a version with its document.

        Raises:
            NotFoundError: there is none.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: one_version(connection, version_id, tenant=self._tenant))

    def named(self, policy: str, version: str) -> Version:
        """Give a version by the names in its document; errors as `get`."""
        query = select(table).where(table.c.policy == policy, table.c.version == version, table.c.state != "withdrawn")
        row = self._database.read(lambda connection: connection.execute(query).first())
        if row is None or not may_read(row.tenant, self._tenant, state=row.state):
            raise NotFoundError(f"there is no version {version[:80]!r} of the policy {policy[:80]!r} here")
        return _version(row)

    def page(
        self, *, policy: str | None = None, state: str | None = None, after: str | None = None, limit: int = 100
    ) -> list[Version]:
        """List versions, newest first, without their documents.

        Args:
            policy: only of this one.
            state: only in this one.
            after: id of the last one already seen.
            limit: most to give.
        """
        columns = [column for column in table.columns if column.name != "document"]
        query = select(*columns).where(*_readable(self._tenant)).order_by(table.c.id.desc()).limit(limit)
        for column, wanted in ((table.c.policy, policy), (table.c.state, state)):
            if wanted is not None:
                query = query.where(column == wanted)
        if after is not None:
            query = query.where(table.c.id < after)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_version(row) for row in rows]

    def audited(self, version_id: str, sha256: str, outcome: Mapping[str, Any], *, actor: str) -> bool:
        """Note what the fairness audit said; False: the document is another one by now."""

        def work(connection: Connection) -> bool:
            found = self._own(connection, version_id)
            if found.sha256 != sha256:
                return False
            connection.execute(update(table).where(table.c.id == version_id).values(audit=dict(outcome)))
            told = {"version": found.version, "passed": outcome["passed"], "sha256": sha256}
            self._tell(connection, "policy.audit", found.policy, actor, after=told)
            return True

        return self._database.write(work)

    def comment(self, version_id: str, text: str, *, actor: str, line: int | None = None) -> Comment:
        """Say something about a version.

        Raises:
            ValueError: nothing is said, or more than 4000 characters.
            NotFoundError: there is no such version.
        """
        if not 1 <= len(text.strip()) <= _MOST_COMMENT:
            raise ValueError(f"a comment has 1 to {_MOST_COMMENT} characters")
        row: dict[str, Any] = {
            "id": new_id(),
            "version_id": version_id,
            "author": actor,
            "line": line,
            "text": text.strip(),
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> None:
            found = self._own(connection, version_id)
            connection.execute(insert(comments), row)
            after = {"version": found.version, "line": line, "comment": row["id"]}
            self._tell(connection, "policy.comment", found.policy, actor, after=after)

        self._database.write(work)
        return Comment(**row)

    def comments(self, version_id: str) -> list[Comment]:
        """List what was said about a version, oldest first; of what is nobody's a tenant's people are told nothing."""
        query = select(comments).where(comments.c.version_id == version_id).order_by(comments.c.id)
        if self._tenant is not None:
            query = query.where(comments.c.version_id.in_(select(table.c.id).where(table.c.tenant == self._tenant)))
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Comment(**row._mapping) for row in rows]

    def second_person(self, tenant: str | None = None) -> bool:
        """Say whether somebody other than the author must approve: as set, or else where there are two who may.

        Args:
            tenant: of what is approved: its own people are counted; None: this one's, or those of none.
        """
        if self._second is not None:
            return self._second
        whose = self._tenant if tenant is None else tenant
        return len(self._database.read(lambda connection: owners(connection, whose))) > 1

    def forget(self, version_id: str) -> None:
        """Delete a withdrawn version and what was said about it."""

        def work(connection: Connection) -> None:
            if self._own(connection, version_id).state != "withdrawn":
                raise ConflictError("only what was withdrawn is deleted")
            connection.execute(delete(comments).where(comments.c.version_id == version_id))
            connection.execute(delete(table).where(table.c.id == version_id))

        self._database.write(work)

    def _step(
        self,
        version_id: str,
        actor: str,
        states: tuple[str, ...],
        state: str,
        values: Mapping[str, Any],
        allowed: Any = None,
    ) -> Version:
        def work(connection: Connection) -> Version:
            found = self._own(connection, version_id)
            if found.state not in states:
                raise ConflictError(f"this version is {found.state}; it would have to be {' or '.join(states)}")
            if allowed is not None:
                allowed(found, connection) if allowed == self._refuse_live else allowed(found)
            change = {**values, "state": state, "changed_at": datetime.now(UTC)}
            connection.execute(update(table).where(table.c.id == version_id).values(**change))
            verb = {"proposed": "propose", "approved": "approve", "draft": "reject", "withdrawn": "withdraw"}[state]
            told = {"version": found.version, "sha256": found.sha256}
            before, after = {**told, "state": found.state}, {**told, "state": state}
            self._tell(connection, f"policy.{verb}", found.policy, actor, before=before, after=after)
            return one_version(connection, version_id)

        return self._database.write(work)

    def _own(self, connection: Connection, version_id: str) -> Version:
        return one_version(connection, version_id, lock=True, tenant=self._tenant, own=True)

    @staticmethod
    def _refuse_live(found: Version, connection: Connection) -> None:
        used = select(live.c.policy).where((live.c.candidate == found.id) | (live.c.shadow == found.id))
        if connection.execute(used).first() is not None:
            raise ConflictError("this version is rolled out, or runs in shadow mode; stop that first")

    def _tell(
        self,
        connection: Connection,
        action: str,
        policy: str,
        actor: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        self._audit.append(connection, action, f"policy:{policy}", actor=actor, before=before, after=after)


def digest(document: str) -> str:
    """Give the SHA-256 of a document, in hexadecimal."""
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()


def one_version(
    connection: Connection, version_id: str, *, lock: bool = False, tenant: str | None = None, own: bool = False
) -> Version:
    """Give a version within a transaction.

    Args:
        connection: of the transaction.
        version_id: which.
        lock: whether it is about to be changed.
        tenant: of whoever asks; None: they may have all.
        own: whether it must be this tenant's, and not nobody's.

    Raises:
        NotFoundError: there is none, or they may not know of it.
        ForbiddenError: it is nobody's, and theirs was asked for.
    """
    query = select(table).where(table.c.id == version_id.replace("\x00", ""))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or not may_read(row.tenant, tenant, state=row.state):
        raise NotFoundError(f"no version of a policy has the id {version_id[:80]!r}")
    if own:
        refuse_shared(row.tenant, tenant)
    return _version(row)


def owners(connection: Connection, tenant: str | None = None) -> set[str]:
    """Give the ids of all keys and people who may approve policies of a tenant; None: those of nobody."""
    now = datetime.now(UTC)
    found = set()
    for row in connection.execute(select(api_keys).where(_is(api_keys.c.tenant, tenant))):
        good = row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
        if good and _OWNERS & set(row.scopes):
            found.add(str(row.id))
    wanted = {"policy", "admin"}
    query = select(users.c.id, users.c.roles).where(users.c.disabled_at.is_(None), _is(users.c.tenant, tenant))
    return found | {str(row.id) for row in connection.execute(query) if wanted & set(row.roles)}


def _is(column: Column[Any], tenant: str | None) -> ColumnElement[bool]:
    return column.is_(None) if tenant is None else column == tenant


def _readable(tenant: str | None) -> list[ColumnElement[bool]]:
    if tenant is None:
        return []
    return [(table.c.tenant == tenant) | (table.c.tenant.is_(None) & table.c.state.in_(PUBLIC))]


def _refuse_taken(connection: Connection, policy: str, version: str, version_id: Any) -> None:
    query = select(table.c.id).where(
        table.c.policy == policy, table.c.version == version, table.c.id != version_id, table.c.state != "withdrawn"
    )
    if connection.execute(query.limit(1)).first() is not None:
        raise ConflictError(f"there is a version {version!r} of {policy!r} already; raise the version")


def _told(found: Version | Mapping[str, Any], version_id: str | None = None) -> dict[str, Any]:
    if isinstance(found, Version):
        return {"id": found.id, "version": found.version, "sha256": found.sha256, "note": found.note}
    return {"id": version_id or found["id"], **{name: found[name] for name in ("version", "sha256", "note")}}


def _version(row: Row[Any]) -> Version:
    return Version(**row._mapping)
