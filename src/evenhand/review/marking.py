"""Marks as callers write them: rows of JSON or CSV to what the store keeps."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evenhand.errors import InputError
from evenhand.review.verdicts import read_hash, read_verdict
from evenhand.store import Store
from evenhand.store.reviewrecords import NewMark

COLUMNS = ("decision_id", "content_hash", "verdict", "action", "labels", "reason", "near", "ask")
_MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One mark as it was written. One of `decision_id` and `content_hash` is given."""

    decision_id: str | None = None
    content_hash: str | None = None
    verdict: str
    action: str | None = None
    labels: Sequence[str] | None = None
    reason: str = ""
    near: bool = False  # it speaks of what is nearly the same, too
    ask: bool = False  # while it is applied, a person is asked about alike contents
    text: str | None = None  # the text that was marked, where nothing is kept of it
    sample: str | None = None  # its sketch, or the hash of the picture


def read_marks(store: Store, rows: Sequence[Said], *, tenant: str | None = None) -> list[NewMark]:
    """Give what is to be stored; what a "right" leaves out is as its decision says.

    Args:
        store: where decisions are.
        rows: as they were written.
        tenant: of who wrote them: others' decisions are as if they were not stored; None: they may speak of all.

    Raises:
        InputError: a row cannot be used; says which.
        RefusedLabelError: a label names a protected attribute or a person.
        StoreError: the store cannot be reached.
    """
    ids = [row.decision_id for row in rows if row.decision_id and "\x00" not in row.decision_id]
    decisions = store.log.many(ids, tenant=tenant)
    made = []
    for number, row in enumerate(rows, 1):
        if (row.decision_id is None) == (row.content_hash is None):
            raise InputError(f"Mark {number}: give decision_id or content_hash, one of them.")
        decision = decisions.get(row.decision_id or "")
        if decision is None and row.verdict == "right" and row.action is None:
            raise InputError(f"Mark {number}: say which action is right, or give the id of a decision that is stored.")
        try:
            verdict = read_verdict(
                row.verdict,
                action=row.action,
                labels=row.labels,
                reason=row.reason,
                was=str(decision["action"]) if decision else "",
            )
            known = None if row.content_hash is None else read_hash(row.content_hash)
        except InputError as error:
            raise InputError(f"Mark {number}: {error.message}") from error
        made.append(NewMark(decision_id=row.decision_id, content_hash=known, verdict=verdict))
    return made


def read_csv(text: str) -> list[Said]:
    """Read marks from CSV with a header: decision_id or content_hash, verdict; action, labels, reason if needed; near.

    Labels are parted by semicolons or spaces; an empty field with the verdict wrong means harmless.

    Args:
        text: at most 1000 rows.

    Raises:
        InputError: it cannot be read; says where.
    """
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        if unknown := sorted(set(names) - set(COLUMNS)):
            raise InputError(f"The CSV has the columns {', '.join(unknown)[:200]}; there are {', '.join(COLUMNS)}.")
        if "verdict" not in names or not {"decision_id", "content_hash"} & set(names):
            raise InputError("The CSV needs a header with verdict, and decision_id or content_hash.")
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise InputError(f"Line {reader.line_num} of the CSV has not as many fields as the header.")
            rows.append(_said(row))
            if len(rows) > _MOST_ROWS:
                raise InputError(f"The CSV has more than {_MOST_ROWS} rows: cut it.")
    except csv.Error as error:
        raise InputError(f"The CSV cannot be read: {error}.") from error
    if not rows:
        raise InputError("The CSV has no rows.")
    return rows


def _said(row: Mapping[str, str]) -> Said:
    def field(name: str) -> str | None:
        return (row.get(name) or "").strip() or None

    verdict = (field("verdict") or "").lower()
    labels = (row.get("labels") or "").replace(";", " ").split()
    return Said(
        decision_id=field("decision_id"),
        content_hash=field("content_hash"),
        verdict=verdict,
        action=field("action"),
        labels=labels if verdict == "wrong" or labels else None,
        reason=field("reason") or "",
        near=(field("near") or "").lower() in {"1", "true", "yes", "near"},
        ask=(field("ask") or "").lower() in {"1", "true", "yes", "ask"},
    )
