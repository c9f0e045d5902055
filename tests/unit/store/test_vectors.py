"""Embeddings go where their decisions and marks go, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evenhand.domain import Embedding
from evenhand.errors import ConflictError
from evenhand.store import Record, Store, vectors
from evenhand.store.records import Original
from evenhand.store.reviewrecords import Chosen, Judged, NewMark, Person, Verdict
from evenhand.store.vectors import Embedded
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import HASH, record

ANN = Person(id="ann", name="Ann")
MADE = Embedding(kind="image", space="s 1", vector=b"\x01" * 260, landmarks=b"\x02" * 40)
FRAUD = Verdict(judged=Judged.WRONG, action="block", labels=("spam.scam",), reason="a fraud")
OTHER, THIRD = "sha256:" + "cd" * 32, "sha256:" + "ef" * 32


def test_embeddings_are_recorded_read_and_deleted_with_their_content(store: Store) -> None:
    kept, other = record(embedding=MADE), record(content_hash=OTHER)
    store.record([kept, other])
    store.record([kept])  # again: nothing changes
    assert store.vectors.of(HASH, "s 1") == MADE
    assert store.vectors.of(HASH, "s 2") is None
    assert store.vectors.of(OTHER, "s 1") is None
    ((one, vector),) = next(store.vectors.newest("image", "s 1", most=10))
    assert (one, vector) == (Embedded(decision_id=kept.result.decision_id, content_hash=HASH), MADE.vector)
    assert list(store.vectors.newest("text", "s 1", most=10)) == []
    assert list(store.vectors.newest("image", "s 2", most=10)) == []
    store.delete_content(HASH)
    assert store.vectors.of(HASH, "s 1") is None


def test_kept_contents_without_an_embedding_are_found_once_each_newest_first(open_here: OpenStore) -> None:
    store = open_here(keep_originals_days=1)
    body = Original(body=b"hello", media_type="text/plain")

    def kept(content_hash: str, **fields: object) -> Record:
        return replace(record(content_hash=content_hash, kind="text", **fields), original=body)

    store.record([kept(HASH), kept(OTHER), kept(HASH), kept(THIRD, embedding=replace(MADE, kind="text"))])
    found = store.vectors.lacking("text", "s 1", most=10)
    assert [one.content_hash for one in found] == [HASH, OTHER]
    assert len(store.vectors.lacking("text", "s 1", most=1)) == 1
    assert {one.content_hash for one in store.vectors.lacking("text", "s 2", most=10)} == {HASH, OTHER, THIRD}
    assert store.vectors.lacking("image", "s 1", most=10) == []


def test_what_is_kept_and_chosen_with_a_mark_goes_with_it(store: Store) -> None:
    first, second = record(), record(content_hash=OTHER)
    store.record([first, second])
    (mark,) = store.marks.add(
        ANN, [NewMark(decision_id=first.result.decision_id, verdict=FRAUD, embedding=MADE, asks=True)]
    )
    assert store.marks.some([mark.id])[0].asks
    assert store.mark_vectors.of([mark.id, "x"]) == {mark.id: MADE}
    chosen = Chosen(mark=mark.id, decision_id=second.result.decision_id, content_hash=OTHER, alike=91)
    assert store.mark_vectors.chosen() == {}
    store.marks.apply([mark.id], ANN, alike=[chosen])
    assert store.mark_vectors.chosen() == {mark.id: [OTHER]}
    store.marks.undo([mark.id], ANN)
    assert store.mark_vectors.chosen() == {}
    store.marks.apply([mark.id], ANN, alike=[chosen])
    store.marks.apply([mark.id], ANN)  # applied anew without it
    assert store.mark_vectors.chosen() == {}
    store.marks.apply([mark.id], ANN, alike=[chosen])
    store.delete_content(OTHER, decisions_too=True)
    assert store.mark_vectors.chosen() == {}
    store.delete_content(HASH, decisions_too=True)
    assert store.mark_vectors.of([mark.id]) == {}


def test_no_more_marks_ask_than_contents_can_be_compared_with(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "MOST_ASKING", 1)
    made = store.marks.add(
        ANN, [NewMark(content_hash=one, verdict=FRAUD, embedding=MADE, asks=True) for one in (HASH, OTHER)]
    )
    store.marks.apply([made[0].id], ANN)
    with pytest.raises(ConflictError, match="undo some first"):
        store.marks.apply([made[1].id], ANN)
    assert [mark.id for mark in store.marks.applied()] == [made[0].id]
