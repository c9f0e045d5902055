"""Examples of a class out of what people judged: content that a person gave a label, and content that has it not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from evenhand.domain import Medium, first_id, is_under
from evenhand.store.schema import decisions, marks, originals, review_items

MOST = 500  # of each side, the newest
_LOOKED = 20_000  # verdicts that are looked at, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWanted:
    """Which verdicts are asked for."""

    medium: Medium
    label: str | None = None  # this or one below it; None: what was blocked, against what passed
    queue: str | None = None
    days: float | None = None  # so far back; None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One content that a person judged."""

    decision_id: str
    body: bytes
    person: str | None = None  # id of who judged it


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What people said, as examples."""

    positives: tuple[Past, ...]
    against: tuple[Past, ...]
    not_kept: int  # contents that were judged, but whose original is not kept


def history(connection: Connection, wanted: HistoryWanted) -> History:
    """Give what people judged, newest first, each content once; at most 500 of each side."""
    sides: dict[bool, list[Past]] = {True: [], False: []}
    seen: set[str] = set()
    missing = 0
    now = datetime.now(UTC)
    for row in _judged(connection, wanted):
        side = _belongs(row.verdict, [finding["label"] for finding in row.findings], wanted.label)
        if side is None or row.content_hash in seen or len(sides[side]) >= MOST:
            continue
        seen.add(row.content_hash)
        query = select(originals.c.body, originals.c.media_type).where(
            originals.c.content_hash == row.content_hash, originals.c.expires_at > now
        )
        kept = connection.execute(query).one_or_none()
        if kept is None:
            missing += 1
        elif wanted.medium is Medium.IMAGE or kept.media_type == "text/plain":
            sides[side].append(Past(decision_id=row.decision_id, body=bytes(kept.body), person=row.person))
    return History(positives=tuple(sides[True]), against=tuple(sides[False]), not_kept=missing)


def _judged(connection: Connection, wanted: HistoryWanted) -> Iterator[Any]:
    """Verdicts of queues, and marks (which outweigh them: they come first), newest first."""
    kind = decisions.c.kind == wanted.medium.value
    columns = (decisions.c.decision_id, decisions.c.content_hash, decisions.c.findings)
    since = (
        []
        if wanted.days is None
        else [decisions.c.decision_id >= first_id(datetime.now(UTC) - timedelta(days=wanted.days))]
    )
    if wanted.queue is None:
        marked = select(*columns, marks.c.verdict, marks.c.person)
        marked = marked.join(decisions, decisions.c.decision_id == marks.c.decision_id)
        marked = marked.where(kind, marks.c.state != "undone", *since).order_by(marks.c.id.desc()).limit(_LOOKED)
        yield from connection.execute(marked).all()
    item = review_items.c
    done = select(*columns, item.verdict, item.decided_by.label("person"))
    done = done.join(decisions, decisions.c.decision_id == item.decision_id)
    done = done.where(kind, item.state == "done", *since)
    if wanted.queue is not None:
        done = done.where(item.queue == wanted.queue)
    yield from connection.execute(done.order_by(item.decision_id.desc()).limit(_LOOKED)).all()


def _belongs(verdict: Mapping[str, Any] | None, found: list[str], label: str | None) -> bool | None:
    """Whether a judged content is of the class; None: the verdict does not say."""
    if verdict is None:
        return None
    if label is None:
        return {"block": True, "pass": False}.get(verdict["action"])
    labels = found if verdict.get("labels") is None else verdict["labels"]
    return any(is_under(one, label) for one in labels)
