"""Decisions come back exactly as they went in, one at a time or in pages, on both databases."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenhand.domain import Action, Finding, JsonValue, Location, Source, id_time, new_id
from evenhand.errors import NotFoundError
from evenhand.store import Record, Store
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import HASH, finding, id_at, record, result

_LONG = random.Random(1).randbytes(10_000).hex()  # does not shrink when compressed


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": None, "rule": None, "findings": (), "labels": {}, "action": Action.PASS, "languages": ()},
        {"incomplete": {"text.harm": "timed out after 30 s"}, "notes": ("2 NUL characters were kept",)},
        {"id": "", "reason": ""},
        {"id": "NUL \x00 and half a pair \ud83d and \\ and \\u0000 and \\\\u0000"},
        {"id": "\u202eright to left \U0001f600"},
        {"id": _LONG},  # longer than an index entry of PostgreSQL may be
        {"reason": "quotes ' \" and %s %(x)s :x ? and \x00"},
        {"labels": {'odd "label" \x00 \udfff': 1.0, "a.b": 0.0}},
        {"findings": (finding(reason="half a pair \ud800", library="l"), finding(language="zh"))},
        {"findings": (finding(location=Location(source=Source.CODE, text="\x00\ud800", frame=3)),)},
        {"policy": "house@1.2-rc/3/line"},
        {"policy": "no version"},
        {"timing_ms": {"decode": 1e-9, "detect": 123456.7891}},
    ],
)
def test_comes_back_exactly(store: Store, fields: dict[str, Any]) -> None:
    given = result(**fields)
    store.record([Record(result=given)])
    stored = store.decision(given.decision_id)
    created = stored.pop("created_at")
    assert stored == given.as_dict()
    assert list(stored) == list(given.as_dict())
    assert isinstance(created, str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
    assert datetime.fromisoformat(created) == id_time(given.decision_id)
    assert store.decisions(caller_id=given.id).items[0]["decision_id"] == given.decision_id


@pytest.mark.parametrize(
    "wrong", ["", "d-1", "x\x00y", "\ud800", "01890a5d-ac96-774b-bcce-b302099a8057", "'; DROP TABLE decisions; --"]
)
def test_an_unknown_id_is_not_found(store: Store, wrong: str) -> None:
    with pytest.raises(NotFoundError, match="no decision"):
        store.decision(wrong)


def test_all_or_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="new_id"):
        store.record([record(), record(decision_id="d-1")])
    assert store.log.count() == 0


def test_nothing_is_nothing(store: Store) -> None:
    store.record([])
    assert store.decisions().items == ()


def test_the_same_decision_twice_is_stored_once(store: Store) -> None:
    first = record()
    store.record([first, first])
    store.record([first, record(decision_id=first.result.decision_id, id="other")])
    assert store.log.count() == 1
    assert store.decision(first.result.decision_id)["id"] == "item-1"


def test_pages_are_newest_first_and_whole(store: Store) -> None:
    made = [record(id=str(number)) for number in range(25)]
    store.record(made)
    seen, after = [], None
    for size in (10, 10, 5):
        page = store.decisions(after=after, limit=10)
        assert len(page.items) == size
        seen += [item["id"] for item in page.items]
        after = page.after
    assert after is None
    assert seen == [str(number) for number in reversed(range(25))]
    assert page.items[0] == store.decision(str(page.items[0]["decision_id"]))


def test_a_full_last_page_has_no_cursor(store: Store) -> None:
    store.record([record() for _ in range(10)])
    assert store.decisions(limit=10).after is None


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, "abcd"),
        ({"action": "block"}, "a"),
        ({"action": "nonsense"}, ""),
        ({"line": "chat"}, "b"),
        ({"kind": "image"}, "c"),
        ({"policy": "house"}, "b"),
        ({"caller_id": "d"}, "d"),
        ({"content_hash": HASH}, "abd"),
        ({"label": "violence.weapon"}, "ac"),
        ({"label": "violence.weapon", "min_score": 0.5}, "a"),
        ({"label": "violence"}, ""),
        ({"label": 'it\'s."odd".x'}, ""),
        ({"incomplete": True}, "d"),
        ({"incomplete": False}, "abc"),
        ({"action": "review", "incomplete": False}, "bc"),
    ],
)
def test_filters(store: Store, filters: dict[str, Any], wanted: str) -> None:
    store.record(
        [
            record(id="a", action=Action.BLOCK, labels={"violence.weapon": 0.9}),
            record(id="b", policy="house@2/chat"),
            record(id="c", kind="image", labels={"violence.weapon": 0.3}, content_hash="sha256:" + "cd" * 32),
            record(id="d", incomplete={"text.harm": "crashed"}),
        ]
    )
    assert sorted(str(item["id"]) for item in store.decisions(**filters).items) == sorted(wanted)


def test_a_range_of_time(store: Store) -> None:
    start = datetime(2025, 3, 1, tzinfo=UTC)
    store.record([record(id=str(n), decision_id=id_at(start + timedelta(hours=n))) for n in range(6)])
    page = store.decisions(since=start + timedelta(hours=1), until=start + timedelta(hours=4))
    assert [item["id"] for item in page.items] == ["3", "2", "1"]
    with pytest.raises(ValueError, match="time zone"):
        store.decisions(since=datetime(2025, 1, 1))


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1001}, {"after": "x"}, {"after": ""}])
def test_wrong_pages_are_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limit|decision id"):
        store.decisions(**wrong)


def test_only_allowed_context_is_stored(open_here: OpenStore) -> None:
    context: dict[str, JsonValue] = {"channel": "chat", "author": {"id": "u1", "name": "\x00"}, "ip": "192.0.2.1"}
    closed, some = open_here(), open_here(keep_context_keys=("channel", "author", "absent"))
    first, second = Record(result=result(), context=context), Record(result=result(), context=context)
    closed.record([first])
    some.record([second])
    assert closed.context(first.result.decision_id) == {}
    assert some.context(second.result.decision_id) == {"channel": "chat", "author": {"id": "u1", "name": "\x00"}}
    assert "context" not in some.decision(second.result.decision_id)


def test_many_findings(store: Store) -> None:
    many: tuple[Finding, ...] = tuple(finding(score=n / 2000) for n in range(2000))
    given = record(findings=many)
    store.record([given])
    assert store.decision(given.result.decision_id)["findings"] == [one.as_dict() for one in many]


def test_ids_of_one_millisecond_keep_their_order(store: Store) -> None:
    made = [new_id() for _ in range(300)]
    store.record([record(decision_id=one) for one in reversed(made)])
    assert [item["decision_id"] for item in store.decisions(limit=300).items] == made[::-1]
