"""Golden questions, own results, feedback and calibration sessions, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from evenhand.domain import Action, Fingerprint, id_time
from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.review.corrections import Corrections
from evenhand.review.documents import item_document
from evenhand.review.marking import Said
from evenhand.review.near import turned
from evenhand.settings import Settings
from evenhand.shelves.nearmarks import read_rows
from evenhand.store import Store
from evenhand.store.qualitytables import golden_questions
from evenhand.store.reviewrecords import Judged, NewMark, Person, ReviewItem, Verdict, Wanted
from evenhand.store.schema import webhook_deliveries
from tests.unit.store.factory import record

OpenStore = Callable[..., Store]
ANN, BOB, CYD, DAN, EVE = (Person(id=name, name=name) for name in ("ann", "bob", "cyd", "dan", "eve"))
CHIEF = Person(id="chief", name="chief", senior=True)
BLOCK = Verdict(judged=Judged.RIGHT, action="block")
PASS = Verdict(judged=Judged.WRONG, action="pass", labels=(), reason="a price")
START = datetime(2020, 1, 1, tzinfo=UTC)


def _store(open_here: OpenStore, tmp_path: Path, text: str = "default: {golden_rate: 0.5}") -> Store:
    (tmp_path / "q.yaml").write_text(text)
    return open_here(review_queues=tmp_path / "q.yaml")


def _asked(store: Store, **fields: object) -> str:
    made = record(**fields)
    store.record([made])
    return made.result.decision_id


def _past(store: Store) -> str:
    """Store a decision that nobody is asked about, for a question made by hand."""
    made = record(action=Action.PASS)
    store.record([made])
    return made.result.decision_id


def _until_golden(store: Store, person: Person, known: set[str]) -> ReviewItem:
    """Claim until something is given that is none of the known items; give the others back."""
    for _ in range(200):
        found = store.reviews.claim(person)
        assert found is not None
        if found.decision_id not in known:
            return found
        store.reviews.release(found.decision_id, person)
    raise AssertionError("no golden question came in 200 claims")


def test_a_golden_question_looks_like_any_other_item(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.webhooks.create("ear", "https://hooks.example/in", events=["review.*"])
    source = _past(store)
    store.golden.make(CHIEF, source, PASS, note="a price, no phone number")
    waiting = {_asked(store) for _ in range(3)}
    golden = _until_golden(store, ANN, waiting)
    real = store.reviews.get(sorted(waiting)[0])
    for name in ("queue", "priority", "level", "line", "kind", "language", "label", "note", "verdict"):
        assert getattr(golden, name) == getattr(real, name)
    assert abs(id_time(golden.decision_id) - golden.created_at) < timedelta(milliseconds=2)
    assert (golden.holder, golden.state) == ("ann", "claimed")
    shown = store.decision(golden.decision_id)
    assert (shown["decision_id"], shown["findings"]) == (golden.decision_id, store.decision(source)["findings"])
    done = store.reviews.decide(golden.decision_id, ANN, BLOCK)
    assert (done.state, done.verdict) == ("done", BLOCK.as_dict())
    assert "review" not in store.decision(source)
    assert store.database.read(lambda connection: connection.execute(select(webhook_deliveries)).all()) == []
    (queue,) = store.review_totals.stats(START).queues
    assert (queue.waiting, queue.done) == (3, 0)
    assert store.review_totals.stats(START).labels == ()


def test_a_golden_question_shows_no_hash_of_its_source_and_marks_about_it_hit_nothing(
    open_here: OpenStore, tmp_path: Path
) -> None:
    store = _store(open_here, tmp_path)
    source = _past(store)
    hashed = str(store.decision(source)["content_hash"])
    store.golden.make(CHIEF, source, PASS)
    golden = _until_golden(store, ANN, {_asked(store)})
    shown = item_document(golden, ANN)["content_hash"]
    assert golden.content_hash == hashed  # what is shown of the content is found by it
    assert shown != hashed
    assert (len(shown), shown[:7]) == (len(hashed), "sha256:")
    assert store.decision(golden.decision_id)["content_hash"] == shown
    assert store.log.many([golden.decision_id])[golden.decision_id]["content_hash"] == shown
    assert store.reviews.get(golden.decision_id, ANN).shown_hash == shown
    near = Fingerprint(kind="text", data=bytes(512))
    (mark,) = store.marks.add(ANN, [NewMark(decision_id=golden.decision_id, verdict=PASS, near=near)])
    assert (mark.content_hash, mark.decision_id) == (shown, golden.decision_id)
    (effect,) = store.marks.apply([mark.id], CHIEF)
    assert effect.decisions == 0
    corrections = Corrections(store)
    corrections.look()
    assert corrections.find(hashed) is None
    assert corrections.find(hashed, turned(near)) is None
    said = Said(decision_id=golden.decision_id, verdict="right", near=True, text="a text that is long enough for it")
    assert read_rows(store, Settings(plugins=False), [said])[0].near is not None
    by_hash = NewMark(content_hash=shown, verdict=PASS)
    store.marks.apply([one.id for one in store.marks.add(ANN, [by_hash])], CHIEF)
    corrections.look()
    assert corrections.find(hashed) is None
    # Another's word on a decision is a word on its content.
    (real,) = store.marks.add(ANN, [NewMark(decision_id=source, verdict=PASS)])
    assert real.content_hash == hashed
    # It goes with its content.
    store.delete_content(hashed, decisions_too=True)
    with pytest.raises(NotFoundError):
        store.reviews.get(golden.decision_id)


def test_nobody_is_asked_about_content_that_they_judged_when_it_was_sent_in_again(
    open_here: OpenStore, tmp_path: Path
) -> None:
    store = _store(open_here, tmp_path)
    source = _past(store)
    again = _asked(store, content_hash=store.decision(source)["content_hash"])
    assert (claimed := store.reviews.claim(ANN)) is not None
    assert claimed.decision_id == again
    store.reviews.decide(again, ANN, BLOCK)
    store.golden.make(CHIEF, source, PASS)
    waiting = {_asked(store)}
    for _ in range(40):
        found = store.reviews.claim(ANN)
        assert found is not None
        assert found.decision_id in waiting
        store.reviews.release(found.decision_id, ANN)
    assert _until_golden(store, BOB, waiting).content_hash == store.decision(source)["content_hash"]


def test_nobody_gets_a_question_twice_or_about_what_they_judged(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    source = _asked(store)
    store.reviews.decide(source, ANN, BLOCK)
    store.golden.make(CHIEF, source, BLOCK)
    waiting = {_asked(store) for _ in range(2)}
    seen = set()
    for person in (ANN, BOB):
        for _ in range(30):
            found = store.reviews.claim(person)
            assert found is not None
            if found.decision_id in waiting:
                store.reviews.release(found.decision_id, person)
            else:
                seen.add((person.id, found.decision_id))
                store.reviews.decide(found.decision_id, person, BLOCK)
    assert [person for person, _ in seen] == ["bob"]


def test_what_one_puts_back_another_gets(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.golden.make(CHIEF, _past(store), BLOCK)
    waiting = {_asked(store)}
    golden = _until_golden(store, ANN, waiting)
    store.reviews.skip(golden.decision_id, ANN, "not my language")
    given = {store.reviews.claim(BOB).decision_id for _ in range(2)}  # type: ignore[union-attr]
    assert given == {golden.decision_id, *waiting}


def test_a_question_fits_what_was_asked_for(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.golden.make(CHIEF, _past(store), BLOCK)
    waiting = _asked(store, languages=("fr",))
    for _ in range(30):
        found = store.reviews.claim(ANN)
        assert found is not None
        assert found.decision_id == waiting
        store.reviews.release(waiting, ANN)
    _asked(store)
    for _ in range(30):
        found = store.reviews.claim(ANN, Wanted(kind="text", label="ads.contact.phone"))
        assert found is None


def test_a_question_is_none_that_the_person_may_not_see(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.golden.make(CHIEF, _past(store), BLOCK)
    waiting = _asked(store, labels={"spam.flood": 0.9})
    limited = replace(ANN, labels=("spam",))
    for _ in range(30):
        found = store.reviews.claim(limited)
        assert found is not None
        assert found.decision_id == waiting
        store.reviews.release(waiting, limited)
    assert len(store.reviews.page()) == 1


def test_results_are_for_the_person_alone_and_come_after_an_hour(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.golden.make(CHIEF, _past(store), PASS, note="a price")
    golden = _until_golden(store, ANN, {_asked(store)})
    store.reviews.decide(golden.decision_id, ANN, BLOCK)
    assert store.reviews.undo(ANN).decision_id == golden.decision_id
    store.reviews.decide(golden.decision_id, ANN, BLOCK)
    assert store.quality.own(ANN, START).golden_answered == 0
    later = datetime.now(UTC) + timedelta(hours=2)
    own = store.quality.own(ANN, START, now=later)
    assert (own.golden_answered, own.golden_correct, own.verdicts) == (1, 0, 0)
    (answered,) = own.golden
    assert (answered.item_id, answered.correct, answered.note) == (golden.decision_id, False, "a price")
    assert answered.right == PASS.as_dict()
    assert store.quality.own(BOB, START, now=later).golden_answered == 0
    (totals,) = store.golden.totals(START)
    assert (totals.people, totals.answered, totals.correct, totals.spread) == (1, 1, None, None)


def test_totals_are_told_of_three_people_and_their_spread_of_five(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    store.golden.make(CHIEF, _past(store), PASS)
    waiting = {_asked(store)}
    for number, person in enumerate((ANN, BOB, CYD, DAN, EVE), 1):
        golden = _until_golden(store, person, waiting)
        store.reviews.decide(golden.decision_id, person, BLOCK if person is EVE else PASS)
        (totals,) = store.golden.totals(START)
        right = number - (person is EVE)
        assert (totals.answered, totals.correct) == (number, right if number > 2 else None)
        assert totals.spread == ((1, 0, 0, 0, 4) if number > 4 else None)


def test_questions_come_from_decisions_that_people_agree_about(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, "default: {second_rate: 1}")
    agreed, differ, alone = _asked(store), _asked(store), _asked(store)
    for decision_id in (agreed, differ):
        store.reviews.decide(decision_id, ANN, BLOCK)
    for said in (BLOCK, PASS):
        second = store.reviews.claim(BOB, Wanted())
        while second is not None and second.decision_id == alone:
            second = store.reviews.claim(BOB)
        assert second is not None
        store.reviews.decide(second.decision_id, BOB, said)
    assert len(store.quality.blind_pairs(START)) == 2
    (made,) = store.golden.from_agreed(CHIEF)
    assert (made.origin, made.verdict["action"]) == ("agreed", "block")
    assert store.golden.from_agreed(CHIEF) == []
    with pytest.raises(ValueError, match="500"):
        store.golden.from_agreed(CHIEF, count=0)


def test_questions_by_hand_are_checked_listed_and_retired(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path)
    source = _past(store)
    made = store.golden.make(CHIEF, source, BLOCK, note="why")
    with pytest.raises(ConflictError, match="already"):
        store.golden.make(CHIEF, source, BLOCK)
    with pytest.raises(NotFoundError):
        store.golden.make(CHIEF, "x", BLOCK)
    with pytest.raises(InputError, match="no queue"):
        store.golden.make(CHIEF, _past(store), BLOCK, queue="gone")
    assert [one.id for one in store.golden.page(queue="default")] == [made.id]
    assert store.golden.retire(CHIEF, made.id).retired_at is not None
    assert store.golden.page() == []
    assert len(store.golden.page(retired=True)) == 1
    with pytest.raises(NotFoundError):
        store.golden.retire(CHIEF, "x")
    _asked(store)
    for _ in range(30):
        found = store.reviews.claim(ANN)
        assert found is not None
        store.reviews.release(found.decision_id, ANN)
    assert len(store.reviews.page()) == 1
    store.delete_content(store.reviews.page()[0].content_hash, decisions_too=True)
    assert store.database.read(lambda connection: connection.execute(select(golden_questions)).all()) == []


def test_feedback_is_seen_and_acknowledged_by_whose_verdict_it_is(store: Store) -> None:
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    (vote,) = store.quality.votes(decision_id)
    with pytest.raises(ConflictError, match="your own"):
        store.quality.advise(ANN, vote.id, "hm")
    sent = store.quality.advise(CHIEF, vote.id, "look at the price")
    assert store.quality.feedback(BOB) == []
    (got,) = store.quality.feedback(ANN, unread=True)
    assert (got.id, got.note, got.verdict, got.item_id) == (sent.id, "look at the price", BLOCK.as_dict(), decision_id)
    with pytest.raises(NotFoundError):
        store.quality.acknowledge(BOB, sent.id)
    read = store.quality.acknowledge(ANN, sent.id, "I see")
    assert store.quality.acknowledge(ANN, sent.id, "again") == read
    assert store.quality.feedback(ANN, unread=True) == []
    assert [one.answer for one in store.quality.feedback(CHIEF, sent=True)] == ["I see"]
    with pytest.raises(NotFoundError):
        store.quality.advise(CHIEF, "x", "hm")
    assert "price" not in str(store.audit.page(limit=100))


def test_own_results_compare_with_what_stands(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, "default: {quorum: [{people: 2}]}")
    for said in (BLOCK, PASS):
        decision_id = _asked(store)
        store.reviews.decide(decision_id, ANN, BLOCK)
        store.reviews.decide(decision_id, BOB, said)
    store.reviews.decide(decision_id, CHIEF, PASS)
    own = store.quality.own(ANN, START)
    assert (own.verdicts, own.compared, own.agreed) == (2, 2, 1)


def test_disagreements_show_what_was_said_but_not_by_whom(open_here: OpenStore, tmp_path: Path) -> None:
    store = _store(open_here, tmp_path, "default: {quorum: [{people: 2}]}")
    decision_id = _asked(store)
    store.reviews.decide(decision_id, ANN, BLOCK)
    store.reviews.decide(decision_id, BOB, PASS)
    (found,) = store.quality.disagreements()
    assert (found.item_id, found.decision_id, found.state, found.verdict) == (decision_id, decision_id, "open", None)
    assert [vote.verdict["action"] for vote in found.votes] == ["block", "pass"]
    assert "ann" not in str(found)
    assert store.quality.disagreements(queue="other") == []
    store.reviews.decide(decision_id, CHIEF, PASS)
    assert store.quality.disagreements() == []
    (settled,) = store.quality.disagreements(done=True)
    assert (settled.state, len(settled.votes)) == ("done", 3)


def test_a_calibration_session_is_blind_until_it_is_closed(store: Store) -> None:
    ids = [_asked(store) for _ in range(2)]
    session = store.calibrations.make(CHIEF, "Prices", ids)
    assert (session.decisions, session.people) == (tuple(ids), 0)
    for person, said in ((ANN, BLOCK), (BOB, BLOCK), (BOB, PASS)):
        store.calibrations.judge(person, session.id, ids[0], said)
    first, second = store.calibrations.compare(ANN, session.id)
    assert (first.mine, first.verdicts, first.you, second.mine) == (BLOCK.as_dict(), {}, None, None)
    assert store.calibrations.units(session.id) == []
    with pytest.raises(ConflictError, match="open"):
        store.calibrations.note(ANN, session.id, ids[0], "why?")
    assert store.calibrations.close(CHIEF, session.id).closed_at is not None
    with pytest.raises(ConflictError, match="closed"):
        store.calibrations.judge(ANN, session.id, ids[1], BLOCK)
    store.calibrations.note(ANN, session.id, ids[0], "a phone number")
    first, _ = store.calibrations.compare(BOB, session.id)
    assert sorted(first.verdicts) == ["A", "B"]
    assert first.you is not None
    assert first.verdicts[first.you] == PASS.as_dict()
    assert [note.author for note in first.notes] == [({"A", "B"} - {first.you}).pop()]
    assert [len(unit) for unit in store.calibrations.units(session.id)] == [2, 0]
    with pytest.raises(NotFoundError):
        store.calibrations.judge(ANN, session.id, _asked(store), BLOCK)
    with pytest.raises(NotFoundError):
        store.calibrations.make(CHIEF, "x", [ids[0], "none"])
    with pytest.raises(ValueError, match="name"):
        store.calibrations.make(CHIEF, " ", ids)
    assert [one.people for one in store.calibrations.page()] == [2]
