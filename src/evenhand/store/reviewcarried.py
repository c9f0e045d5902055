"""What marks about nearly the same content keep of what was found in the marked content."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from evenhand.store.belonging import mine
from evenhand.store.librarytables import mark_prints as prints
from evenhand.store.reviewrecords import Mark, NewMark
from evenhand.store.schema import decisions

ADDED = "review.mark"  # stands as the detector of findings that a person added


def carried(findings: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Give label -> highest score of findings as they are stored, without those that people added."""
    found: dict[str, float] = {}
    for one in findings:
        if one["detector"] != ADDED:
            found[one["label"]] = max(found.get(one["label"], 0.0), one["score"])
    return found


def carried_by(
    connection: Connection, decision_id: str | None, content_hash: str, tenant: str | None
) -> dict[str, float] | None:
    """Give label -> highest score of what detectors found in a content; None: no decision about it is stored."""
    own = decisions.c.content_hash == content_hash if decision_id is None else decisions.c.decision_id == decision_id
    query = select(decisions.c.findings).where(own, *mine(decisions.c.key_id, tenant))
    row = connection.execute(query.order_by(decisions.c.decision_id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return carried(row.findings)


def learn(connection: Connection, found: Sequence[Mark]) -> None:
    """Fill in what was found in marked contents where it was not known when they were marked."""
    ids = [mark.id for mark in found if mark.near is not None]
    lacking = select(prints.c.mark_id).where(prints.c.mark_id.in_(ids), prints.c.carried.is_(None))
    known = {mark.id: mark for mark in found}
    for mark_id in connection.execute(lacking).scalars().all() if ids else ():
        mark = known[mark_id]
        made = carried_by(connection, mark.decision_id, mark.content_hash, mark.tenant)
        connection.execute(update(prints).where(prints.c.mark_id == mark_id).values(carried=made))


def without_effect(new: NewMark) -> NewMark:
    """Give a mark that looks the same and finds nothing but the hash that the question shows, which is nobody's."""
    near = new.near
    if near is not None:
        near = replace(near, data=secrets.token_bytes(len(near.data)))
    return replace(new, near=near, embedding=None)
