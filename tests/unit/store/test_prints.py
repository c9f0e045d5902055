"""Fingerprints go where their decisions go."""

from __future__ import annotations

from evenhand.domain import Fingerprint
from evenhand.store import Store
from evenhand.store.reviewrecords import Judged, NewMark, Person, Touched, Verdict
from tests.unit.store.factory import HASH, record

ANN = Person(id="ann", name="Ann")
PRINT = Fingerprint(kind="text", data=b"\x01\x02" * 256)
FINE = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="fine")


def test_fingerprints_are_recorded_read_and_deleted_with_their_content(store: Store) -> None:
    kept, other = record(fingerprint=PRINT), record(content_hash="sha256:" + "cd" * 32)
    store.record([kept, other])
    store.record([kept])  # again: nothing changes
    ids = [kept.result.decision_id, other.result.decision_id]
    assert store.prints.of(ids) == {ids[0]: PRINT}
    (page,) = store.prints.newest("text", most=10)
    assert [(one.decision_id, one.content_hash, one.fingerprint) for one in page] == [(ids[0], HASH, PRINT)]
    assert list(store.prints.newest("image", most=10)) == []
    store.delete_content(HASH)
    assert store.prints.of(ids) == {}


def test_a_marks_fingerprint_and_what_it_touches_go_with_it(store: Store) -> None:
    one = record(fingerprint=PRINT)
    store.record([one])
    decision = one.result.decision_id
    (mark,) = store.marks.add(ANN, [NewMark(decision_id=decision, verdict=FINE, near=PRINT)])
    assert store.marks.some([mark.id])[0].near == PRINT
    touched = Touched(mark=mark.id, decision_id=decision, alike=100)
    store.marks.apply([mark.id], ANN, found=[touched])
    assert store.marks.applied()[0].near == PRINT
    assert store.marks.touched([mark.id]) == [touched]
    marked = store.decision(decision)["marked"]
    assert isinstance(marked, dict)
    assert (marked["action"], marked["mark"], marked["alike"]) == ("pass", mark.id, 100)
    store.marks.undo([mark.id], ANN)
    assert "marked" not in store.decision(decision)
    assert store.marks.touched([mark.id]) == []
    store.marks.apply([mark.id], ANN, found=[touched])
    store.delete_content(HASH, decisions_too=True)
    assert store.marks.page() == []
    assert store.marks.touched([mark.id]) == []
