"""The chain outside of the database: exported, anchored, verified in parts; and who else tells it what they did."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.errors import InputError
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.auditlogchain import START, check, line, read_head, read_lines
from evenhand.store.auditlogsettings import note_settings, shown
from tests.unit.store.factory import HASH, record


def _filled(store: Store, count: int = 6) -> None:
    for number in range(count):
        actor, action = ("ann", "test.step") if number % 2 else ("bob", "other.step")
        store.audit.note(action, f"thing:{number}", actor=actor, before={"n": number}, after={"n": "Zürich 🌍\x00"})


def test_an_exported_file_verifies_as_the_log_does(store: Store) -> None:
    _filled(store)
    store.audit.erase(actor="ann", subjects=["thing:2"])
    lines = [line(entry) for entry in store.audit.all()]
    found = check(read_lines(lines), expect=[store.audit.head()])
    assert found == store.audit.verify()
    assert (found.entries, found.erased, found.problems) == (7, 1, ())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda lines: lines[:3] + lines[4:], "entry 4 is missing"),
        (lambda lines: [*lines[:2], lines[2].replace('"bob"', '"eve"'), *lines[3:]], "entry 3 was changed"),
        (lambda lines: lines[:4], "entries after 4 are missing: entry 6 was expected"),
        (lambda lines: [*lines[:1], lines[1].replace("Z\\u00fcrich", "Bern"), *lines[2:]], "payload of entry 2 was"),
        (lambda lines: lines[1:], "entry 1 is missing"),
    ],
)
def test_a_tampered_file_is_told(store: Store, spoil: object, told: str) -> None:
    _filled(store)
    lines = [line(entry) for entry in store.audit.all()]
    found = check(read_lines(spoil(lines)), expect=[store.audit.head()])  # type: ignore[operator]
    assert any(told in problem for problem in found.problems), found.problems


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"seq": 1}', "[" * 5_000])
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="Line 1"):
        list(read_lines([text]))


def test_a_link_of_wrong_shape_is_refused(store: Store) -> None:
    _filled(store, 1)
    for name, value in (("seq", "1"), ("seq", True), ("hash", "short"), ("payload", []), ("actor", 5)):
        document = {**json.loads(line(store.audit.page()[0])), name: value}
        with pytest.raises(InputError, match="Line 1"):
            list(read_lines([json.dumps(document)]))


def test_verifying_from_a_noted_link_on(store: Store) -> None:
    _filled(store)
    noted = store.audit.head()
    _filled(store, 2)
    found = store.audit.verify(since=noted)
    assert (found.first, found.entries, found.problems) == (7, 8, ())
    # What was noted is no longer there: everything is looked at, and it is told.
    assert any("entry 6" in text for text in store.audit.verify(since=(6, "0" * 64)).problems)
    assert store.audit.verify(since=(99, "0" * 64)).problems


def test_several_noted_links(store: Store) -> None:
    _filled(store, 2)
    first = store.audit.head()
    _filled(store, 2)
    assert not store.audit.verify(expect=[first, store.audit.head()]).problems
    assert not store.audit.verify(expect=[]).problems
    assert store.audit.verify(expect=[first, (3, "f" * 64)]).problems


def test_heads_are_read(store: Store) -> None:
    assert store.audit.head() == (0, START)
    assert read_head(f"12:{'a' * 64}\n") == (12, "a" * 64)
    for text in ("", "12", f"x:{'a' * 64}", f"1:{'a' * 63}"):
        with pytest.raises(InputError):
            read_head(text)


def test_filters(store: Store) -> None:
    _filled(store)
    seqs = {
        "actor": [entry.seq for entry in store.audit.page(actor="ann")],
        "action": [entry.seq for entry in store.audit.page(action="other.step")],
        "family": [entry.seq for entry in store.audit.page(action="other.*")],
        "newest": [entry.seq for entry in store.audit.page(newest=True, limit=2)],
        "then": [entry.seq for entry in store.audit.page(newest=True, after=5, limit=2)],
        "none": [entry.seq for entry in store.audit.page(action="%.step")],
    }
    assert seqs == {
        "actor": [2, 4, 6],
        "action": [1, 3, 5],
        "family": [1, 3, 5],
        "newest": [6, 5],
        "then": [4, 3],
        "none": [],
    }
    now = datetime.now(UTC)
    assert len(store.audit.page(since=now - timedelta(hours=1), until=now + timedelta(hours=1))) == 6
    assert not store.audit.page(until=now - timedelta(hours=1))


def _actions(store: Store) -> list[tuple[str, str]]:
    return [(entry.action, entry.actor) for entry in store.audit.page()]


def test_webhooks_blocklists_and_streams_are_told(store: Store) -> None:
    made = store.webhooks.create("hook", "https://example.org/", actor="ann")
    store.webhooks.rotate("hook", actor="ann")
    store.webhooks.switch("hook", on=False)
    store.webhooks.remove(made.id)
    store.blocklists.save("words", {"description": "mine"}, actor="ann")
    (item,) = store.blocklists.add("words", [("spam", None)], most=10, actor="ann")
    store.blocklists.discard("words", [item.id], actor="ann")
    store.blocklists.remove("words", actor="ann")
    stream = store.streams.create("rtmp://secret@example.org/x", "rtmp://example.org/x", tenant="key", options={})
    store.streams.stop(stream.id, actor="ann")
    store.streams.remove(stream.id, actor="ann")
    assert _actions(store) == [
        ("webhook.create", "ann"),
        ("webhook.rotate", "ann"),
        ("webhook.switch", "local"),
        ("webhook.remove", "local"),
        ("blocklist.create", "ann"),
        ("blocklist.add", "ann"),
        ("blocklist.discard", "ann"),
        ("blocklist.remove", "ann"),
        ("stream.create", "key"),
        ("stream.stop", "ann"),
        ("stream.remove", "ann"),
    ]
    told = " ".join(line(entry) for entry in store.audit.all())
    assert "secret" not in told
    assert "whsec_" not in told
    assert not store.audit.verify().problems


def test_purges_and_deletions_are_told(store: Store) -> None:
    store.purge()
    assert not _actions(store)  # nothing was deleted
    store.record([record()])
    store.delete_content(HASH, decisions_too=True, actor="ann")
    (entry,) = store.audit.page()
    assert (entry.action, entry.actor, entry.subject) == ("content.delete", "ann", HASH)
    assert entry.payload is not None
    assert entry.payload["after"]["decisions"] == 1


def test_settings_are_told_when_they_change(store: Store) -> None:
    settings = Settings.model_validate(
        {
            "port": 9000,
            "database_url": "postgresql://me:hidden@db/x",
            "secret_key": "hidden",
            "shadow_keys": {"perspective": "hidden"},
        }
    )
    assert note_settings(store.audit, settings, role="serve")
    assert not note_settings(store.audit, settings, role="serve")
    assert note_settings(store.audit, settings, role="worker")
    assert note_settings(store.audit, settings.model_copy(update={"port": 9001}), role="serve")
    last = store.audit.page(newest=True, limit=1)[0]
    assert last.payload is not None
    assert (last.payload["before"]["port"], last.payload["after"]["port"]) == (9000, 9001)
    assert "hidden" not in json.dumps(shown(settings))
    assert "hidden" not in " ".join(line(entry) for entry in store.audit.all())


def test_a_line_cannot_be_given_another_number(store: Store) -> None:
    _filled(store, 2)
    first, second = store.audit.page()
    assert check([replace(first, seq=2), second]).problems
