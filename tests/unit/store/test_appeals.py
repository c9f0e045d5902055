"""Appeals on both databases: who gets them, what they change, and that there is one for each party."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from evenhand.domain import Action
from evenhand.errors import ConflictError, EvenhandError, InputError, NotFoundError
from evenhand.store import Store
from evenhand.store.qualitytables import appeals as table
from evenhand.store.qualitytables import review_barred
from evenhand.store.reviewrecords import Judged, NewMark, Person, ReviewItem, Verdict, Wanted
from evenhand.store.schema import decisions, webhook_deliveries
from tests.unit.store.factory import HASH, record

OpenStore = Callable[..., Store]
ANN, BOB, CYD, DAN = (Person(id=name, name=name) for name in ("ann", "bob", "cyd", "dan"))
CHIEF = Person(id="chief", name="chief", senior=True)
BLOCK = Verdict(judged=Judged.RIGHT, action="block")
PASS = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="a price")
MARK = Verdict(judged=Judged.OVERRIDDEN, action="mark", reason="mild")
START = datetime(2020, 1, 1, tzinfo=UTC)
APPEALS = Wanted(queue="appeals")


def _decided(store: Store, action: Action = Action.BLOCK, key: str | None = None) -> str:
    made = replace(record(action=action), key_id=key)
    store.record([made])
    return made.result.decision_id


def _claim(store: Store, person: Person) -> ReviewItem | None:
    return store.reviews.claim(person, APPEALS)


def test_an_appeal_against_an_automatic_decision_changes_its_record(store: Store) -> None:
    store.webhooks.create("ear", "https://hooks.example/in", events=["appeal.*"])
    decision_id = _decided(store)
    appeal, new = store.appeals.file(decision_id, "  It is the price of a bicycle. ", language="zh")
    assert (new, appeal.state, appeal.judged, appeal.statement) == (
        True,
        "open",
        False,
        "It is the price of a bicycle.",
    )
    assert appeal.before == {"action": "block", "labels": ["ads.contact"]}
    assert store.reviews.claim(ANN) is None
    item = _claim(store, ANN)
    assert item is not None
    assert (item.decision_id, item.queue) == (appeal.item_id, "appeals")
    assert store.appeals.of_item(item.decision_id).id == appeal.id
    with pytest.raises(ConflictError, match="is an appeal"):
        store.reviews.decide(item.decision_id, ANN, PASS)
    with pytest.raises(ConflictError, match="somebody else holds"):
        store.appeals.decide(appeal.id, BOB, "overturned", PASS, explanation="You are right.")
    done = store.appeals.decide(appeal.id, ANN, "overturned", PASS, explanation="You are right.", reason="price")
    assert (done.state, done.verdict, done.explanation) == ("overturned", PASS.as_dict(), "You are right.")
    assert store.decision(decision_id)["review"]["action"] == "pass"  # type: ignore[index]
    with pytest.raises(ConflictError, match="final"):
        store.appeals.decide(appeal.id, BOB, "upheld", None, explanation="No.")
    with pytest.raises(NotFoundError, match="undo"):
        store.reviews.undo(ANN)
    rows = store.database.read(lambda connection: connection.execute(select(webhook_deliveries)).all())
    assert [row.event for row in rows] == ["appeal.filed", "appeal.decided"]
    assert "bicycle" not in str(rows)
    assert '"outcome":"overturned"' in rows[1].body
    stats = store.review_totals.stats(START)
    assert [(one.queue, one.done, one.waiting) for one in stats.queues] == [("appeals", 1, 0)]
    assert [(one.label, one.right, one.wrong) for one in stats.labels] == [("ads.contact", 0, 1)]
    (totals,) = store.appeals.totals(START)
    assert (totals.label, totals.judged, totals.overturned, totals.in_time) == ("ads.contact", False, 1, 1)
    assert store.audit.verify().problems == ()


def test_an_appeal_never_goes_to_who_took_part(store: Store) -> None:
    decision_id = _decided(store, Action.REVIEW)
    store.reviews.claim(ANN)
    store.reviews.skip(decision_id, ANN, "unsure")
    store.reviews.claim(BOB)
    store.reviews.escalate(decision_id, BOB, "hard")
    store.reviews.decide(decision_id, CHIEF, BLOCK)
    (mark,) = store.marks.add(CYD, [NewMark(content_hash=HASH, verdict=PASS)])
    assert mark.person == "cyd"
    appeal, _ = store.appeals.file(decision_id, "no")
    assert appeal.judged
    for person in (ANN, BOB, CYD, CHIEF):
        assert _claim(store, person) is None
        with pytest.raises(ConflictError, match=r"took part|judged that decision"):
            store.appeals.decide(appeal.id, person, "upheld", None, explanation="It stays.")
    assert _claim(store, DAN) is not None
    store.appeals.decide(appeal.id, DAN, "upheld", None, explanation="It stays.")
    assert store.reviews.get(decision_id).verdict == BLOCK.as_dict()
    with pytest.raises(ConflictError, match="appealed"):
        store.reviews.undo(CHIEF)


def test_who_decided_one_appeal_does_not_get_the_next_about_the_same(store: Store) -> None:
    decision_id = _decided(store)
    first, _ = store.appeals.file(decision_id, "no")
    second, _ = store.appeals.file(decision_id, "no, either", party="reporter:7")
    store.appeals.decide(first.id, ANN, "partly", MARK, explanation="Some of it.")
    assert _claim(store, ANN) is None
    item = _claim(store, BOB)
    assert item is not None
    assert item.decision_id == second.item_id
    store.appeals.decide(second.id, BOB, "overturned", PASS, explanation="All of it.")
    assert store.reviews.get(decision_id).verdict == PASS.as_dict()
    (totals,) = store.appeals.totals(START)
    assert (totals.partly, totals.overturned) == (1, 1)


def test_the_same_words_are_one_appeal_and_others_a_conflict(store: Store) -> None:
    decision_id = _decided(store)
    first, _ = store.appeals.file(decision_id, "no")
    assert store.appeals.file(decision_id, " no\r\n") == (first, False)
    with pytest.raises(ConflictError, match="one appeal for each party"):
        store.appeals.file(decision_id, "really no")
    assert store.appeals.of_party(decision_id, "author") == first
    assert store.appeals.of_party(decision_id, "other") is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"statement": " \n"}, "empty"),
        ({"statement": "x" * 4_001}, "4001 characters"),
        ({"statement": "no", "party": "a b"}, "party"),
        ({"statement": "no", "party": ""}, "party"),
        ({"statement": "no", "language": "english please"}, "language"),
    ],
)
def test_bad_input_is_told(store: Store, fields: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        store.appeals.file(_decided(store), **fields)


def test_what_cannot_be_appealed_against_is_told(open_here: OpenStore) -> None:
    store = open_here(appeal_days=30)
    with pytest.raises(NotFoundError):
        store.appeals.file("none", "no")
    with pytest.raises(NotFoundError):
        store.appeals.file(_decided(store, key="key-1"), "no", keys=["key-2"])
    with pytest.raises(ConflictError, match="still to decide"):
        store.appeals.file(_decided(store, Action.REVIEW), "no")
    old = _decided(store)
    then = datetime.now(UTC) - timedelta(days=31)
    store.database.write(
        lambda connection: connection.execute(
            decisions.update().where(decisions.c.decision_id == old).values(created_at=then)
        )
    )
    with pytest.raises(ConflictError, match="30 days"):
        store.appeals.file(old, "no")


def test_outcomes_must_make_sense(store: Store) -> None:
    appeal, _ = store.appeals.file(_decided(store), "no")
    for outcome, verdict, why, told in (
        ("maybe", None, "x", "no outcome"),
        ("upheld", PASS, "x", "only there"),
        ("overturned", None, "x", "Give a verdict"),
        ("upheld", None, " ", "Explain"),
        ("partly", Verdict(judged=Judged.OVERRIDDEN, action="block", reason="x"), "x", "changes nothing"),
    ):
        with pytest.raises(InputError, match=told):
            store.appeals.decide(appeal.id, ANN, outcome, verdict, explanation=why)
    with pytest.raises(NotFoundError, match="may decide"):
        store.appeals.decide(appeal.id, replace(ANN, labels=("spam",)), "upheld", None, explanation="x")
    with pytest.raises(NotFoundError):
        store.appeals.decide("x", ANN, "upheld", None, explanation="x")
    assert store.appeals.get(appeal.id).state == "open"


def test_appeals_are_listed_by_state(store: Store) -> None:
    one, _ = store.appeals.file(_decided(store), "no")
    two, _ = store.appeals.file(_decided(store), "no")
    store.appeals.decide(one.id, ANN, "upheld", None, explanation="It stays.")
    assert [x.id for x in store.appeals.page(state="open")] == [two.id]
    assert [x.id for x in store.appeals.page(state="decided")] == [one.id]
    assert [x.id for x in store.appeals.page(decision_id=one.decision_id, state="upheld")] == [one.id]
    assert [x.id for x in store.appeals.page(after=one.id)] == [two.id]
    with pytest.raises(ValueError, match="state"):
        store.appeals.page(state="x")


def test_erasing_a_content_erases_what_the_appellant_wrote(store: Store) -> None:
    appeal, _ = store.appeals.file(_decided(store), "my words")
    store.delete_content(HASH)
    assert store.appeals.get(appeal.id).statement == ""
    store.delete_content(HASH, decisions_too=True)
    for one in (table, review_barred):
        assert store.database.read(lambda connection, one=one: connection.execute(select(one)).all()) == []  # type: ignore[misc]
    assert store.reviews.page() == []


def test_of_many_who_file_at_once_one_does(store: Store) -> None:
    decision_id = _decided(store)
    made: list[bool] = []
    told: list[str] = []

    def file(number: int) -> None:
        try:
            made.append(store.appeals.file(decision_id, "same" if number % 2 else "other")[1])
        except EvenhandError as error:
            told.append(error.code)

    threads = [threading.Thread(target=file, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert made.count(True) == 1
    assert (len(made), told) == (4, ["conflict"] * 4)
    assert len(store.appeals.page()) == 1


def test_of_many_who_decide_at_once_one_does(store: Store) -> None:
    appeal, _ = store.appeals.file(_decided(store), "no")
    people = [Person(id=f"p{number}", name="p") for number in range(6)]
    done: list[str] = []
    told: list[str] = []

    def decide(person: Person) -> None:
        try:
            done.append(store.appeals.decide(appeal.id, person, "overturned", PASS, explanation="Yes.").state)
        except EvenhandError as error:
            told.append(error.code)

    threads = [threading.Thread(target=decide, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (done, told) == (["overturned"], ["conflict"] * 5)


def test_a_verdict_is_undone_or_appealed_against_but_not_both(store: Store) -> None:
    done: list[str] = []
    told: list[str] = []

    def race(start: threading.Barrier, name: str, work: Callable[[], object]) -> None:
        start.wait(30)
        try:
            work()
            done.append(name)
        except ConflictError as error:
            told.append(error.message)

    for _ in range(6):
        done.clear()
        decision_id = _decided(store, Action.REVIEW)
        store.reviews.decide(decision_id, ANN, BLOCK)
        start = threading.Barrier(2)
        works: dict[str, Callable[[], object]] = {
            "undone": partial(store.reviews.undo, ANN),
            "filed": partial(store.appeals.file, decision_id, "no"),
        }
        threads = [threading.Thread(target=race, args=(start, name, work)) for name, work in works.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (done, store.reviews.get(decision_id).state) in ((["undone"], "claimed"), (["filed"], "done"))
        if done == ["undone"]:
            store.reviews.decide(decision_id, ANN, BLOCK)
    assert len(told) == 6
    assert all("appealed" in message or "still to decide" in message for message in told)
