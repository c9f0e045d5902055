"""Marks that hold for what is nearly the same, too: by what that is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evenhand.domain import Fingerprint, LibraryKind
from evenhand.errors import InputError, NotFoundError
from evenhand.review.marking import Said, read_marks
from evenhand.settings import Settings
from evenhand.shelves.prints import from_sample
from evenhand.shelves.samples import sample_of, text_sample
from evenhand.store import Store
from evenhand.store.reviewrecords import NewMark


def read_rows(store: Store, settings: Settings, rows: Sequence[Said], *, tenant: str | None = None) -> list[NewMark]:
    """Give what is to be stored of marks as callers wrote them, with fingerprints where they ask for them.

    Args:
        store: where decisions and contents are.
        settings: limits of what is decoded.
        rows: as they were written.
        tenant: of who wrote them: others' decisions and contents are as if they were not stored; None: all count.

    Raises:
        InputError: a row cannot be used; says which.
        RefusedLabelError: a label names a protected attribute or a person.
        StoreError: the store cannot be reached.
    """
    made = read_marks(store, rows, tenant=tenant)
    ids = [row.decision_id for row in rows if row.near and row.decision_id is not None]
    kept = store.prints.of(ids, tenant=tenant) if ids else {}
    out = []
    for number, (row, mark) in enumerate(zip(rows, made, strict=True), 1):
        if not row.near:
            out.append(mark)
            continue
        try:
            out.append(replace(mark, near=_near(store, settings, row, kept.get(row.decision_id or ""), tenant)))
        except (InputError, NotFoundError) as error:
            raise InputError(f"Mark {number}: {error.message}") from error
    return out


def _near(store: Store, settings: Settings, row: Said, kept: Fingerprint | None, tenant: str | None) -> Fingerprint:
    if row.text is not None:
        return from_sample(text_sample(row.text))
    if row.sample is not None:
        return from_sample(row.sample)
    if kept is not None:
        return kept
    content_hash = row.content_hash
    if content_hash is None:
        if tenant is not None:
            store.accounts.check_decision(str(row.decision_id), tenant=tenant)
        content_hash = str(store.decision(str(row.decision_id))["content_hash"])
    try:
        store.belonging.check_content(content_hash, tenant)
        original = store.original(content_hash)
    except NotFoundError as error:
        raise InputError(
            "no fingerprint of this content is kept, nor the content: give its text, or the hash of the picture, as "
            "`sample`; or set EVENHAND_FINGERPRINTS to all for what comes"
        ) from error
    kind = LibraryKind.TEXTS if original.media_type == "text/plain" else LibraryKind.IMAGES
    return from_sample(sample_of(original.body, kind, settings))
