"""Marks on both databases: proposed, previewed, applied, undone."""

from __future__ import annotations

import pytest

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store import Store
from evenhand.store.reviewrecords import Judged, NewMark, Person, Verdict
from tests.unit.store.factory import HASH, record

ANN = Person(id="ann", name="Ann")
HARMLESS = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="a price")
BLOCK = Verdict(judged=Judged.OVERRIDDEN, action="block", reason="seen often")
OTHER = "sha256:" + "ef" * 32


def test_a_mark_changes_nothing_before_it_is_applied_and_nothing_after_it_is_undone(store: Store) -> None:
    one = record()
    store.record([one, record()])
    before = store.marks.version()
    (mark,) = store.marks.add(ANN, [NewMark(decision_id=one.result.decision_id, verdict=HARMLESS)])
    assert (mark.content_hash, mark.state, mark.verdict) == (HASH, "proposed", HARMLESS.as_dict())
    assert (store.marks.applied(), store.marks.version()) == ([], before)
    (effect,) = store.marks.preview([mark.id])
    assert (effect.decisions, effect.action_now, effect.action_then) == (2, "review", "pass")
    assert (effect.labels_now, effect.labels_then, effect.replaces) == (("ads.contact",), (), None)
    assert store.marks.applied() == []
    assert store.marks.apply([mark.id], ANN) == [effect]
    assert [one.id for one in store.marks.applied()] == [mark.id]
    assert store.marks.version() != before
    (undone,) = store.marks.undo([mark.id], ANN)
    assert (undone.state, store.marks.applied(), store.marks.version()) == ("undone", [], before)
    assert [entry.action for entry in store.audit.page(subject=f"mark:{mark.id}")] == [
        "mark.add",
        "mark.apply",
        "mark.undo",
    ]
    assert store.audit.verify().problems == ()


def test_the_latest_applied_mark_of_a_content_takes_the_place_of_the_one_before(store: Store) -> None:
    first, second = store.marks.add(ANN, [NewMark(content_hash=OTHER, verdict=v) for v in (HARMLESS, BLOCK)])
    store.marks.apply([first.id], ANN)
    (effect,) = store.marks.apply([second.id], ANN)
    assert (effect.replaces, effect.action_now, effect.decisions) == (first.id, None, 0)
    assert [one.id for one in store.marks.applied()] == [second.id]
    assert [mark.state for mark in store.marks.page(content_hash=OTHER)] == ["undone", "applied"]


def test_two_marks_that_contradict_are_not_applied_together(store: Store) -> None:
    made = store.marks.add(ANN, [NewMark(content_hash=OTHER, verdict=v) for v in (HARMLESS, BLOCK)])
    ids = [mark.id for mark in made]
    assert [effect.clashes for effect in store.marks.preview(ids)] == [(ids[1],), (ids[0],)]
    with pytest.raises(ConflictError, match="different things"):
        store.marks.apply(ids, ANN)
    assert store.marks.applied() == []


def test_all_or_none(store: Store) -> None:
    good, bad = NewMark(content_hash=OTHER, verdict=HARMLESS), NewMark(decision_id="x", verdict=HARMLESS)
    with pytest.raises(NotFoundError):
        store.marks.add(ANN, [good, bad])
    missing = NewMark(decision_id="01890a5d-ac96-774b-bcce-b302099a8057", verdict=HARMLESS)
    with pytest.raises(NotFoundError):
        store.marks.add(ANN, [good, missing])
    assert store.marks.page() == []
    (mark,) = store.marks.add(ANN, [good])
    for ids in ([mark.id, "x"], ["\x00"]):
        with pytest.raises(NotFoundError):
            store.marks.apply(ids, ANN)
    with pytest.raises(ValueError, match="1 to 1000"):
        store.marks.apply([], ANN)
    assert store.marks.applied() == []


def test_marks_go_with_their_content(store: Store) -> None:
    store.marks.add(ANN, [NewMark(content_hash=OTHER, verdict=HARMLESS)])
    store.delete_content(OTHER, decisions_too=True)
    assert store.marks.page() == []
