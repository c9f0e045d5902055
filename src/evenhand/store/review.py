"""The review service's items: who has which, what was said about it, and how the queues are.

Claiming is one statement that locks what it takes (PostgreSQL passes by what others lock; SQLite has one writer), so no
two people get the same item. A lease that has run out, and a hold that is over, need nobody to end them: `free_at` has
passed. Every step is told in the audit log, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import Connection, exists, select, update

from evenhand.domain import id_time
from evenhand.errors import ConflictError, NotFoundError
from evenhand.settings import Settings
from evenhand.store.accountscope import find_person, within
from evenhand.store.announcing import announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.golden import Golden
from evenhand.store.qualitytables import review_votes
from evenhand.store.quorum import Judging, free_for, refuse_person, take_back, task_of, took_part
from evenhand.store.reviewpick import Given, any_free, urgent
from evenhand.store.reviewrecords import Person, ReviewItem, Verdict, Wanted
from evenhand.store.reviewrows import item
from evenhand.store.reviewwhere import in_state, wanted_items
from evenhand.store.schema import review_items as table
from evenhand.store.schema import review_skips as skips
from evenhand.store.wellness import Wellness, held_back

ESCALATED = 1  # level of what only seniors get
_TOP = 1_000_000  # priority of what was escalated or handed over: before anything that a queue says


class Reviews:
    """Claims, hands over, judges and lists review items.

    Args:
        database: where.
        settings: how long a lease lasts.
        audit: is told of every step.
        wellness: says what a person may be given now.
        judging: says what a verdict comes to.
        golden: questions whose right answer is known.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        audit: AuditLog,
        wellness: Wellness,
        judging: Judging,
        golden: Golden,
    ) -> None:
        self._database, self._audit, self._wellness = database, audit, wellness
        self._judging, self._golden = judging, golden
        self._lease = timedelta(seconds=settings.review_lease_s)

    def claim(self, person: Person, wanted: Wanted | None = None) -> ReviewItem | None:
        """Take the most urgent free item that fits; nobody else gets it until the lease is over. None: there is none.

        What the person skipped is not given again, and what was escalated only to seniors. `give` also says
        why there is none.

        Raises:
            StoreError: nothing was claimed.
        """
        return self.give(person, wanted).item

    def give(self, person: Person, wanted: Wanted | None = None) -> Given:
        """Claim as `claim` does, and say why nothing is given where something waits: a break, opt-outs or budgets.

        Raises:
            StoreError: nothing was claimed.
        """
        now = datetime.now(UTC)
        skipped = exists().where(skips.c.decision_id == table.c.decision_id, skips.c.person == person.id)
        mine = free_for(person, wanted.queue if wanted is not None else None)
        free = [
            table.c.state == "waiting",
            table.c.free_at <= now,
            ~skipped,
            *wanted_items(wanted),
            *mine,
            *within(person),
        ]
        if not person.senior:
            free.append(table.c.level < ESCALATED)

        def work(connection: Connection) -> Given:
            pace = self._wellness.pace(connection, person, now)
            row = None if pace.rest_until is not None else urgent(connection, free, pace)
            if row is None:
                waits = (pace.rest_until is not None or pace.barred) and any_free(connection, free)
                return Given(held_back=held_back(pace) if waits else None)
            row = self._golden.instead(connection, row, person, wanted, pace)
            got = self._change(
                connection,
                item(row, now),
                person,
                "review.claim",
                {"holder": person.id, "free_at": now + self._lease},
                {"lease_until": _text(now + self._lease)},
            )
            self._wellness.saw(connection, person, got.decision_id, got.label, now)
            return Given(item=got)

        return self._database.write(work)

    def take(self, decision_id: str, person: Person) -> ReviewItem:
        """Claim one item that nobody holds; one that the person holds already stays theirs.

        Raises:
            NotFoundError: there is no such item.
            ConflictError: somebody else holds it, it is on hold or done, only seniors may have it, or it is time for a
                break.
            StoreError: nothing was claimed.
        """

        def work(connection: Connection, found: ReviewItem, now: datetime) -> _Step:
            if found.state == "held":
                raise ConflictError(f"that item is on hold until {_text(found.free_at)}")
            if found.holder is None and self._wellness.pace(connection, person, now).rest_until is not None:
                raise ConflictError("it is time for a break: claim items again when it is over")
            refuse_person(connection, task_of(connection, decision_id), person)
            self._wellness.saw(connection, person, decision_id, found.label, now)
            fields = {"holder": person.id, "free_at": now + self._lease}
            return "review.claim", fields, {"lease_until": _text(now + self._lease)}

        return self._step(decision_id, person, work, must_hold=False)

    def renew(self, decision_id: str, person: Person) -> ReviewItem:
        """Lengthen the lease of an item that the person holds; errors as `release`."""

        def work(found: ReviewItem, now: datetime) -> _Step:
            return "review.renew", {"free_at": now + self._lease}, {"lease_until": _text(now + self._lease)}

        return self._held(decision_id, person, work)

    def release(self, decision_id: str, person: Person) -> ReviewItem:
        """Give an item back, for anybody.

        Raises:
            NotFoundError: there is no such item.
            ConflictError: the person does not hold it.
            StoreError: nothing was changed.
        """
        return self._held(decision_id, person, lambda _, now: ("review.release", {"holder": None, "free_at": now}, {}))

    def skip(self, decision_id: str, person: Person, reason: str) -> ReviewItem:
        """Give an item back and not get it again; errors as `release`."""

        def work(connection: Connection, found: ReviewItem, now: datetime) -> _Step:
            row = {"decision_id": decision_id, "person": person.id, "reason": reason, "created_at": now}
            known = self._database.insert(skips).values(row)
            connection.execute(known.on_conflict_do_nothing(index_elements=["decision_id", "person"]))
            return "review.skip", {"holder": None, "free_at": now}, {"reason": reason}

        return self._step(decision_id, person, work, must_hold=True)

    def hand_over(self, decision_id: str, person: Person, to: str, note: str = "") -> ReviewItem:
        """Give an item to somebody else, who has it for a lease of their own.

        Args:
            decision_id: whose item.
            person: who holds it.
            to: id or name of a user, or of an API key, that may review.
            note: for them.

        Raises:
            NotFoundError: there is no such item or person.
            ConflictError: the person does not hold it, or the other may not have it.
            StoreError: nothing was changed.
        """
        other = self.person(to)
        # One message, so that nobody learns from it what others opted out of.
        refused = "that person does not work on that item's queue or label, or is not of its tenant"
        if not self.visible([decision_id], other):
            raise ConflictError(refused)

        def work(connection: Connection, found: ReviewItem, now: datetime) -> _Step:
            if self._wellness.opted_out(connection, other, found.label):
                raise ConflictError(refused)
            if found.level >= ESCALATED and not other.senior:
                raise ConflictError("that item was escalated: hand it to somebody senior")
            if took_part(connection, task_of(connection, decision_id), other):
                raise ConflictError("that person had a part in this already: hand it to somebody else")
            fields = {"holder": other.id, "free_at": now + self._lease, "note": note}
            return "review.hand_over", fields, {"to": other.id, "note": note}

        return self._step(decision_id, person, work, must_hold=True)

    def escalate(self, decision_id: str, person: Person, note: str) -> ReviewItem:
        """Give an item to those who are senior, before anything else; errors as `release`."""

        def work(found: ReviewItem, now: datetime) -> _Step:
            fields = {"holder": None, "free_at": now, "level": ESCALATED, "priority": _TOP, "note": note}
            return "review.escalate", fields, {"note": note}

        return self._held(decision_id, person, work)

    def hold(self, decision_id: str, person: Person, until: datetime, note: str) -> ReviewItem:
        """Keep an item from everybody until a moment (aware, at most a year ahead).

        Raises:
            ValueError: the moment is past, too far, or has no time zone.
            NotFoundError, ConflictError, StoreError: as `release`.
        """

        def work(found: ReviewItem, now: datetime) -> _Step:
            if until.tzinfo is None or not now < until <= now + timedelta(days=366):
                raise ValueError("hold an item until a moment ahead, with its time zone, within a year")
            fields = {"holder": None, "free_at": until, "note": note}
            return "review.hold", fields, {"until": _text(until), "note": note}

        return self._held(decision_id, person, work)

    def decide(self, decision_id: str, person: Person, verdict: Verdict) -> ReviewItem:
        """Give the verdict, on an item that the person holds or that nobody holds.

        Webhooks get `review.decided` once it takes effect: at once, unless the queue asks for a quorum (`quorum.py`).

        Raises:
            NotFoundError: there is no such item.
            ConflictError: somebody else holds it, it is on hold or done, only seniors may judge it, or the person
                judged the same decision already.
            StoreError: nothing was changed.
        """

        def work(connection: Connection, found: ReviewItem, now: datetime) -> _Step:
            if found.state == "held":
                raise ConflictError(f"that item is on hold until {_text(found.free_at)}")
            return "review.decide", self._judging.judge(connection, found, person, verdict, now), verdict.as_dict()

        return self._step(decision_id, person, work, must_hold=False)

    def undo(self, person: Person) -> ReviewItem:
        """Take back the person's last verdict; they hold the item again. Webhooks get `review.undone`.

        Raises:
            NotFoundError: they have given none that still stands.
            ConflictError: others have judged since, or are looking at it now.
            StoreError: nothing was changed.
        """
        mine = select(review_votes).where(review_votes.c.person == person.id, review_votes.c.purpose != "appeal")
        query = mine.order_by(review_votes.c.at.desc(), review_votes.c.id.desc()).limit(1)
        now = datetime.now(UTC)

        def work(connection: Connection) -> ReviewItem:
            vote = connection.execute(query.with_for_update()).first()
            if vote is None:
                raise NotFoundError("there is no verdict of yours to undo")
            found = self._one(connection, vote.item_id, now, lock=True)
            if take_back(connection, vote, found, person):
                said = {"decision_id": found.decision_id, "content_hash": found.content_hash, "queue": found.queue}
                announce(connection, self._database, "review.undone", said)
            fields: dict[str, Any] = dict.fromkeys(("verdict", "decided_by", "decided_at"))
            fields |= {"state": "waiting", "holder": person.id, "free_at": now + self._lease}
            return self._change(connection, found, person, "review.undo", fields, None, before=vote.verdict)

        return self._database.write(work)

    def get(self, decision_id: str, person: Person | None = None) -> ReviewItem:
        """Give an item; to a person, only one that they may see.

        Raises:
            NotFoundError: the decision did not ask for a person, or is gone.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: self._one(connection, decision_id, datetime.now(UTC), person))

    def page(
        self,
        wanted: Wanted | None = None,
        *,
        person: Person | None = None,
        state: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[ReviewItem]:
        """List items, oldest first.

        Args:
            wanted: which.
            person: only those that they may see; None: all.
            state: "waiting", "claimed", "held" or "done"; None: any.
            after: id of the last one already seen.
            limit: most to give, 1 to 1000.

        Raises:
            ValueError: the limit or the state is wrong.
            StoreError: the database refused or cannot be reached.
        """
        if not 1 <= limit <= 1_000:
            raise ValueError(f"limit is {limit}: give 1 to 1000")
        now = datetime.now(UTC)
        where = [table.c.decision_id > after, *wanted_items(wanted), *in_state(state, now), *within(person)]
        query = select(table).where(*where).order_by(table.c.decision_id).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [item(row, now) for row in rows]

    def person(self, name: str) -> Person:
        """Give a person by the id or the name of their account, or of their API key.

        Raises:
            NotFoundError: there is none, they may not review or are no longer good, or several have that name.
            StoreError: the database refused or cannot be reached.
        """
        return self._database.read(lambda connection: find_person(connection, name))

    def visible(self, decision_ids: Sequence[str], person: Person) -> set[str]:
        """Give which of up to a thousand items somebody may see.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(table.c.decision_id).where(table.c.decision_id.in_(list(decision_ids)), *within(person))
        return set(self._database.read(lambda connection: connection.execute(query).scalars().all()))

    def _held(self, decision_id: str, person: Person, work: Callable[[ReviewItem, datetime], _Step]) -> ReviewItem:
        return self._step(decision_id, person, lambda _, found, now: work(found, now), must_hold=True)

    def _step(
        self,
        decision_id: str,
        person: Person,
        work: Callable[[Connection, ReviewItem, datetime], _Step],
        *,
        must_hold: bool,
    ) -> ReviewItem:
        def run(connection: Connection) -> ReviewItem:
            now = datetime.now(UTC)
            found = self._one(connection, decision_id, now, person, lock=True)
            if found.state == "done":
                raise ConflictError("that item is done; `undo` takes the last verdict back")
            if found.holder not in {None, person.id}:
                raise ConflictError("somebody else holds that item: claim another one")
            if must_hold and found.holder != person.id:
                raise ConflictError("that item is not yours, or no longer: claim it first")
            if found.level >= ESCALATED and not person.senior and found.holder != person.id:
                raise ConflictError("that item was escalated: somebody senior decides it")
            action, fields, after = work(connection, found, now)
            return self._change(connection, found, person, action, fields, after)

        return self._database.write(run)

    def _change(
        self,
        connection: Connection,
        found: ReviewItem,
        person: Person,
        action: str,
        fields: Mapping[str, Any],
        after: Mapping[str, Any] | None,
        *,
        before: Mapping[str, Any] | None = None,
    ) -> ReviewItem:
        change = update(table).where(table.c.decision_id == found.decision_id).values(**fields).returning(table)
        row = connection.execute(change).one()
        if action != "review.claim":  # which notes it by itself
            self._wellness.did(connection, person, found.decision_id, datetime.now(UTC))
        old = {"state": found.state, "holder": found.holder, "level": found.level, **(before or {})}
        subject = f"decision:{found.decision_id}"
        self._audit.append(connection, action, subject, actor=person.id, before=old, after=after)
        return item(row)

    def _one(
        self,
        connection: Connection,
        decision_id: str,
        now: datetime,
        person: Person | None = None,
        *,
        lock: bool = False,
    ) -> ReviewItem:
        try:
            id_time(decision_id)
        except ValueError:
            _unknown(decision_id)
        query = select(table).where(table.c.decision_id == decision_id, *within(person))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        return _unknown(decision_id) if row is None else item(row, now)


_Step = tuple[str, dict[str, Any], dict[str, Any]]


def _unknown(decision_id: str) -> NoReturn:
    raise NotFoundError(f"no decision with the id {decision_id[:80]!r} waits for a person, or did")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
