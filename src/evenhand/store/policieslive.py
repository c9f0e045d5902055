"""Which versions of policies decide: publishing, rolling out, rolling back, shadows, brakes, business lines.

Every change raises one number; every process asks for that number and reads everything anew when it has risen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.announcing import announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import readable
from evenhand.store.database import Database
from evenhand.store.owners import check_name, may_read, refuse_shared
from evenhand.store.policies import one_version
from evenhand.store.policyliverows import UNKNOWN, as_live, live_row, refuse_unapproved, taken
from evenhand.store.policyrecords import SHIPPED, BusinessLine, Live, Situation, Version
from evenhand.store.policytables import policy_lines as lines
from evenhand.store.policytables import policy_live as table
from evenhand.store.policytables import policy_revision as revisions
from evenhand.store.policytables import policy_versions as versions
from evenhand.store.schema import policies as decided

BRAKE = "brake"  # stands in the audit log for whoever stopped a version
CLOCK = "schedule"  # likewise for what was planned


class PoliciesLive:
    """Puts versions in force and takes them out again.

    Args:
        database: where.
        audit: is told of every step.
        tenant: of whoever asks: they change what is theirs, see besides what is nobody's, and find nothing else;
            None: all.
    """

    def __init__(self, database: Database, audit: AuditLog, *, tenant: str | None = None) -> None:
        self._database, self._audit, self._tenant = database, audit, tenant

    def within(self, tenant: str | None) -> PoliciesLive:
        """Give what a tenant's people see and change of what decides."""
        return PoliciesLive(self._database, self._audit, tenant=tenant)

    # Reading

    def revision(self) -> int:
        """Give a number that rises with every change of what decides.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(revisions.c.revision)
        return self._database.read(lambda connection: connection.execute(query).scalar()) or 0

    def situation(self) -> Situation:
        """Give all that decides, whosever it is, with the documents; errors as `revision`."""

        def work(connection: Connection) -> Situation:
            revision = connection.execute(select(revisions.c.revision)).scalar() or 0
            rows = tuple(as_live(row) for row in connection.execute(select(table).order_by(table.c.policy)))
            wanted = {one for row in rows for one in (row.live, row.candidate, row.shadow) if one and one != SHIPPED}
            query = select(versions.c.id, versions.c.policy, versions.c.document).where(versions.c.id.in_(wanted))
            documents = {row.id: (row.policy, row.document) for row in connection.execute(query)} if wanted else {}
            bound = tuple(BusinessLine(**row._mapping) for row in connection.execute(select(lines)))
            return Situation(revision=revision, live=rows, lines=bound, documents=documents)

        return self._database.read(work)

    def of(self, policy: str) -> Live:
        """Give what decides for a policy.

        Raises:
            NotFoundError: nothing of it was ever published, rolled out or run in shadow mode.
        """
        return self._database.read(lambda connection: self._one(connection, policy))

    def all(self) -> list[Live]:
        """Give what decides for all policies."""
        query = select(table).where(*readable(table.c.tenant, self._tenant)).order_by(table.c.policy)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [as_live(row) for row in rows]

    def lines(self) -> list[BusinessLine]:
        """Give the business lines that are bound to a policy."""
        query = select(lines).where(*readable(lines.c.tenant, self._tenant)).order_by(lines.c.name)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [BusinessLine(**row._mapping) for row in rows]

    # Publishing

    def plan(self, version_id: str, plan: Mapping[str, Any], due_at: datetime, *, actor: str) -> Version:
        """Have a version published at a moment, once the audit has passed.

        Args:
            version_id: approved, or stopped.
            plan: share, by, brake.
            due_at: aware; what is past means now.
            actor: who.

        Raises:
            NotFoundError: there is none.
            ConflictError: it was not approved.
        """

        def work(connection: Connection) -> Version:
            found = one_version(connection, version_id, lock=True, tenant=self._tenant, own=True)
            refuse_unapproved(found)
            values = {"plan": {**plan, "actor": actor}, "due_at": due_at}
            connection.execute(update(versions).where(versions.c.id == version_id).values(**values))
            told = {"version": found.version, "due_at": due_at.isoformat(), **plan}
            self._tell(connection, "policy.schedule", found.policy, actor, after=told)
            return one_version(connection, version_id)

        return self._database.write(work)

    def unplan(self, version_id: str, *, actor: str, why: str = "") -> Version:
        """Forget that a version was to be published; errors as `plan`."""

        def work(connection: Connection) -> Version:
            found = one_version(connection, version_id, lock=True, tenant=self._tenant, own=True)
            values = {"plan": None, "due_at": None}
            connection.execute(update(versions).where(versions.c.id == version_id).values(**values))
            after = {"version": found.version, "why": why}
            self._tell(connection, "policy.unschedule", found.policy, actor, before=found.plan, after=after)
            return one_version(connection, version_id)

        return self._database.write(work)

    def due(self, now: datetime | None = None) -> list[str]:
        """Publish what is due and audited; give the ids. Safe from several processes at once."""
        now = now or datetime.now(UTC)
        query = select(versions.c.id).where(versions.c.due_at.is_not(None), versions.c.due_at <= now)
        waiting = self._database.read(lambda connection: connection.execute(query).scalars().all())
        return [version_id for version_id in waiting if self._due(version_id, now)]

    def _due(self, version_id: str, now: datetime) -> bool:
        def work(connection: Connection) -> bool:
            found = one_version(connection, version_id, lock=True)
            plan, due_at = found.plan, found.due_at
            if plan is None or due_at is None or due_at > now or not (found.audit and found.audit["passed"]):
                return False
            actor = str(plan.get("actor", CLOCK))
            self._publish(connection, found, plan, actor=actor)
            return True

        return self._database.write(work)

    def _publish(self, connection: Connection, found: Version, plan: Mapping[str, Any], *, actor: str) -> None:
        refuse_unapproved(found)
        self._keep(connection, found)
        row = self._row(connection, found)
        share = float(plan.get("share") or 1.0)
        values: dict[str, Any] = {"by": plan.get("by") or "content", "since": datetime.now(UTC)}
        if plan.get("brake") is not None:
            values["brake"] = plan["brake"]
        values |= taken(row, found.id) if share >= 1 else {"candidate": found.id, "share": share}
        if row.shadow == found.id:
            values["shadow"] = None
        self._set(connection, row, values, "policy.publish", actor, {"version": found.version, "share": share})
        done = {"plan": None, "due_at": None, "state": "published", "live_at": found.live_at or datetime.now(UTC)}
        connection.execute(update(versions).where(versions.c.id == found.id).values(**done))
        known = connection.execute(select(lines.c.name).where(lines.c.name == "default")).first()
        if known is None and found.tenant is None:  # a tenant's policy decides for its own lines alone
            first: dict[str, Any] = {"name": "default", "policy": found.policy, "description": ""}
            first["changed_at"] = datetime.now(UTC)
            connection.execute(insert(lines), first)
        self._announce(connection, "policy.published", found, share=share)

    def rollout(self, policy: str, share: float, *, actor: str, by: str | None = None) -> Live:
        """Change the share of contents that the candidate decides; 1 makes it the live version.

        Raises:
            ConflictError: nothing is rolled out.
            NotFoundError: there is no such policy.
            ValueError: the share is not above 0 and at most 1.
        """
        if not 0 < share <= 1:
            raise ValueError(f"a share of {share}: give one above 0 and at most 1")

        def work(connection: Connection) -> Live:
            row = self._one(connection, policy, own=True)
            if row.candidate is None:
                raise ConflictError("nothing is rolled out; publish a version with a share below 1 first")
            found = one_version(connection, row.candidate)
            values: dict[str, Any] = {"by": by or row.by, "since": datetime.now(UTC)}
            values |= taken(row, found.id) if share >= 1 else {"share": share}
            self._set(connection, row, values, "policy.rollout", actor, {"version": found.version, "share": share})
            self._announce(connection, "policy.published", found, share=share)
            return self._one(connection, policy)

        return self._database.write(work)

    def rollback(
        self, policy: str, *, actor: str, reason: str = "", only: str | None = None, event: str = "policy.rolled_back"
    ) -> Live | None:
        """Stop the version that is rolled out, or else the live one, which the earlier one replaces.

        Args:
            policy: which.
            actor: who.
            reason: why, for the audit log.
            only: stop just this version: None is given back where it does not decide any more.
            event: for webhooks.

        Raises:
            NotFoundError: there is no such policy.
            ConflictError: there is nothing to go back to.
        """

        def work(connection: Connection) -> Live | None:
            row = self._one(connection, policy, own=True)
            bad = row.candidate or row.live
            if only is not None and only != bad:
                return None
            if bad in (None, SHIPPED) or (row.candidate is None and row.previous is None):
                raise ConflictError("there is nothing to go back to")
            found = one_version(connection, str(bad))
            if row.candidate is not None:
                values: dict[str, Any] = {"candidate": None, "share": 0.0}
            else:
                values = {"live": row.previous, "previous": None}
            connection.execute(update(versions).where(versions.c.id == found.id).values(state="stopped"))
            values["since"] = datetime.now(UTC)
            told = {"version": found.version, "reason": reason}
            self._set(connection, row, values, event.replace("rolled_back", "rollback"), actor, told)
            self._announce(connection, event, found, reason=reason)
            return self._one(connection, policy)

        return self._database.write(work)

    def shadow(self, policy: str, version_id: str | None, *, actor: str) -> Live:
        """Have a version judge beside the live one, without acting; None: none does.

        Raises:
            NotFoundError: there is no such version.
            ConflictError: it is of another policy, or withdrawn.
        """

        def work(connection: Connection) -> Live:
            told: dict[str, Any] = {"version": None}
            if version_id is None:
                row = self._one(connection, policy, own=True)
            else:
                found = one_version(connection, version_id, tenant=self._tenant, own=True)
                if found.policy != policy or found.state in ("withdrawn",):
                    raise ConflictError("this version cannot run in shadow mode here")
                told = {"version": found.version, "sha256": found.sha256}
                # What judges must not change under it.
                if found.state == "draft":
                    raise ConflictError("propose this draft first: a document in shadow mode does not change any more")
                row = self._row(connection, found)
            self._set(connection, row, {"shadow": version_id}, "policy.shadow", actor, told)
            return self._one(connection, policy)

        return self._database.write(work)

    def brake(self, policy: str, brake: Mapping[str, Any] | None, *, actor: str) -> Live:
        """Set what stops a version by itself; None: nothing does. Raises NotFoundError."""

        def work(connection: Connection) -> Live:
            row = self._one(connection, policy, own=True)
            values = {"brake": None if brake is None else dict(brake), "since": datetime.now(UTC)}
            self._set(connection, row, values, "policy.brake", actor, {"brake": brake})
            return self._one(connection, policy)

        return self._database.write(work)

    # Business lines

    def bind(self, name: str, policy: str, description: str, *, actor: str) -> BusinessLine:
        """Have a policy decide for a business line: a tenant's line is for its contents alone.

        Raises:
            NotFoundError: the policy was never published.
            InputError: the name is not one of the tenant's.
            ConflictError: the policy is a tenant's, and the line is not.
        """

        def work(connection: Connection) -> BusinessLine:
            owner, chosen = check_name(connection, name, self._tenant), self._one(connection, policy)
            if chosen.live is None:
                raise NotFoundError(f"the policy {policy[:80]!r} is not published yet")
            if chosen.tenant not in (None, owner):
                raise ConflictError("a tenant's policy decides for that tenant's lines alone")
            values: dict[str, Any] = {"name": name, "policy": policy, "description": description, "tenant": owner}
            values["changed_at"] = datetime.now(UTC)
            before = connection.execute(select(lines).where(lines.c.name == name)).first()
            connection.execute(delete(lines).where(lines.c.name == name))
            connection.execute(insert(lines), values)
            self._rise(connection)
            old = None if before is None else {"policy": before.policy, "description": before.description}
            told = {"policy": policy, "description": description}
            self._audit.append(connection, "line.bind", f"line:{name}", actor=actor, before=old, after=told)
            return BusinessLine(**values)

        return self._database.write(work)

    def unbind(self, name: str, *, actor: str) -> None:
        """Forget a business line: contents for it are decided as the policy of `default` says.

        Raises:
            NotFoundError: it is not bound.
            ConflictError: it is `default`.
        """
        if name == "default":
            raise ConflictError("the line 'default' stays: bind it to another policy instead")

        def work(connection: Connection) -> None:
            row = connection.execute(select(lines).where(lines.c.name == name)).first()
            if row is None or not may_read(row.tenant, self._tenant):
                raise NotFoundError(f"the business line {name[:80]!r} is not bound to a policy")
            refuse_shared(row.tenant, self._tenant)
            connection.execute(delete(lines).where(lines.c.name == name))
            self._rise(connection)
            self._audit.append(connection, "line.unbind", f"line:{name}", actor=actor, before={"policy": row.policy})

        self._database.write(work)

    # Within a transaction

    def _one(self, connection: Connection, policy: str, *, own: bool = False) -> Live:
        row = live_row(connection, policy, lock=own)
        if not may_read(row.tenant, self._tenant):
            raise NotFoundError(UNKNOWN.format(policy[:80]))
        if own:
            refuse_shared(row.tenant, self._tenant)
        return row

    def _row(self, connection: Connection, found: Version) -> Live:
        try:
            return live_row(connection, found.policy, lock=True)
        except NotFoundError:
            values: dict[str, Any] = {"policy": found.policy, "share": 0.0, "by": "content"}
            values |= {"since": datetime.now(UTC), "tenant": found.tenant}
            connection.execute(insert(table), values)
            return live_row(connection, found.policy, lock=True)

    def _set(
        self,
        connection: Connection,
        row: Live,
        values: Mapping[str, Any],
        action: str,
        actor: str,
        told: Mapping[str, Any],
    ) -> None:
        connection.execute(update(table).where(table.c.policy == row.policy).values(**values))
        self._rise(connection)
        names = ("live", "previous", "candidate", "share", "by", "shadow", "brake")
        before = {name: getattr(row, name) for name in names}
        now = live_row(connection, row.policy)
        after = {**told, **{name: getattr(now, name) for name in names}}
        self._tell(connection, action, row.policy, actor, before=before, after=after)

    def _rise(self, connection: Connection) -> None:
        raised = update(revisions).values(revision=revisions.c.revision + 1)
        if connection.execute(raised).rowcount == 0:
            connection.execute(insert(revisions), {"id": 1, "revision": 1})

    def _keep(self, connection: Connection, found: Version) -> None:
        """Keep the document with those that have decided, so that decisions can be explained."""
        here = (decided.c.name == found.policy, decided.c.version == found.version)
        known = connection.execute(select(decided.c.sha256).where(*here)).scalar()
        if known is not None and known != found.sha256:
            raise ConflictError(
                f"decisions rest on another {found.policy}@{found.version}; make a draft with another version"
            )
        if known is None:
            row: dict[str, Any] = {"name": found.policy, "version": found.version, "sha256": found.sha256}
            row |= {"document": found.document, "created_at": datetime.now(UTC)}
            connection.execute(insert(decided), row)

    def _announce(self, connection: Connection, event: str, found: Version, **more: Any) -> None:
        told = {"policy": found.policy, "version": found.version, "version_id": found.id, **more}
        announce(connection, self._database, event, told)

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
