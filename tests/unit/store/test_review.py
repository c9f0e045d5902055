"""Review items on both databases: what becomes one, who has it, what is said about it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from evenhand.domain import Action
from evenhand.errors import ConflictError, NotFoundError, SettingsError
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.reviewqueues import read_queues
from evenhand.store.reviewrecords import Judged, Person, Verdict, Wanted
from evenhand.store.schema import webhook_deliveries
from tests.unit.store.factory import record

OpenStore = Callable[..., Store]
ANN, BOB = Person(id="ann", name="Ann"), Person(id="bob", name="Bob")
CHIEF = Person(id="chief", name="Chief", senior=True)
RIGHT = Verdict(judged=Judged.RIGHT, action="block")
WRONG = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="a price, no phone number")
QUEUES = """
queues:
  - name: children
    lines: [kids]
    priority: 10
    target_minutes: 30
  - name: contacts-zh
    labels: [ads]
    languages: [zh]
    keys: [key-1]
    min_score: 0.9
  - name: pictures
    kinds: [image]
    priority: 3
"""


def _store(open_here: OpenStore, tmp_path: Path, **settings: object) -> Store:
    (tmp_path / "queues.yaml").write_text(QUEUES)
    return open_here(review_queues=tmp_path / "queues.yaml", **settings)


def _asked(store: Store, count: int = 1, **fields: Any) -> list[str]:
    records = [record(**fields) for _ in range(count)]
    store.record(records)
    return [one.result.decision_id for one in records]


def test_only_decisions_that_ask_for_a_person_become_items_and_only_once(store: Store) -> None:
    records = [record(action=action) for action in Action]
    store.record(records)
    store.record(records)
    (item,) = store.reviews.page()
    assert item.decision_id == records[2].result.decision_id
    assert (item.state, item.queue, item.label, item.line, item.language) == (
        "waiting",
        "default",
        "ads.contact",
        "default",
        "en",
    )
    assert item.due_at - item.created_at == timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "key", "queue", "priority"),
    [
        ({"policy": "p@1/kids"}, None, "children", 10),
        ({}, "key-1", "contacts-zh", 0),
        ({}, "key-2", "default", 0),
        ({"labels": {"ads.contact": 0.89}}, "key-1", "default", 0),
        ({"languages": ("en",)}, "key-1", "default", 0),
        ({"languages": ("zh-Hant",)}, "key-1", "contacts-zh", 0),
        ({"kind": "image"}, None, "pictures", 3),
    ],
)
def test_the_first_queue_that_fits_takes_it(
    open_here: OpenStore, tmp_path: Path, fields: dict[str, Any], key: str | None, queue: str, priority: int
) -> None:
    store = _store(open_here, tmp_path)
    store.record([replace(record(**fields), key_id=key)])
    (item,) = store.reviews.page()
    assert (item.queue, item.priority, item.tenant) == (queue, priority, key or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("queues: [", "no YAML"),
        ("queues: [{name: a, priorty: 1}]", "priorty"),
        ("queues: [{name: default}]", "taken twice"),
        ("queues: [{name: a}, {name: a}]", "taken twice"),
        ("queues: [{name: 'a b'}]", "name"),
    ],
)
def test_a_wrong_file_of_queues_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "q.yaml").write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_queues(Settings(review_queues=tmp_path / "q.yaml"))


def test_the_urgent_come_first_then_the_old(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    old, new = _asked(store, 2)
    (picture,) = _asked(store, kind="image")
    (kids,) = _asked(store, policy="p@1/kids")
    claimed = [store.reviews.claim(ANN) for _ in range(5)]
    assert [item and item.decision_id for item in claimed] == [kids, picture, old, new, None]


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(queue="default"), True),
        (Wanted(queue="children"), False),
        (Wanted(label="ads"), True),
        (Wanted(label="ad"), False),
        (Wanted(line="default", language="en", kind="text"), True),
        (Wanted(language="zh"), False),
        (Wanted(tenant="key-1"), False),
    ],
)
def test_claims_what_is_wanted(store: Store, wanted: Wanted, fits: bool) -> None:
    _asked(store)
    assert (store.reviews.claim(ANN, wanted) is not None) is fits


def test_no_two_people_get_the_same_item_by_accident(store: Store) -> None:
    ids, people = set(_asked(store, 60)), 6
    got: dict[int, list[str]] = {number: [] for number in range(people)}
    problems: list[BaseException] = []
    start = threading.Barrier(people)

    def work(number: int) -> None:
        person = Person(id=f"p{number}", name="")
        try:
            start.wait(60)
            while (item := store.reviews.claim(person)) is not None:
                got[number].append(item.decision_id)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert problems == []
    taken = [decision_id for one in got.values() for decision_id in one]
    assert len(taken) == len(set(taken)) == 60
    assert set(taken) == ids
    assert store.audit.verify().problems == ()
    assert store.audit.verify().entries == 60


def test_a_lease_that_ran_out_frees_the_item(open_here: OpenStore) -> None:
    store = open_here(review_lease_s=0.001)
    (decision,) = _asked(store)
    assert store.reviews.claim(ANN) is not None
    while store.reviews.get(decision).state == "claimed":
        pass
    assert store.reviews.get(decision).holder is None
    with pytest.raises(ConflictError, match="no longer"):
        store.reviews.release(decision, ANN)
    taken = store.reviews.claim(BOB)
    assert taken is not None
    assert taken.decision_id == decision


def test_what_somebody_holds_is_theirs(store: Store) -> None:
    (decision,) = _asked(store)
    store.reviews.claim(ANN)
    assert store.reviews.get(decision).state == "claimed"
    steps: tuple[Callable[[], object], ...] = (
        lambda: store.reviews.decide(decision, BOB, RIGHT),
        lambda: store.reviews.release(decision, BOB),
        lambda: store.reviews.skip(decision, BOB, "x"),
        lambda: store.reviews.renew(decision, BOB),
    )
    for step in steps:
        with pytest.raises(ConflictError, match="somebody else"):
            step()
    assert store.reviews.renew(decision, ANN).holder == "ann"
    assert store.reviews.release(decision, ANN).state == "waiting"
    assert store.reviews.claim(BOB) is not None


def test_a_verdict_shows_on_the_decision_and_can_be_undone(store: Store) -> None:
    (decision,) = _asked(store)
    assert "review" not in store.decision(decision)
    store.reviews.claim(ANN)
    done = store.reviews.decide(decision, ANN, WRONG)
    assert (done.state, done.decided_by, done.holder) == ("done", "ann", None)
    shown = store.decision(decision)["review"]
    assert isinstance(shown, dict)
    assert {**shown, "at": None} == {**WRONG.as_dict(), "at": None}
    assert "ann" not in str(shown)
    with pytest.raises(ConflictError, match="done"):
        store.reviews.decide(decision, BOB, RIGHT)
    with pytest.raises(NotFoundError, match="undo"):
        store.reviews.undo(BOB)
    again = store.reviews.undo(ANN)
    assert (again.state, again.holder, again.verdict) == ("claimed", "ann", None)
    assert "review" not in store.decision(decision)
    assert store.reviews.decide(decision, ANN, RIGHT).verdict == RIGHT.as_dict()


def test_undo_takes_back_the_last_verdict_only(store: Store) -> None:
    first, second = _asked(store, 2)
    store.reviews.decide(first, ANN, RIGHT)
    store.reviews.decide(second, ANN, RIGHT)
    assert store.reviews.undo(ANN).decision_id == second
    assert store.reviews.undo(ANN).decision_id == first
    assert store.reviews.get(first).state == "claimed"


def test_what_was_skipped_goes_to_others(store: Store) -> None:
    (decision,) = _asked(store)
    store.reviews.claim(ANN)
    store.reviews.skip(decision, ANN, "I know the author")
    assert store.reviews.claim(ANN) is None
    taken = store.reviews.claim(BOB)
    assert taken is not None
    assert taken.decision_id == decision


def test_what_was_escalated_goes_to_seniors_first(store: Store) -> None:
    older, decision = _asked(store, 2)
    store.reviews.claim(ANN)
    store.reviews.claim(ANN)
    assert store.reviews.escalate(decision, ANN, "a threat?").level == 1
    store.reviews.release(older, ANN)
    assert [item and item.decision_id for item in (store.reviews.claim(BOB), store.reviews.claim(BOB))] == [older, None]
    with pytest.raises(ConflictError, match="senior"):
        store.reviews.decide(decision, BOB, RIGHT)
    taken = store.reviews.claim(CHIEF)
    assert taken is not None
    assert (taken.decision_id, taken.note) == (decision, "a threat?")
    assert store.reviews.decide(decision, CHIEF, RIGHT).state == "done"


def test_what_is_on_hold_comes_back(store: Store) -> None:
    (decision,) = _asked(store)
    store.reviews.claim(ANN)
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert store.reviews.hold(decision, ANN, soon, "asked the author").state == "held"
    assert store.reviews.claim(BOB) is None
    with pytest.raises(ConflictError, match="hold"):
        store.reviews.decide(decision, BOB, RIGHT)
    (other,) = _asked(store)
    store.reviews.claim(ANN)
    with pytest.raises(ValueError, match="ahead"):
        store.reviews.hold(other, ANN, datetime.now(UTC) - timedelta(1), "")
    store.reviews.hold(other, ANN, datetime.now(UTC) + timedelta(seconds=0.05), "")
    while (taken := store.reviews.claim(BOB)) is None:
        pass
    assert taken.decision_id == other


def test_hands_over_to_somebody_who_may_review(store: Store) -> None:
    (decision,) = _asked(store)
    store.reviews.claim(ANN)
    carol = store.keys.create("carol", scopes=("review",)).info
    store.keys.create("robot", scopes=("check",))
    for name in ("nobody", "robot"):
        with pytest.raises(NotFoundError, match="API key"):
            store.reviews.hand_over(decision, ANN, name)
    item = store.reviews.hand_over(decision, ANN, "carol", "yours, I think")
    assert (item.holder, item.note) == (carol.id, "yours, I think")
    store.keys.revoke(carol.id)
    with pytest.raises(NotFoundError):
        store.reviews.person(carol.id)


def test_lists_by_state(store: Store) -> None:
    ids = _asked(store, 4)
    store.reviews.claim(ANN)
    store.reviews.claim(ANN)
    store.reviews.hold(ids[1], ANN, datetime.now(UTC) + timedelta(days=1), "")
    store.reviews.decide(ids[2], ANN, RIGHT)
    found = {state: [i.decision_id for i in store.reviews.page(state=state)] for state in ("waiting", "held", "done")}
    assert found == {"waiting": [ids[3]], "held": [ids[1]], "done": [ids[2]]}
    assert [i.decision_id for i in store.reviews.page(state="claimed")] == [ids[0]]
    assert [i.decision_id for i in store.reviews.page(after=ids[1], limit=1)] == [ids[2]]
    with pytest.raises(ValueError, match="state"):
        store.reviews.page(state="lost")


@pytest.mark.parametrize("wrong", ["", "x", "\x00", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_what_is_no_item_is_told(store: Store, wrong: str) -> None:
    with pytest.raises(NotFoundError):
        store.reviews.get(wrong)
    with pytest.raises(NotFoundError):
        store.reviews.decide(wrong, ANN, RIGHT)


def test_totals_count_what_people_did_together(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    ids = _asked(store, 5)
    _asked(store, 2, policy="p@1/kids")
    store.reviews.decide(ids[0], ANN, RIGHT)
    store.reviews.decide(ids[1], BOB, RIGHT)
    store.reviews.decide(ids[2], BOB, WRONG)
    store.reviews.claim(ANN, Wanted(queue="default"))
    store.reviews.escalate(ids[3], ANN, "")
    totals = store.review_totals.stats(datetime.now(UTC) - timedelta(hours=1))
    children, default = totals.queues
    assert (children.queue, children.waiting, children.done, children.overdue) == ("children", 2, 0, 0)
    assert (default.waiting, default.claimed, default.escalated, default.done, default.in_time) == (2, 0, 1, 3, 3)
    assert default.oldest_s is not None
    ((label),) = totals.labels
    assert (label.label, label.right, label.wrong) == ("ads.contact", 2, 1)
    assert "ann" not in str(totals)
    assert "bob" not in str(totals)


def test_a_verdict_is_announced_with_it(store: Store) -> None:
    store.webhooks.create("w", "https://example.org/", events=["review.*"])
    (decision,) = _asked(store)
    store.reviews.decide(decision, ANN, replace(RIGHT, reason="their words"))
    store.reviews.undo(ANN)
    sent = store.database.read(lambda connection: connection.execute(select(webhook_deliveries.c.body)).scalars().all())
    assert decision in sent[0]
    assert "their words" not in "".join(sent)
    told = store.webhooks.deliveries(None)
    assert sorted(one.event for one in told) == ["review.decided", "review.undone"]


def test_items_go_with_their_decisions(open_here: OpenStore) -> None:
    store = open_here(keep_decisions_days=1)
    (decision,) = _asked(store)
    (other,) = _asked(store, content_hash="sha256:" + "cd" * 32)
    store.delete_content("sha256:" + "cd" * 32, decisions_too=True)
    with pytest.raises(NotFoundError):
        store.reviews.get(other)
    assert store.reviews.get(decision).state == "waiting"
    store.purge(datetime.now(UTC) + timedelta(days=2))
    assert store.reviews.page() == []
