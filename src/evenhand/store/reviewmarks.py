"""Marks: what people say about automatic results, and which of it answers the same content from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from evenhand.domain import Fingerprint, id_time, new_id
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.announcing import announce
from evenhand.store.auditlog import AuditLog
from evenhand.store.belonging import mine, owned
from evenhand.store.database import Database
from evenhand.store.librarytables import mark_prints as prints
from evenhand.store.librarytables import mark_touches as touches
from evenhand.store.qualityrows import abouts, shown_hashes
from evenhand.store.reviewcarried import carried_by, learn, without_effect
from evenhand.store.reviewrecords import Chosen, Effect, Mark, NewMark, Person, Touched
from evenhand.store.schema import decisions
from evenhand.store.schema import marks as table
from evenhand.store.vectors import choose, keep_vector, refuse_many, unchoose
from evenhand.store.vectortables import mark_vectors

MOST = 1_000  # marks in one call
_MOST_TOLD = 1_000  # decisions named in one event
_ALL = (
    select(
        table,
        prints.c.kind.label("near_kind"),
        prints.c.print.label("near_print"),
        prints.c.carried,
        mark_vectors.c.asks,
    )
    .outerjoin(prints, prints.c.mark_id == table.c.id)
    .outerjoin(mark_vectors, mark_vectors.c.mark_id == table.c.id)
)


class Marks:
    """Adds, lists, previews, applies and undoes marks.

    Args:
        database: where.
        audit: is told of every step.
    """

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database, self._audit = database, audit

    def add(self, person: Person, new: Sequence[NewMark]) -> list[Mark]:
        """Store marks, all or none; nothing is answered otherwise yet. Gives them in the same order.

        Marks of a tenant's people are their tenant's: they speak of its contents, and answer no others.

        Raises:
            NotFoundError: a decision is not stored, or is another tenant's.
            StoreError: nothing was stored.
            ValueError: there are none, or more than 1000.
        """
        _refuse_number(len(new))
        now = datetime.now(UTC)

        def work(connection: Connection) -> list[Mark]:
            ids = [one.decision_id for one in new if one.decision_id is not None]
            hashes = _hashes(connection, ids, person.tenant)
            shown = shown_hashes(connection, ids)
            made = []
            # Nobody may tell that it is a question, and nothing is to come of it.
            for one in [without_effect(one) if one.decision_id in shown else one for one in new]:
                content_hash = one.content_hash or hashes[str(one.decision_id)]
                row = {
                    "id": new_id(),
                    "decision_id": one.decision_id,
                    "content_hash": content_hash,
                    "verdict": one.verdict.as_dict(),
                    "person": person.id,
                    "state": "proposed",
                    "applied_by": None,
                    "applied_at": None,
                    "created_at": now,
                    "tenant": person.tenant,
                }
                found = (
                    None if one.near is None else carried_by(connection, one.decision_id, content_hash, person.tenant)
                )
                made.append(Mark(**row, near=one.near, carried=found or {}, asks=one.asks))  # type: ignore[arg-type]
                connection.execute(insert(table), row)
                if one.near is not None:
                    near = {"mark_id": row["id"], "kind": one.near.kind, "print": one.near.data, "carried": found}
                    connection.execute(insert(prints), near)
                keep_vector(connection, str(row["id"]), one)
            for mark in made:
                reach = {"near": mark.near is not None, "ask": mark.asks}
                after = {"content_hash": mark.content_hash, **reach, **mark.verdict}
                self._audit.append(connection, "mark.add", f"mark:{mark.id}", actor=person.id, after=after)
            return made

        return self._database.write(work)

    def page(
        self,
        *,
        state: str | None = None,
        content_hash: str | None = None,
        tenant: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[Mark]:
        """List marks, oldest first.

        Args:
            state: "proposed", "applied" or "undone"; None: any.
            content_hash: only about this content.
            tenant: only this one's; None: all.
            after: id of the last one already seen.
            limit: most to give.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = _ALL.where(table.c.id > after, *owned(table.c.tenant, tenant)).order_by(table.c.id).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        if content_hash is not None:
            query = query.where(table.c.content_hash == content_hash)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_mark(row) for row in rows]

    def preview(self, ids: Sequence[str], *, tenant: str | None = None) -> list[Effect]:
        """Say what applying these marks would change; changes nothing.

        Args:
            ids: of marks.
            tenant: only this one's; None: whosever.

        Raises:
            NotFoundError: there is no such mark.
            StoreError: the database refused or cannot be reached.
            ValueError: there are none, or more than 1000.
        """
        return self._database.read(lambda connection: self._effects(connection, _some(connection, ids, tenant)))

    def some(self, ids: Sequence[str], *, tenant: str | None = None) -> list[Mark]:
        """Give marks by their ids, in order of id; `tenant` as for `preview`.

        Raises:
            NotFoundError: there is no such mark.
            StoreError: the database refused or cannot be reached.
            ValueError: there are none, or more than 1000.
        """
        return self._database.read(lambda connection: _some(connection, ids, tenant))

    def same(self, content_hash: str, *, limit: int, tenant: str | None = None) -> list[str]:
        """Give the ids of stored decisions about the very same content, newest first.

        Args:
            content_hash: of it.
            limit: most to give.
            tenant: only decisions that its keys and people asked for; None: all.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        of = (decisions.c.content_hash == content_hash, *mine(decisions.c.key_id, tenant))
        query = select(decisions.c.decision_id).where(*of)
        query = query.order_by(decisions.c.decision_id.desc()).limit(limit)
        return self._database.read(lambda connection: list(connection.execute(query).scalars()))

    def touched(self, ids: Sequence[str], *, limit: int = MOST) -> list[Touched]:
        """Give the stored decisions that applied marks were found to speak of, the most alike first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(touches).where(touches.c.mark_id.in_(list(ids))).limit(limit)
        query = query.order_by(touches.c.alike.desc(), touches.c.decision_id.desc())
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Touched(mark=row.mark_id, decision_id=row.decision_id, alike=row.alike) for row in rows]

    def apply(
        self, ids: Sequence[str], person: Person, *, found: Sequence[Touched] = (), alike: Sequence[Chosen] = ()
    ) -> list[Effect]:
        """Answer the same content as these marks say, from now on; gives what `preview` gave.

        Args:
            ids: of marks.
            person: who applies them: a tenant's people their tenant's.
            found: stored decisions that they speak of: those show it from now on.
            alike: contents that the person chose among those alike: they are answered so, too.

        Raises:
            NotFoundError: there is no such mark.
            ConflictError: two of them say different things about one content, or too many would ask about alike ones.
            StoreError: nothing was changed.
            ValueError: there are none, or more than 1000.
        """
        now = datetime.now(UTC)
        spoken = [{"mark_id": one.mark, "decision_id": one.decision_id, "alike": one.alike} for one in found]

        def work(connection: Connection) -> list[Effect]:
            found = _some(connection, ids, person.tenant, lock=True)
            effects = self._effects(connection, found)
            if clash := next((effect for effect in effects if effect.clashes), None):
                raise ConflictError(
                    f"marks {clash.mark} and {clash.clashes[0]} say different things about one content: apply one"
                )
            chosen = [mark.id for mark in found]
            for tenant in {mark.tenant for mark in found}:
                hashes = {mark.content_hash for mark in found if mark.tenant == tenant}
                others = (table.c.content_hash.in_(hashes), table.c.state == "applied", table.c.id.not_in(chosen))
                same = (*others, _is(tenant))
                replaced = select(table.c.id).where(*same)
                connection.execute(delete(touches).where(touches.c.mark_id.in_(replaced)))
                unchoose(connection, replaced)
                connection.execute(update(table).where(*same).values(state="undone"))
            values = {"state": "applied", "applied_by": person.id, "applied_at": now}
            connection.execute(update(table).where(table.c.id.in_(chosen)).values(**values))
            learn(connection, found)
            refuse_many(connection)
            choose(connection, chosen, alike)
            connection.execute(delete(touches).where(touches.c.mark_id.in_(chosen)))
            if spoken:
                connection.execute(insert(touches), spoken)
            for mark in found:
                self._tell(connection, "mark.applied", mark, [x for x in spoken if x["mark_id"] == mark.id])
            for mark, effect in zip(found, effects, strict=True):
                before = {"state": mark.state, "action": effect.action_now, "replaces": effect.replaces}
                after = {"state": "applied", "content_hash": mark.content_hash, **mark.verdict}
                if also := [one.decision_id for one in alike if one.mark == mark.id]:
                    after["also"] = also
                subject = f"mark:{mark.id}"
                self._audit.append(connection, "mark.apply", subject, actor=person.id, before=before, after=after)
            return effects

        return self._database.write(work)

    def undo(self, ids: Sequence[str], person: Person) -> list[Mark]:
        """Answer the same content as the detectors and the policy say again.

        Raises:
            NotFoundError: there is no such mark.
            StoreError: nothing was changed.
            ValueError: there are none, or more than 1000.
        """

        def work(connection: Connection) -> list[Mark]:
            found = _some(connection, ids, person.tenant, lock=True)
            chosen = [mark.id for mark in found]
            connection.execute(update(table).where(table.c.id.in_(chosen)).values(state="undone"))
            for mark in found:
                if mark.state == "applied":
                    spoken = connection.execute(select(touches).where(touches.c.mark_id == mark.id)).mappings().all()
                    self._tell(connection, "mark.undone", mark, [dict(one) for one in spoken])
            connection.execute(delete(touches).where(touches.c.mark_id.in_(chosen)))
            unchoose(connection, chosen)
            for mark in found:
                before, after = {"state": mark.state, **mark.verdict}, {"state": "undone"}
                subject = f"mark:{mark.id}"
                self._audit.append(connection, "mark.undo", subject, actor=person.id, before=before, after=after)
            return _some(connection, ids, person.tenant)

        return self._database.write(work)

    def version(self) -> str:
        """Give what changes whenever a mark is applied or undone.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(func.count(), func.max(table.c.applied_at)).where(table.c.state == "applied")
        return self._database.read(lambda connection: str(tuple(connection.execute(query).one())))

    def applied(self) -> list[Mark]:
        """Give all applied marks, the oldest first: of each content one, and one more of each tenant.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = _ALL.where(table.c.state == "applied").order_by(table.c.applied_at, table.c.id)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_mark(row) for row in rows]

    def _tell(self, connection: Connection, event: str, mark: Mark, spoken: Sequence[Mapping[str, Any]]) -> None:
        data = {
            "mark": mark.id,
            "content_hash": mark.content_hash,
            "action": mark.verdict["action"],
            "labels": mark.verdict["labels"],
            "decisions": [one["decision_id"] for one in spoken[:_MOST_TOLD]],
            "total": len(spoken),
        }
        announce(connection, self._database, event, data)

    def _effects(self, connection: Connection, found: Sequence[Mark]) -> list[Effect]:
        effects = []
        for mark in found:
            of = (decisions.c.content_hash == mark.content_hash, *mine(decisions.c.key_id, mark.tenant))
            newest = select(decisions.c.action, decisions.c.findings).where(*of)
            last = connection.execute(newest.order_by(decisions.c.decision_id.desc()).limit(1)).one_or_none()
            count = connection.execute(select(func.count()).select_from(decisions).where(*of)).scalar_one()
            now = select(table.c.id).where(table.c.content_hash == mark.content_hash, table.c.state == "applied")
            now = now.where(_is(mark.tenant))
            about = (mark.content_hash, mark.tenant)
            same = [other for other in found if (other.content_hash, other.tenant) == about]
            labels = mark.verdict["labels"]
            effects.append(
                Effect(
                    mark=mark.id,
                    content_hash=mark.content_hash,
                    decisions=count,
                    action_now=None if last is None else last.action,
                    action_then=mark.verdict["action"],
                    labels_now=() if last is None else tuple(sorted({x["label"] for x in last.findings})),
                    labels_then=None if labels is None else tuple(labels),
                    replaces=connection.execute(now.where(table.c.id != mark.id).limit(1)).scalar_one_or_none(),
                    clashes=tuple(other.id for other in same if _answer(other.verdict) != _answer(mark.verdict)),
                )
            )
        return effects


def _answer(verdict: Mapping[str, Any]) -> tuple[Any, Any]:
    return verdict["action"], verdict["labels"]


def _is(tenant: str | None) -> ColumnElement[bool]:
    return table.c.tenant.is_(None) if tenant is None else table.c.tenant == tenant


def _hashes(connection: Connection, ids: Sequence[str], tenant: str | None) -> dict[str, str]:
    for decision_id in ids:
        try:
            id_time(decision_id)
        except ValueError:
            raise NotFoundError(f"{decision_id[:80]!r} is no id of a decision") from None
    query = select(decisions.c.decision_id, decisions.c.content_hash).where(decisions.c.decision_id.in_(list(ids)))
    query = query.where(*mine(decisions.c.key_id, tenant))
    found = {row.decision_id: row.content_hash for row in connection.execute(query)} if ids else {}
    if about := abouts(connection, [decision_id for decision_id in ids if decision_id not in found]):
        of = _hashes(connection, list(about.values()), tenant)
        found |= {name: of[decision_id] for name, decision_id in about.items()} | shown_hashes(connection, list(about))
    if missing := [decision_id for decision_id in ids if decision_id not in found]:
        raise NotFoundError(f"no decision with the id {missing[0]} is stored; it may have been deleted")
    return found


def _some(connection: Connection, ids: Sequence[str], tenant: str | None, *, lock: bool = False) -> list[Mark]:
    _refuse_number(len(ids))
    clean = [mark_id for mark_id in dict.fromkeys(ids) if "\x00" not in mark_id]
    if lock:
        connection.execute(select(table.c.id).where(table.c.id.in_(clean)).order_by(table.c.id).with_for_update())
    query = _ALL.where(table.c.id.in_(clean), *owned(table.c.tenant, tenant)).order_by(table.c.id)
    rows = connection.execute(query).all()
    if missing := sorted(set(ids) - {row.id for row in rows}):
        raise NotFoundError(f"no mark has the id {missing[0][:80]!r}")
    return [_mark(row) for row in rows]


def _refuse_number(count: int) -> None:
    if not 1 <= count <= MOST:
        raise ValueError(f"{count} marks: give 1 to {MOST} at a time")


def _mark(row: Row[Any]) -> Mark:
    values = dict(row._mapping)
    values["carried"] = values["carried"] or {}
    values["asks"] = bool(values["asks"])
    kind, data = values.pop("near_kind"), values.pop("near_print")
    return Mark(**values, near=None if kind is None else Fingerprint(kind=kind, data=bytes(data)))
