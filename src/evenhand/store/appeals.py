"""Appeals: who disagrees with a decision gets somebody else to look at it.

An appeal is a review item in a queue of its own, about the decision. Nobody who took part in the decision is given it:
not who judged, skipped, escalated, held or handed it over, nor who marked it or its content, whoever asks. Its outcome
stands on the decision's record as a verdict does, and is final.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, insert, or_, select, update

from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.accountscope import within
from evenhand.store.announcing import announce
from evenhand.store.appealrows import (
    LONGEST,
    appeal_row,
    as_appeal,
    clean,
    final_action,
    insert_appeal,
    locked_decision,
    read_statement,
)
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import mine
from evenhand.store.database import Database
from evenhand.store.qualityrecords import Appeal, AppealTotals
from evenhand.store.qualitytables import appeals as table
from evenhand.store.quorum import cast, refuse_person, task_of
from evenhand.store.reviewqueues import Queues
from evenhand.store.reviewrecords import Judged, Person, ReviewItem, Verdict
from evenhand.store.reviewrows import item
from evenhand.store.schema import review_items as items

AUTHOR = "author"
APPELLANT = "appellant"  # who acts, for the audit log, where an appeal comes by a link
_PARTY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_SENIOR = 1
OUTCOMES = ("upheld", "overturned", "partly")


class Appeals:
    """Files, gives, decides and counts appeals.

    Args:
        database: where.
        settings: how long after a decision one may be filed.
        queues: how urgent appeals are.
        audit: is told of every step.
        tenant: only against its decisions; None: against all.
    """

    def __init__(
        self, database: Database, settings: Settings, queues: Queues, audit: AuditLog, *, tenant: str | None = None
    ) -> None:
        self._database, self._queue, self._audit, self._tenant = database, queues.appeals, audit, tenant
        self._given = (settings, queues)
        self._within = timedelta(days=settings.appeal_days)

    def within(self, tenant: str | None) -> Appeals:
        """Give the appeals against a tenant's decisions."""
        return Appeals(self._database, *self._given, self._audit, tenant=tenant)

    def file(
        self,
        decision_id: str,
        statement: str,
        *,
        party: str = AUTHOR,
        language: str = "en",
        via: str = "api",
        actor: str = APPELLANT,
        keys: Collection[str] | None = None,
    ) -> tuple[Appeal, bool]:
        """File an appeal. The same words of the same party again give the appeal that there is.

        Args:
            decision_id: against which decision.
            statement: what the appellant says, 1 to 4000 characters.
            party: who they are, in the caller's words: "author", "reporter:17". One appeal each.
            language: in which they are answered, e.g. "en".
            via: "api" or "link".
            actor: id of who files it, for the audit log.
            keys: ids of API keys, one of which must have asked for the decision; None: any.

        Returns:
            The appeal, and whether it is new.

        Raises:
            ConflictError: this party appealed already, it is too late, or a person has not decided yet.
            InputError: the statement, the party or the language cannot be used.
            NotFoundError: there is no such decision.
            StoreError: nothing was stored.
        """
        said = read_statement(statement)
        if not is_party(party):
            raise InputError("A party is named by up to 100 letters, digits and the characters . _ : @ -")
        if not _LANGUAGE.fullmatch(language):
            raise InputError("A language is named by its tag, such as en or zh-Hans.")

        def work(connection: Connection) -> tuple[Appeal, bool]:
            # The decision is locked, so that two appeals of one party, and an appeal and an undo, see each other.
            row = locked_decision(connection, decision_id)
            if row is None or (keys is not None and row.key_id not in keys):
                raise NotFoundError(f"no decision with the id {decision_id[:80]!r} is stored; it may have been deleted")
            known = appeal_row(connection, decision_id, party)
            if known is not None:
                if known.statement == said:
                    return as_appeal(known), False
                raise ConflictError("this decision was appealed against already: there is one appeal for each party")
            now = datetime.now(UTC)
            if now > row.created_at + self._within:
                raise ConflictError(f"it is too late: appeals are taken for {self._within.days} days after a decision")
            judged = connection.execute(
                select(items).where(items.c.decision_id == decision_id).with_for_update()
            ).one_or_none()
            if judged is not None and judged.state != "done":
                raise ConflictError("a person is still to decide about this: appeal once they have")
            new = insert_appeal(
                connection, self._queue, row, judged, said, party=party, language=language, via=via, now=now
            )
            told = {"appeal_id": new.id, "decision_id": decision_id, "party": party, "content_hash": row.content_hash}
            announce(connection, self._database, "appeal.filed", told)
            after = {**told, "via": via, "statement": said}
            self._audit.append(connection, "appeal.file", f"appeal:{new.id}", actor=actor, after=after)
            return new, True

        return self._database.write(work)

    def decide(
        self,
        appeal_id: str,
        person: Person,
        outcome: str,
        verdict: Verdict | None,
        *,
        explanation: str,
        reason: str = "",
    ) -> Appeal:
        """Decide an appeal that the person holds, or that nobody holds. Webhooks get `appeal.decided`.

        Args:
            appeal_id: which.
            person: who decides; took no part in the decision.
            outcome: "upheld", "overturned" or "partly".
            verdict: the new one; None with "upheld".
            explanation: for the appellant, 1 to 4000 characters.
            reason: for colleagues.

        Raises:
            ConflictError: it is decided, somebody else has it, or this person may not decide it.
            InputError: the outcome and the verdict do not fit, or there is no explanation.
            NotFoundError: there is no such appeal.
            StoreError: nothing was changed.
        """
        if outcome not in OUTCOMES:
            raise InputError(f"There is no outcome {outcome[:40]!r}; there are {', '.join(OUTCOMES)}.")
        if (verdict is None) != (outcome == "upheld"):
            raise InputError("Give a verdict with the outcome overturned or partly, and only there.")
        if not explanation.strip() or len(explanation) > LONGEST:
            raise InputError(f"Explain the outcome to the appellant, in 1 to {LONGEST} characters.")

        def work(connection: Connection) -> Appeal:
            now = datetime.now(UTC)
            query = select(table).where(table.c.id == clean(appeal_id), *mine(table.c.tenant, self._tenant))
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFoundError(f"no appeal has the id {appeal_id[:80]!r}")
            query = select(items).where(items.c.decision_id == row.item_id, *within(person)).with_for_update()
            asked = connection.execute(query).one_or_none()
            if asked is None:
                raise NotFoundError(f"no appeal that you may decide has the id {appeal_id[:80]!r}")
            found = item(asked, now)
            # So that two appeals about one decision do not both make its record.
            locked_decision(connection, row.decision_id)
            self._refuse(connection, found, person)
            before = row.before
            if verdict is not None and verdict.action == before["action"] and verdict.labels is None:
                raise InputError(f"That changes nothing: {verdict.action} stands already; the outcome is upheld.")
            upheld = Verdict(judged=Judged.RIGHT, action=final_action(before["action"]), reason=reason)
            said = verdict or upheld
            task = task_of(connection, found.decision_id)
            cast(connection, found, task, person, said, now)
            done = {"state": "done", "verdict": said.as_dict(), "decided_by": person.id, "decided_at": now}
            here = items.c.decision_id == found.decision_id
            connection.execute(update(items).where(here).values(**done, holder=None, free_at=now))
            self._stand(connection, found, task.decision_id, verdict, said, person, now)
            new = {
                "state": outcome,
                "verdict": None if verdict is None else verdict.as_dict(),
                "explanation": explanation.strip(),
                "decided_by": person.id,
                "decided_at": now,
            }
            connection.execute(update(table).where(table.c.id == row.id).values(**new))
            decided = connection.execute(select(table).where(table.c.id == row.id)).one()
            told = {"appeal_id": row.id, "decision_id": row.decision_id, "party": row.party}
            told |= {"content_hash": row.content_hash, "outcome": outcome}
            told |= {"action": said.action, "labels": said.as_dict()["labels"] if verdict else before["labels"]}
            announce(connection, self._database, "appeal.decided", told)
            after = {"outcome": outcome, "explanation": new["explanation"], **said.as_dict()}
            self._audit.append(
                connection, "appeal.decide", f"appeal:{row.id}", actor=person.id, before=before, after=after
            )
            return as_appeal(decided)

        return self._database.write(work)

    def get(self, appeal_id: str) -> Appeal:
        """Give an appeal.

        Raises:
            NotFoundError: there is none with that id.
            StoreError: the database refused or cannot be reached.
        """
        return self._find(table.c.id == clean(appeal_id), f"no appeal has the id {appeal_id[:80]!r}")

    def of_item(self, item_id: str) -> Appeal:
        """Give the appeal that a review item is; errors as `get`."""
        return self._find(table.c.item_id == clean(item_id), f"no appeal is the item {item_id[:80]!r}")

    def of_party(self, decision_id: str, party: str) -> Appeal | None:
        """Give the appeal of a party against a decision; None: there is none.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        row = self._database.read(lambda connection: appeal_row(connection, decision_id, party))
        return None if row is None else as_appeal(row)

    def page(
        self,
        *,
        state: str | None = None,
        decision_id: str | None = None,
        keys: Collection[str] | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[Appeal]:
        """List appeals, oldest first.

        Args:
            state: "open", "decided", or an outcome; None: any.
            decision_id: only against this decision.
            keys: only about decisions that one of these API keys asked for; None: any.
            after: id of the last one already seen.
            limit: most to give, 1 to 1000.

        Raises:
            ValueError: the limit or the state is wrong.
            StoreError: the database refused or cannot be reached.
        """
        if not 1 <= limit <= 1_000:
            raise ValueError(f"limit is {limit}: give 1 to 1000")
        query = select(table).where(table.c.id > after, *mine(table.c.tenant, self._tenant))
        query = query.order_by(table.c.id).limit(limit)
        if state == "decided":
            query = query.where(table.c.state != "open")
        elif state is not None:
            if state not in ("open", *OUTCOMES):
                raise ValueError(f"there is no state {state!r}; there are open, decided, {', '.join(OUTCOMES)}")
            query = query.where(table.c.state == state)
        if decision_id is not None:
            query = query.where(table.c.decision_id == decision_id)
        if keys is not None:
            query = query.where(table.c.tenant.in_(sorted(keys)))
        return [as_appeal(row) for row in self._database.read(lambda connection: connection.execute(query).all())]

    def totals(self, since: datetime) -> tuple[AppealTotals, ...]:
        """Give what came of appeals decided since a moment (aware), and how many are open, by label.

        Of decisions that were overturned, in full or in part, the first ones were wrong: a person's where `judged`,
        else the policy's.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = table.c

        def count(*states: str) -> Any:
            return func.sum(case((c.state.in_(states), 1), else_=0))

        in_time = func.sum(case((c.decided_at <= c.due_at, 1), else_=0))
        query = (
            select(
                c.label,
                c.judged,
                count("open").label("open"),
                *(count(name).label(name) for name in OUTCOMES),
                in_time.label("in_time"),
            )
            .where(or_(c.state == "open", c.decided_at >= since), *mine(c.tenant, self._tenant))
            .group_by(c.label, c.judged)
            .order_by(c.label, c.judged)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return tuple(AppealTotals(**{**row._mapping, "judged": bool(row.judged)}) for row in rows)

    @staticmethod
    def _refuse(connection: Connection, found: ReviewItem, person: Person) -> None:
        if found.state == "done":
            raise ConflictError("that appeal is decided, and its outcome is final")
        if found.state == "held":
            raise ConflictError("that appeal is on hold")
        if found.holder not in {None, person.id}:
            raise ConflictError("somebody else holds that appeal: claim another one")
        if found.level >= _SENIOR and not person.senior and found.holder != person.id:
            raise ConflictError("that appeal was escalated: somebody senior decides it")
        refuse_person(connection, task_of(connection, found.decision_id), person)

    @staticmethod
    def _stand(
        connection: Connection,
        found: ReviewItem,
        decision_id: str,
        verdict: Verdict | None,
        said: Verdict,
        person: Person,
        now: datetime,
    ) -> None:
        """Put the outcome onto the decision's record; where nobody had been asked, an upheld one, too."""
        here = items.c.decision_id == decision_id
        row = connection.execute(select(items).where(here).with_for_update()).one_or_none()
        if row is not None:
            if verdict is not None:
                values = {"verdict": verdict.as_dict(), "decided_by": person.id}
                connection.execute(update(items).where(here).values(**values))
            return
        kept = ("queue", "priority", "level", "tenant", "line", "kind", "language", "label", "content_hash", "due_at")
        new = {name: getattr(found, name) for name in kept}
        new |= {"decision_id": decision_id, "state": "done", "verdict": said.as_dict(), "decided_by": person.id}
        new |= {"decided_at": now, "free_at": now, "note": "", "created_at": found.created_at}
        connection.execute(insert(items), new)

    def _find(self, where: Any, told: str) -> Appeal:
        query = select(table).where(where, *mine(table.c.tenant, self._tenant))
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(told)
        return as_appeal(row)


def is_party(party: str) -> bool:
    """Say whether a party can be named so."""
    return _PARTY.fullmatch(party) is not None
