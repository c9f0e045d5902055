"""What is kept, and that it goes when it should: by time, and on request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from evenhand.domain import Author, Content, Message, first_id
from evenhand.errors import NotFoundError
from evenhand.settings import Settings
from evenhand.store import Deleted, Original, Record, Store, StoreRecorder, open_store
from evenhand.store.retention import CHUNK
from evenhand.store.schema import originals
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import HASH, finding, id_at, record, result

_SECRET = "zq-unmistakable-words-zq"
_BODY = Original(body=b"\x00\xff" + _SECRET.encode(), media_type="image/png")


def _later(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def test_originals_are_not_kept_by_default(store: Store) -> None:
    store.record([Record(result=result(), original=_BODY)])
    with pytest.raises(NotFoundError, match="EVENHAND_KEEP_ORIGINALS_DAYS"):
        store.original(HASH)


def test_originals_are_kept_once_and_for_their_time(open_here: OpenStore) -> None:
    store = open_here(keep_originals_days=2)
    store.record([Record(result=result(), original=_BODY), Record(result=result(), original=_BODY)])
    store.record([Record(result=result(), original=_BODY)])
    assert store.original(HASH) == _BODY
    assert store.purge(_later(days=1.9)) == Deleted()
    assert store.purge(_later(days=2.1)) == Deleted(originals=1)
    assert store.log.count() == 3


def test_content_submitted_again_starts_its_time_again(open_here: OpenStore) -> None:
    store = open_here(keep_originals_days=2)
    store.record([Record(result=result(), original=_BODY)])
    earlier = datetime.now(UTC) - timedelta(days=1.5)
    ends = earlier + timedelta(days=2)
    store.database.write(lambda c: c.execute(update(originals).values(created_at=earlier, expires_at=ends)))
    store.record([Record(result=result(), original=_BODY)])
    assert store.purge(_later(days=1.9)) == Deleted()
    assert store.purge(_later(days=2.1)) == Deleted(originals=1)


def test_decisions_go_after_their_time(open_here: OpenStore) -> None:
    store = open_here(keep_decisions_days=7)
    kept = record()
    store.record([kept])
    assert store.purge(_later(days=6.9)) == Deleted()
    assert store.purge(_later(days=7.1)) == Deleted(decisions=1)
    with pytest.raises(NotFoundError):
        store.decision(kept.result.decision_id)


def test_decisions_stay_by_default(store: Store) -> None:
    store.record([record(decision_id=id_at(datetime(2001, 1, 1, tzinfo=UTC)))])
    assert store.purge(_later(days=365 * 50)) == Deleted()


def test_a_shorter_time_counts_for_what_was_stored_before(open_here: OpenStore) -> None:
    open_here(keep_originals_days=300).record([Record(result=result(), original=_BODY), record()])
    shorter = open_here(keep_originals_days=1, keep_decisions_days=1)
    assert shorter.purge(_later(hours=23)) == Deleted()
    assert shorter.purge(_later(hours=25)) == Deleted(originals=1, decisions=2)


def test_keeping_originals_no_more_deletes_them(open_here: OpenStore) -> None:
    open_here(keep_originals_days=300).record([Record(result=result(), original=_BODY)])
    assert open_here().purge() == Deleted(originals=1)


def test_purges_more_than_one_chunk(open_here: OpenStore) -> None:
    store = open_here(keep_decisions_days=1)
    store.record([record(findings=()) for _ in range(2 * CHUNK)])
    kept = record(decision_id=id_at(_later(days=2)))
    store.record([kept])
    store.database.write(
        lambda c: c.execute(
            text("UPDATE decisions SET expires_at = NULL WHERE decision_id >= :edge"),
            {"edge": first_id(_later(days=1))},
        )
    )
    assert store.purge(_later(days=1.5)).decisions == 2 * CHUNK
    assert store.decisions().items[0]["decision_id"] == kept.result.decision_id


def test_content_is_deleted_on_request(open_here: OpenStore) -> None:
    store = open_here(keep_originals_days=9, keep_context_keys=("channel",))
    mine = Record(result=result(findings=(finding(), finding())), original=_BODY, context={"channel": "c"})
    other = Record(result=result(content_hash="sha256:" + "cd" * 32), original=_BODY, context={"channel": "c"})
    store.record([mine, other])
    for key, words in (("k1", HASH.encode()), ("k2", b"another")):
        claim = store.idempotency.claim(key, key_id=None, fingerprint="f")
        assert not hasattr(claim, "status")
        store.idempotency.finish(claim, status=200, response=b'{"content_hash":"' + words + b'"}')
    assert store.delete_content(HASH) == Deleted(originals=1, responses=1)
    with pytest.raises(NotFoundError):
        store.original(HASH)
    stored = store.decision(mine.result.decision_id)
    assert "555 0100" not in str(stored)
    findings = stored["findings"]
    assert isinstance(findings, list)
    assert [one["location"]["span"] for one in findings] == [[3, 14], [3, 14]]
    assert stored["labels"] == mine.result.as_dict()["labels"]
    assert store.context(mine.result.decision_id) == {}
    assert store.context(other.result.decision_id) == {"channel": "c"}
    assert store.original(other.result.content_hash) == _BODY
    assert "555 0100" in str(store.decision(other.result.decision_id))
    assert store.delete_content(HASH) == Deleted()


def test_decisions_are_deleted_on_request(store: Store) -> None:
    store.record([record(), record(), record(content_hash="sha256:" + "cd" * 32)])
    assert store.delete_content(HASH, decisions_too=True) == Deleted(decisions=2)
    assert store.log.count() == 1


def test_deleted_content_is_gone_from_sqlite_files(tmp_path: Path) -> None:
    settings = Settings(keep_originals_days=9)
    store = open_store(f"sqlite:///{tmp_path / 'e.db'}", settings=settings)
    store.migrate()
    store.record([Record(result=result(), original=_BODY)])

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert _SECRET.encode() in files()
    store.delete_content(HASH)
    assert _SECRET.encode() not in files()
    store.close()


KEPT: list[tuple[tuple[str, ...], dict[str, object]]] = [
    ((), {}),
    (("channel",), {"channel": "c"}),
    (("author",), {"author": {"violations": 2}}),
    (("conversation",), {"conversation": [{"text": "said before", "author": "a"}]}),
]


@pytest.mark.parametrize(("keys", "kept"), KEPT)
def test_conversation_and_author_are_kept_only_if_named(keys: tuple[str, ...], kept: dict[str, object]) -> None:
    content = Content(
        text="a",
        context={"channel": "c"},
        conversation=(Message(text="said before", author="a"),),
        author=Author(violations=2),
    )
    settings = Settings(keep_context_keys=keys)
    store = open_store("sqlite://", settings=settings)
    store.migrate()
    made = result()
    StoreRecorder(store, settings).record([content], [made])
    assert store.context(made.decision_id) == kept
    store.close()


def test_recorder_keeps_what_settings_say(store_url: str) -> None:
    contents = [
        Content(text="half a pair \ud800", context={"a": 1, "b": 2}),
        Content(data=b"\x89PNG", media_type="image/png"),
        Content(data=b"?"),
        Content(url="https://example.org/x.png"),
    ]
    results = [result(content_hash=f"sha256:{n}") for n in range(4)]
    settings = Settings(keep_originals_days=1, keep_context_keys=("a",))
    store = open_store(store_url, settings=settings)
    StoreRecorder(store, settings).record(contents, results)
    assert store.context(results[0].decision_id) == {"a": 1}
    assert store.original("sha256:0").body.decode(errors="surrogatepass") == contents[0].text
    assert store.original("sha256:1") == Original(body=b"\x89PNG", media_type="image/png")
    assert store.original("sha256:2").media_type == "application/octet-stream"
    with pytest.raises(NotFoundError):
        store.original("sha256:3")
    store.close()
