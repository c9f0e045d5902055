"""Marks previewed and applied, with what is alike: the same for HTTP and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evenhand.review.applying import apply, foresee, foreseen_document
from evenhand.store import Store
from evenhand.store.reviewrecords import Person

if TYPE_CHECKING:
    from evenhand.shelves.alike import Finder


def foreseen(
    store: Store, ids: Sequence[str], finder: Finder | None, *, tenant: str | None = None, excerpts: bool = True
) -> dict[str, Any]:
    """Say as JSON what applying marks would change, and which other decisions are alike; changes nothing.

    Args:
        store: where.
        ids: of marks.
        finder: looks for alike decisions; None: they are not looked for.
        tenant: only this one's marks; None: whosever.
        excerpts: whether the beginnings of kept texts are shown.

    Raises:
        NotFoundError: there is no such mark.
        StoreError: the database refused or cannot be reached.
        ValueError: there are none, or more than 1000.
    """
    seen = foresee(store, ids, tenant=tenant)
    document = foreseen_document(seen)
    if finder is None:
        return document
    marks = {mark.id: mark for mark in store.marks.some(ids, tenant=tenant)}
    found = finder.look(list(marks.values()), seen.touched)
    for effect in document["effects"]:
        effect.update(finder.document(found, marks[effect["mark"]], excerpts=excerpts))
    return {**document, "alike_compared": found.compared, "alike_all": found.all}


def applied(
    store: Store, ids: Sequence[str], person: Person, finder: Finder, *, also: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Apply marks, and correct with them what a person chose among alike decisions; give what it changes as JSON.

    Args:
        store: where.
        ids: of marks.
        person: who applies them.
        finder: checks that what was chosen is alike.
        also: ids of chosen decisions by the ids of marks.

    Raises:
        InputError: something chosen is not alike.
        NotFoundError: there is no such mark or decision.
        ConflictError: two marks say different things about one content.
        StoreError: nothing was changed.
        ValueError: there are no marks, or more than 1000.
    """
    chosen = finder.chosen(store.marks.some(ids, tenant=person.tenant), also) if also else []
    return foreseen_document(apply(store, ids, person, alike=chosen))
