"""What people judged: marks and verdicts of queues, with what was found, and what of the content is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, select

from evenhand.domain import Fingerprint
from evenhand.matching.textsketch import as_text, sketch
from evenhand.shelves.prints import from_sample
from evenhand.store import Store
from evenhand.store.accounttables import users
from evenhand.store.schema import api_keys, decisions, marks, originals, review_items

MOST = 20_000  # judgements looked at, the newest
_TOGETHER = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One content that a person judged."""

    source: str  # "mark:ID" or "review:ID"
    person: str
    decision_id: str
    content_hash: str
    kind: str
    line: str
    verdict: str  # "right", "wrong" or "overridden"
    action: str  # what they said should be done
    labels: tuple[str, ...] | None  # the right ones of what was wrong; None: those found
    found: Mapping[str, float]  # label -> highest score of a finding

    def right(self, label: str) -> bool:
        """Say whether, by this judgement, a label that was found is there."""
        return self.labels is None or label in self.labels

    @property
    def true_labels(self) -> frozenset[str]:
        """The labels that are there."""
        return frozenset(self.found if self.labels is None else self.labels)

    @property
    def harmless(self) -> bool:
        """Whether the content passes."""
        return self.action == "pass" and not (self.labels or ())


def judgements(store: Store) -> list[Judgement]:
    """Give what people judged, newest first; of each content the newest mark, or else the newest verdict.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    out: dict[str, Judgement] = {}
    for one in (*_marked(store), *_reviewed(store)):
        out.setdefault(one.content_hash, one)
    return list(out.values())


def texts(store: Store, hashes: list[str]) -> dict[str, str]:
    """Give the texts that are kept of some contents.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _TOGETHER):
        among = originals.c.content_hash.in_(hashes[start : start + _TOGETHER])
        query = select(originals.c.content_hash, originals.c.body).where(among, originals.c.media_type == "text/plain")
        for row in store.database.read(lambda connection, query=query: connection.execute(query).all()):  # type: ignore[misc]
            found[row.content_hash] = bytes(row.body).decode(errors="replace")
    return found


def passed_texts(store: Store, *, most: int) -> dict[str, str]:
    """Give texts that passed and are kept, the newest: nobody called them harmful.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    query = (
        select(decisions.c.content_hash)
        .where(decisions.c.action == "pass", decisions.c.kind == "text")
        .order_by(decisions.c.decision_id.desc())
        .limit(most)
    )
    hashes = store.database.read(lambda connection: list(connection.execute(query).scalars()))
    return texts(store, list(dict.fromkeys(hashes)))


def prints(store: Store, found: list[Judgement]) -> dict[str, Fingerprint]:
    """Give the fingerprints that are kept of judged contents, or can be worked out from kept texts, by their hash.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    by_id = store.prints.of([one.decision_id for one in found])
    out = {one.content_hash: by_id[one.decision_id] for one in found if one.decision_id in by_id}
    rest = [one.content_hash for one in found if one.kind == "text" and one.content_hash not in out]
    for content_hash, text in texts(store, rest).items():
        numbers = sketch(text)
        if numbers is not None:
            out[content_hash] = from_sample(as_text(numbers))
    return out


def _marked(store: Store) -> Iterator[Judgement]:
    columns = (marks.c.id, marks.c.person, marks.c.verdict, marks.c.content_hash, marks.c.decision_id)
    # What a tenant's people say teaches nobody else's lists.
    query = select(*columns).where(marks.c.state != "undone", marks.c.tenant.is_(None))
    query = query.order_by(marks.c.id.desc()).limit(MOST)
    rows = store.database.read(lambda connection: connection.execute(query).all())
    newest = _newest(store, [row.content_hash for row in rows if row.decision_id is None])
    ids = [row.decision_id or newest.get(row.content_hash, "") for row in rows]
    known = _decided(store, [one for one in ids if one])
    for row, decision_id in zip(rows, ids, strict=True):
        if decision_id in known:
            yield _judgement(f"mark:{row.id}", row.person, row.verdict, known[decision_id])


def _reviewed(store: Store) -> Iterator[Judgement]:
    query = (
        select(review_items.c.decision_id, review_items.c.verdict, review_items.c.decided_by)
        .where(review_items.c.state == "done", review_items.c.verdict.is_not(None), _nobodys(review_items.c.decided_by))
        .order_by(review_items.c.decided_at.desc())
        .limit(MOST)
    )
    rows = store.database.read(lambda connection: connection.execute(query).all())
    known = _decided(store, [row.decision_id for row in rows])
    for row in rows:
        if row.decision_id in known:
            source = f"review:{row.decision_id}"
            yield _judgement(source, row.decided_by or "", row.verdict, known[row.decision_id])


def _nobodys(column: Column[Any]) -> ColumnElement[bool]:
    keys = select(api_keys.c.id).where(api_keys.c.tenant.is_not(None))
    people = select(users.c.id).where(users.c.tenant.is_not(None))
    return column.not_in(keys) & column.not_in(people)


def _judgement(source: str, person: str, verdict: Mapping[str, Any], decision: Mapping[str, Any]) -> Judgement:
    found: dict[str, float] = {}
    for finding in decision["findings"]:
        found[finding["label"]] = max(finding["score"], found.get(finding["label"], 0.0))
    labels = verdict.get("labels")
    return Judgement(
        source=source,
        person=person,
        decision_id=decision["decision_id"],
        content_hash=decision["content_hash"],
        kind=decision["kind"],
        line=decision["line"] or "default",
        verdict=verdict["verdict"],
        action=verdict["action"],
        labels=None if labels is None else tuple(labels),
        found=found,
    )


def _newest(store: Store, hashes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _TOGETHER):
        among = decisions.c.content_hash.in_(hashes[start : start + _TOGETHER])
        query = select(decisions.c.content_hash, decisions.c.decision_id).where(among).order_by(decisions.c.decision_id)
        rows = store.database.read(lambda connection, query=query: connection.execute(query).all())  # type: ignore[misc]
        found |= {row.content_hash: row.decision_id for row in rows}
    return found


def _decided(store: Store, ids: list[str]) -> dict[str, dict[str, Any]]:
    columns = ("decision_id", "content_hash", "kind", "line", "findings")
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _TOGETHER):
        among = decisions.c.decision_id.in_(ids[start : start + _TOGETHER])
        query = select(*(decisions.c[name] for name in columns)).where(among)
        rows = store.database.read(lambda connection, query=query: connection.execute(query).all())  # type: ignore[misc]
        found |= {row.decision_id: dict(row._mapping) for row in rows}
    return found
