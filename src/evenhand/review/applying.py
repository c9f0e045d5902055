"""Marks before they are applied: the stored decisions that they speak of, the same content or nearly the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evenhand.review.documents import effect_document
from evenhand.review.guarding import answers_alike, seen_in
from evenhand.review.near import Query, near_of, turned
from evenhand.store import Store
from evenhand.store.reviewrecords import Chosen, Effect, Mark, Person, Touched

MOST_TOUCHED = 2_000  # stored decisions of one mark that show it; more answer so in future all the same
MOST_COMPARED = 200_000  # fingerprints looked through, newest first
_SHOWN = 200  # in one answer, of each mark
_TOGETHER = 500  # decisions read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What applying marks would do."""

    effects: tuple[Effect, ...]
    touched: tuple[Touched, ...]
    compared: int  # fingerprints of stored decisions that were looked through
    all: bool  # those were all there are
    unlike: Mapping[str, int]  # mark -> stored decisions nearly the same that it leaves as they are (`guarding`)


def foresee(store: Store, ids: Sequence[str], *, tenant: str | None = None) -> Foreseen:
    """Say what applying these marks would change; changes nothing.

    Args:
        store: where.
        ids: of marks.
        tenant: only this one's; None: whosever.

    Raises:
        NotFoundError: there is no such mark.
        StoreError: the database refused or cannot be reached.
        ValueError: there are none, or more than 1000.
    """
    effects = store.marks.preview(ids, tenant=tenant)
    seen = _touched(store, store.marks.some(ids, tenant=tenant))
    return replace(seen, effects=tuple(effects))


def apply(store: Store, ids: Sequence[str], person: Person, *, alike: Sequence[Chosen] = ()) -> Foreseen:
    """Answer the same content, and where a mark says so nearly the same, as these marks say; errors as Marks.apply.

    Args:
        store: where.
        ids: of marks.
        person: who applies them.
        alike: what the person chose among alike contents; corrected together with the marks.
    """
    marks = store.marks.some(ids, tenant=person.tenant)
    seen = _touched(store, marks, alike)
    effects = store.marks.apply(ids, person, found=seen.touched, alike=alike)
    return replace(seen, effects=tuple(effects))


def foreseen_document(foreseen: Foreseen) -> dict[str, Any]:
    """Give the JSON form: each mark's effect with the decisions that it speaks of, the most alike first.

    What is alike by embedding is not looked for here (`shelves.marking`).
    """
    by_mark: dict[str, list[Touched]] = {}
    for one in foreseen.touched:
        by_mark.setdefault(one.mark, []).append(one)
    effects = []
    for effect in foreseen.effects:
        mine = sorted(by_mark.get(effect.mark, []), key=lambda one: (-one.alike, one.decision_id))
        shown = [{"decision_id": one.decision_id, "alike": one.alike} for one in mine[:_SHOWN]]
        unlike = foreseen.unlike.get(effect.mark, 0)
        more = {"touched": shown, "touched_total": len(mine), "unlike_total": unlike, "alike": [], "alike_why": None}
        effects.append({**effect_document(effect), **more})
    counted = {"compared": foreseen.compared, "compared_all": foreseen.all}
    return {"effects": effects, **counted, "alike_compared": 0, "alike_all": True}


def _touched(store: Store, marks: Sequence[Mark], alike: Sequence[Chosen] = ()) -> Foreseen:
    found: dict[tuple[str, str], Touched] = {}
    for mark in marks:
        for chosen in alike:
            if chosen.mark == mark.id:
                for decision_id in store.marks.same(chosen.content_hash, limit=MOST_TOUCHED, tenant=mark.tenant):
                    found[mark.id, decision_id] = Touched(mark=mark.id, decision_id=decision_id, alike=chosen.alike)
        for decision_id in store.marks.same(mark.content_hash, limit=MOST_TOUCHED, tenant=mark.tenant):
            found[mark.id, decision_id] = Touched(mark=mark.id, decision_id=decision_id, alike=100)
    very = set(found)  # and what a person chose
    near: dict[tuple[str, str | None], list[tuple[str, Query]]] = {}
    for mark in marks:
        if mark.near is not None:
            near.setdefault((mark.near.kind, mark.tenant), []).append((mark.id, turned(mark.near)))
    compared, whole = 0, True
    for (kind, tenant), some in near.items():
        seen = 0
        for printed in store.prints.newest(kind, most=MOST_COMPARED, tenant=tenant):
            seen += len(printed)
            prints = [one.fingerprint for one in printed]
            for mark_id, query in some:
                for number, share in near_of(query, prints):
                    decision_id = printed[number].decision_id
                    one = Touched(mark=mark_id, decision_id=decision_id, alike=share)
                    found.setdefault((mark_id, decision_id), one)
        compared, whole = compared + seen, whole and seen < MOST_COMPARED
    bounded = _bounded(found)
    touched, unlike = _answered(store, marks, bounded, very)
    return Foreseen(effects=(), touched=tuple(touched), compared=compared, all=whole, unlike=unlike)


def _answered(
    store: Store, marks: Sequence[Mark], some: Sequence[Touched], very: Collection[tuple[str, str]]
) -> tuple[list[Touched], dict[str, int]]:
    """Leave out near-same decisions that a mark would not answer as it says, and count them by mark."""
    by_id = {mark.id: mark for mark in marks}
    kept, unlike = [one for one in some if (one.mark, one.decision_id) in very], dict[str, int]()
    rest = [one for one in some if (one.mark, one.decision_id) not in very]
    for start in range(0, len(rest), _TOGETHER):
        part = rest[start : start + _TOGETHER]
        documents = store.log.many([one.decision_id for one in part])
        for one in part:
            mark, document = by_id[one.mark], documents.get(one.decision_id)
            rows: Any = () if document is None else document["findings"]
            if document is None or not answers_alike(
                seen_in(rows), mark.carried, mark.verdict, str(document["action"])
            ):
                unlike[one.mark] = unlike.get(one.mark, 0) + 1
            else:
                kept.append(one)
    return kept, unlike


def _bounded(found: Mapping[tuple[str, str], Touched]) -> list[Touched]:
    counts: dict[str, int] = {}
    kept = []
    for one in sorted(found.values(), key=lambda one: (-one.alike, one.decision_id)):
        counts[one.mark] = counts.get(one.mark, 0) + 1
        if counts[one.mark] <= MOST_TOUCHED:
            kept.append(one)
    return kept
