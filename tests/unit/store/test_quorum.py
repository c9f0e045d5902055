"""Quorum, blind second review, disagreements and undoing, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from evenhand.errors import ConflictError, NotFoundError, SettingsError
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.qualitytables import review_tasks, review_votes
from evenhand.store.reviewqueues import read_queues
from evenhand.store.reviewrecords import Judged, Person, ReviewItem, Verdict, Wanted
from evenhand.store.schema import webhook_deliveries
from tests.unit.store.factory import record

OpenStore = Callable[..., Store]
ANN, BOB, CYD = (Person(id=name, name=name) for name in ("ann", "bob", "cyd"))
CHIEF, HEAD = (Person(id=name, name=name, senior=True) for name in ("chief", "head"))
BLOCK = Verdict(judged=Judged.RIGHT, action="block")
PASS = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="a price")
MARK = Verdict(judged=Judged.OVERRIDDEN, action="mark", reason="mild")
TWO = "default: {quorum: [{people: 2, actions: [block]}]}"
THREE = "default: {quorum: [{people: 2, actions: [block]}, {people: 3, labels: [ads]}]}"
SECOND = "default: {second_rate: 1, target_minutes: 30}"


def _store(open_here: OpenStore, tmp_path: Path, text: str) -> Store:
    (tmp_path / "q.yaml").write_text(text)
    return open_here(review_queues=tmp_path / "q.yaml")


def _asked(store: Store) -> str:
    made = record()
    store.record([made])
    return made.result.decision_id


def _claim(store: Store, person: Person) -> ReviewItem | None:
    return store.reviews.claim(person)


def _has(store: Store, person: Person) -> ReviewItem:
    found = store.reviews.claim(person)
    assert found is not None
    return found


def _events(store: Store) -> list[str]:
    rows = store.database.read(lambda connection: connection.execute(select(webhook_deliveries.c.event)).all())
    return sorted(row.event for row in rows)


def _hear(store: Store) -> None:
    store.webhooks.create("ear", "https://hooks.example/in", events=["review.*"])


def test_a_verdict_with_a_quorum_takes_effect_once_enough_people_agree(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, TWO)
    decision_id = _asked(store)
    assert _has(store, ANN).decision_id == decision_id
    after = store.reviews.decide(decision_id, ANN, BLOCK)
    assert (after.state, after.verdict, after.decided_by) == ("waiting", None, None)
    assert "review" not in store.decision(decision_id)
    assert _claim(store, ANN) is None
    with pytest.raises(ConflictError, match="judged that decision already"):
        store.reviews.decide(decision_id, ANN, BLOCK)
    assert _has(store, BOB).decision_id == decision_id
    assert store.reviews.decide(decision_id, BOB, BLOCK).state == "done"
    assert store.decision(decision_id)["review"] is not None


def test_what_no_rule_names_needs_one_person(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, TWO)
    assert store.reviews.decide(_asked(store), ANN, PASS).state == "done"


def test_the_largest_quorum_that_fits_counts_and_labels_count_whatever_the_action(
    open_here: OpenStore, tmp_path: Path
) -> None:
    store = _store(open_here, tmp_path, THREE)
    decision_id = _asked(store)
    states = [store.reviews.decide(decision_id, who, PASS).state for who in (ANN, BOB, CYD)]
    assert states == ["waiting", "waiting", "done"]


def test_people_who_differ_before_a_quorum_are_settled_by_somebody_senior(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, TWO)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    after = store.reviews.decide(decision_id, BOB, PASS)
    assert (after.state, after.level, "People differ" in after.note) == ("waiting", 1, True)
    assert _claim(store, CYD) is None
    assert _has(store, CHIEF).decision_id == decision_id
    done = store.reviews.decide(decision_id, CHIEF, BLOCK)
    assert (done.state, done.verdict) == ("done", BLOCK.as_dict())


def test_a_third_opinion_goes_to_another_senior(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, "default: {quorum: [{people: 2}]}")
    decision_id = _asked(store)
    for who, verdict in ((ANN, BLOCK), (BOB, PASS), (CHIEF, MARK)):
        assert store.reviews.decide(decision_id, who, verdict).state == "waiting"
    assert _claim(store, CHIEF) is None
    assert store.reviews.decide(decision_id, HEAD, MARK).state == "done"


def test_a_second_person_is_asked_blind_and_agrees(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    _hear(store)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    assert _claim(store, ANN) is None
    second = _has(store, BOB)
    assert second.decision_id != decision_id
    assert (second.queue, second.label, second.content_hash, second.verdict, second.note) == (
        "default",
        "ads.contact",
        store.reviews.get(decision_id).content_hash,
        None,
        "",
    )
    shown = store.decision(second.decision_id)
    assert (shown["decision_id"], "review" in shown) == (second.decision_id, False)
    assert shown["findings"] == store.decision(decision_id)["findings"]
    assert store.log.many([second.decision_id])[second.decision_id] == shown
    assert store.reviews.decide(second.decision_id, BOB, BLOCK).state == "done"
    assert _claim(store, CHIEF) is None
    assert _events(store) == ["review.decided"]


def test_where_the_second_differs_the_first_stands_until_somebody_senior_decides(
    open_here: OpenStore, tmp_path: Path
) -> None:
    store = _store(open_here, tmp_path, SECOND)
    _hear(store)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    store.reviews.decide(_has(store, BOB).decision_id, BOB, PASS)
    assert store.reviews.get(decision_id).verdict == BLOCK.as_dict()
    assert _claim(store, CYD) is None
    third = _has(store, CHIEF)
    assert third.note == "People differ about this one: right, block; wrong, pass."
    store.reviews.decide(third.decision_id, CHIEF, PASS)
    assert store.reviews.get(decision_id).verdict == PASS.as_dict()
    assert _events(store) == ["review.decided", "review.decided"]
    with pytest.raises(ConflictError, match="settled a disagreement"):
        store.reviews.undo(CHIEF)
    with pytest.raises(ConflictError, match="somebody else has judged it since"):
        store.reviews.undo(ANN)


def test_who_judged_first_may_not_decide_the_second_item_by_its_id(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    store.reviews.decide(_asked(store), ANN, BLOCK)
    second = next(item for item in store.reviews.page() if item.state == "waiting")
    with pytest.raises(ConflictError, match="judged that decision already"):
        store.reviews.decide(second.decision_id, ANN, BLOCK)


def test_who_had_a_part_neither_takes_nor_is_handed_it(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    ann, bob = (Person(id=store.keys.create(name, scopes=("review",)).info.id, name=name) for name in ("ann", "bob"))
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ann, BLOCK)
    second = next(item for item in store.reviews.page() if item.state == "waiting")
    appeal, _ = store.appeals.file(decision_id, "no")
    for item_id in (second.decision_id, appeal.item_id):
        with pytest.raises(ConflictError, match="judged that decision"):
            store.reviews.take(item_id, ann)
        store.reviews.take(item_id, bob)
        with pytest.raises(ConflictError, match="had a part"):
            store.reviews.hand_over(item_id, bob, "ann")


def test_undo_takes_back_who_was_asked_besides(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    assert len(store.reviews.page()) == 2
    assert store.reviews.undo(ANN).holder == "ann"
    assert [item.decision_id for item in store.reviews.page()] == [decision_id]
    store.reviews.decide(decision_id, ANN, PASS)
    assert len(store.reviews.page()) == 2


def test_undo_of_a_verdict_that_waits_for_a_quorum(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, TWO)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    assert _has(store, BOB).decision_id == decision_id
    with pytest.raises(ConflictError, match="looking at it now"):
        store.reviews.undo(ANN)
    store.reviews.release(decision_id, BOB)
    assert store.reviews.undo(ANN).state == "claimed"
    assert store.reviews.decide(decision_id, ANN, PASS).state == "done"
    with pytest.raises(NotFoundError):
        store.reviews.undo(BOB)


def test_verdicts_and_second_items_are_forgotten_with_their_decision(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    store.purge()
    assert len(store.reviews.page()) == 2
    store.delete_content(store.reviews.get(decision_id).content_hash, decisions_too=True)
    assert store.reviews.page() == []
    left = [
        store.database.read(lambda connection, table=table: connection.execute(select(table)).all())  # type: ignore[misc]
        for table in (review_tasks, review_votes)
    ]
    assert left == [[], []]


def test_a_decision_counts_once_however_many_were_asked(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    store.reviews.decide(_has(store, BOB).decision_id, BOB, PASS)
    store.reviews.decide(_has(store, CHIEF).decision_id, CHIEF, PASS)
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert [(row.decision_id, row.wrong) for row in store.reports.judged(since, until)] == [(decision_id, True)]
    assert [(one.label, one.right, one.wrong) for one in store.review_totals.stats(since).labels] == [
        ("ads.contact", 0, 1)
    ]


def test_erasing_a_tenant_takes_what_people_said_besides(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    tenant = store.accounts.create_tenant("shop", actor="chief").id
    key = store.keys.create("shop", scopes=("check",), tenant=tenant).info.id
    made = replace(record(), key_id=key)
    store.record([made])
    decision_id = made.result.decision_id
    store.reviews.decide(decision_id, ANN, BLOCK)
    second = _has(store, BOB)
    store.appeals.file(decision_id, "my own words")
    assert len(store.reviews.page()) == 3
    store.retention.tenants.erase(tenant, actor="chief", reason="asked to")
    assert store.reviews.page() == []
    with pytest.raises(NotFoundError):
        store.decision(second.decision_id)
    assert store.appeals.page() == []
    assert "my own words" not in str(store.audit.page(limit=100))


def test_items_of_purged_decisions_go(open_here: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(SECOND)
    store = open_here(review_queues=tmp_path / "q.yaml", keep_decisions_days=1)
    store.reviews.decide(_asked(store), ANN, BLOCK)
    later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)
    store.purge(later)
    assert store.reviews.page() == []


def test_no_two_people_get_one_item_and_nobody_judges_twice(open_here: OpenStore, tmp_path: Path) -> None:
    """Twelve decisions, each judged by three of six people at once: never twice by one, never two at a time."""
    store = _store(open_here, tmp_path, "default: {quorum: [{people: 3}]}")
    ids = [_asked(store) for _ in range(12)]
    people = [Person(id=f"p{number}", name=f"p{number}") for number in range(6)]
    faults: list[str] = []
    end = time.monotonic() + 120

    def work(person: Person) -> None:
        while time.monotonic() < end and any(item.state != "done" for item in store.reviews.page()):
            found = store.reviews.claim(person)
            if found is None:
                continue
            try:
                store.reviews.decide(found.decision_id, person, BLOCK)
            except ConflictError as error:
                faults.append(error.message)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert faults == []
    query = select(review_votes.c.decision_id, review_votes.c.person)
    votes = [tuple(row) for row in store.database.read(lambda connection: connection.execute(query).all())]
    assert len(votes) == len(set(votes)) == 36
    assert {item.state for item in store.reviews.page()} == {"done"}
    assert {vote[0] for vote in votes} == set(ids)
    for decision_id in ids:
        steps = [(entry.action, entry.actor) for entry in store.audit.page(subject=f"decision:{decision_id}")]
        assert [step[0] for step in steps] == ["review.claim", "review.decide"] * 3
        assert [step[1] for step in steps[::2]] == [step[1] for step in steps[1::2]]
    assert store.audit.verify().problems == ()


def test_queues_say_how_they_are_worked_on(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(
        "queues: [{name: a, golden_rate: 0.1, quorum: [{people: 3, actions: [block], labels: [sexual]}]}]\n"
        "default: {target_minutes: 5}\nappeals: {priority: 3}\n"
    )
    queues = read_queues(Settings(review_queues=tmp_path / "q.yaml"))
    first = queues.working("a")
    assert (first.needed("block", ["sexual.nudity"]), first.needed("pass", ["sexual"]), first.needed("block", [])) == (
        3,
        1,
        1,
    )
    assert (queues.working("gone").target_minutes, queues.appeals.priority) == (5, 3)
    assert queues.appeals.target_minutes == 7 * 24 * 60


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("queues: [{name: appeals}]", "taken twice"),
        ("default: {name: x}", "name"),
        ("default: {golden_rate: 0.6}", "golden_rate"),
        ("default: {quorum: [{people: 1}]}", "people"),
        ("default: {quorum: [{people: 2, actions: [review]}]}", "actions"),
    ],
)
def test_a_wrong_way_of_working_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "q.yaml").write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_queues(Settings(review_queues=tmp_path / "q.yaml"))


def test_claims_of_a_queue_still_filter(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, SECOND)
    store.reviews.decide(_asked(store), ANN, BLOCK)
    assert store.reviews.claim(BOB, Wanted(queue="other")) is None
    assert store.reviews.claim(BOB, Wanted(queue="default", label="ads")) is not None
