"""Marks that hold for what is nearly the same, too: by what that is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evenhand.domain import Embedding, Fingerprint, LibraryKind
from evenhand.errors import InputError, ModelError, NotFoundError
from evenhand.review.marking import Said, read_marks
from evenhand.settings import Settings
from evenhand.shelves.alike import Finder
from evenhand.shelves.embedding import Embedder
from evenhand.shelves.prints import from_sample
from evenhand.shelves.samples import sample_of, text_sample
from evenhand.store import Store
from evenhand.store.reviewrecords import NewMark


def read_rows(
    store: Store,
    settings: Settings,
    rows: Sequence[Said],
    *,
    tenant: str | None = None,
    embedder: Embedder | None = None,
) -> list[NewMark]:
    """Give what is to be stored of marks as callers wrote them, with fingerprints and embeddings where they ask for
    them.

    Args:
        store: where decisions and contents are.
        settings: limits of what is decoded.
        rows: as they were written.
        tenant: of who wrote them: others' decisions and contents are as if they were not stored; None: all count.
        embedder: makes the embeddings; None: with models of its own.

    Raises:
        InputError: a row cannot be used; says which.
        RefusedLabelError: a label names a protected attribute or a person.
        StoreError: the store cannot be reached.
    """
    made = read_marks(store, rows, tenant=tenant)
    ids = [row.decision_id for row in rows if row.near and row.decision_id is not None]
    kept = store.prints.of(ids, tenant=tenant) if ids else {}
    finder = Finder(store, settings, embedder or Embedder(settings))
    out = []
    for number, (row, mark) in enumerate(zip(rows, made, strict=True), 1):
        try:
            near = _near(store, settings, row, kept.get(row.decision_id or ""), tenant) if row.near else None
            out.append(replace(mark, near=near, embedding=_embedding(finder, row, mark, tenant), asks=row.ask))
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
        content_hash = _content_of(store, str(row.decision_id))
        if (kept := store.prints.of_content(content_hash, tenant=tenant)) is not None:
            return kept
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


def _content_of(store: Store, decision_id: str) -> str:
    """Give the hash of what a decision or an item is about; a golden question shows another."""
    try:
        return store.reviews.get(decision_id).content_hash
    except NotFoundError:
        return str(store.decision(decision_id)["content_hash"])


def _embedding(finder: Finder, row: Said, mark: NewMark, tenant: str | None) -> Embedding | None:
    """Give what alike contents are found by: where the mark asks about them, and of a text that is not kept."""
    if not row.ask and row.text is None:
        return None
    if row.ask and mark.verdict.action == "pass":
        raise InputError(
            "ask is for marks that say mark or block: what is alike to harmless content is judged as it always is"
        )
    try:
        if row.text is not None:
            found = finder.embedder.texts([row.text])[0]
        else:
            content_hash = row.content_hash or _content_of(finder.store, str(row.decision_id))
            found = finder.content(content_hash, tenant)
    except ModelError:
        if row.ask:
            raise
        return None  # what is the same, or nearly, is found without it
    if found is None and row.ask:
        raise InputError(
            "nothing is kept to compare alike contents with: neither an embedding (EVENHAND_EMBEDDINGS) nor the "
            "content. Give its text; pictures that are plain or mostly a face, and very short texts, are never compared"
        )
    return found
