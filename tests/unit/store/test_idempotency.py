"""Idempotency keys: one does the work, the others get its answer or are told to wait; never twice, never mixed up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.errors import ConflictError, EvenhandError, UserError
from evenhand.store import Claim, Replay, Store
from evenhand.store.idempotency import Idempotency


def _claim(store: Store, key: str = "k", *, key_id: str | None = None, fingerprint: str = "f") -> Claim:
    claim = store.idempotency.claim(key, key_id=key_id, fingerprint=fingerprint)
    assert isinstance(claim, Claim)
    return claim


def test_the_answer_is_replayed(store: Store) -> None:
    claim = _claim(store)
    assert store.idempotency.finish(claim, status=201, response=b'\x00{"a":1}', media_type="application/json")
    replay = Replay(status=201, response=b'\x00{"a":1}', media_type="application/json")
    assert [store.idempotency.claim("k", key_id=None, fingerprint="f") for _ in range(2)] == [replay, replay]


def test_a_second_request_meanwhile_is_told_to_wait(store: Store) -> None:
    _claim(store)
    with pytest.raises(ConflictError, match="still being answered"):
        _claim(store)


def test_another_request_with_the_same_key_is_refused(store: Store) -> None:
    claim = _claim(store)
    with pytest.raises(ConflictError, match="another request"):
        _claim(store, fingerprint="other")
    store.idempotency.finish(claim, status=200, response=b"")
    with pytest.raises(ConflictError, match="another request"):
        _claim(store, fingerprint="other")


def test_an_abandoned_key_is_free_again(store: Store) -> None:
    store.idempotency.abandon(_claim(store))
    claim = _claim(store, fingerprint="other")
    store.idempotency.finish(claim, status=200, response=b"x")
    store.idempotency.abandon(claim)  # too late: the answer stays
    assert isinstance(store.idempotency.claim("k", key_id=None, fingerprint="other"), Replay)


def test_keys_belong_to_their_caller(store: Store) -> None:
    for key_id in (None, "a", "b"):
        store.idempotency.finish(_claim(store, key_id=key_id), status=200, response=str(key_id).encode())
    answer = store.idempotency.claim("k", key_id="b", fingerprint="f")
    assert isinstance(answer, Replay)
    assert answer.response == b"b"


def test_a_lapsed_claim_is_taken_over(store: Store) -> None:
    quick = Idempotency(store.database, lease=timedelta(seconds=-1))
    dead = quick.claim("k", key_id=None, fingerprint="f")
    assert isinstance(dead, Claim)
    heir = _claim(store, fingerprint="g")
    assert not store.idempotency.finish(dead, status=200, response=b"dead")
    store.idempotency.abandon(dead)
    assert store.idempotency.finish(heir, status=200, response=b"heir")
    answer = store.idempotency.claim("k", key_id=None, fingerprint="g")
    assert isinstance(answer, Replay)
    assert answer.response == b"heir"


def test_an_old_answer_is_forgotten(store: Store) -> None:
    brief = Idempotency(store.database, keep=timedelta(seconds=-1))
    claim = _claim(store)
    brief.finish(claim, status=200, response=b"x")
    assert _claim(store, fingerprint="other")
    store.idempotency.finish(_claim(store, "k2"), status=200, response=b"x")
    assert store.purge(datetime.now(UTC) + timedelta(hours=23)).responses == 1  # the claim on "k"
    assert store.purge(datetime.now(UTC) + timedelta(hours=25)).responses == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_wrong_keys_are_refused(store: Store, key: str) -> None:
    with pytest.raises(UserError, match="1 to 255"):
        _claim(store, key)


@pytest.mark.parametrize("key", ["x" * 255, "\x00", "\ud800", "\\", "é\U0001f600"])
def test_odd_keys_work(store: Store, key: str) -> None:
    store.idempotency.finish(_claim(store, key), status=200, response=key.encode(errors="replace"))
    assert isinstance(store.idempotency.claim(key, key_id=None, fingerprint="f"), Replay)


def _race(store: Store, rounds: int, keeper: Idempotency) -> list[list[str]]:
    """Let six threads ask for the same key at once, again and again; give what each got."""
    start = threading.Barrier(6)
    out: list[list[str]] = [[] for _ in range(rounds)]

    def run() -> None:
        for number in range(rounds):
            start.wait()
            try:
                keeper.claim(f"k{number}", key_id=None, fingerprint="f")
                out[number].append("claimed")
            except EvenhandError as error:
                out[number].append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


def test_of_many_at_once_one_claims(store: Store) -> None:
    for got in _race(store, 20, store.idempotency):
        assert sorted(got) == ["ConflictError"] * 5 + ["claimed"]


def test_of_many_at_once_one_takes_over(store: Store) -> None:
    lapsed = Idempotency(store.database, lease=timedelta(seconds=-1))
    for number in range(20):
        lapsed.claim(f"k{number}", key_id=None, fingerprint="f")
    for got in _race(store, 20, store.idempotency):
        assert sorted(got) == ["ConflictError"] * 5 + ["claimed"]
