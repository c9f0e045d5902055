"""Reviewers' wellness on both databases: settings, budgets, variety, breaks, and what nobody else is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from evenhand.errors import ConflictError
from evenhand.store import Store
from evenhand.store.reviewrecords import Judged, Person, Verdict
from evenhand.store.wellnesstables import exposures
from tests.unit.store.factory import record

OpenStore = Callable[..., Store]
ANN, BOB, CAT = (Person(id=name, name=name) for name in ("ann", "bob", "cat"))
GORE, INSULT = {"violence.graphic": 0.9}, {"harassment.insult": 0.9}
RIGHT = Verdict(judged=Judged.RIGHT, action="block")


def _asked(store: Store, *labels: dict[str, float]) -> list[str]:
    records = [record(labels=one) for one in labels]
    store.record(records)
    return [one.result.decision_id for one in records]


def _later(store: Store, person: Person, minutes: float) -> None:
    """Have everything that a person was shown be so much longer ago."""

    def work(connection: Any) -> None:
        from sqlalchemy import select

        for row in connection.execute(select(exposures).where(exposures.c.person == person.id)).all():
            by = timedelta(minutes=minutes)
            mine = (exposures.c.person == person.id, exposures.c.decision_id == row.decision_id)
            connection.execute(update(exposures).where(*mine).values(at=row.at - by, last_at=row.last_at - by))

    store.database.write(work)


def test_everything_is_on_by_default_and_changes_are_kept(store: Store) -> None:
    comfort = store.wellness.comfort(ANN)
    assert (comfort.blur, comfort.greyscale, comfort.mute, comfort.small) == (True, True, True, True)
    assert comfort.budget["violence.graphic"] == 40
    assert (comfort.break_after_minutes, comfort.break_after_hard, comfort.in_a_row) == (50, 20, 5)
    changed = store.wellness.change(ANN, {"greyscale": False, "opt_outs": ["self_harm"], "budget": {"hate": 3}})
    assert store.wellness.comfort(ANN) == changed
    assert (changed.greyscale, changed.opt_outs, changed.budget) == (False, ("self_harm",), {"hate": 3})
    assert store.wellness.comfort(BOB).greyscale is True
    store.wellness.change(ANN, {"greyscale": True})
    assert store.wellness.comfort(ANN).opt_outs == ("self_harm",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"blurr": True}, "no setting"),
        ({"blur": "yes"}, "true or false"),
        ({"opt_outs": "hate"}, "labels"),
        ({"opt_outs": ["<b>"]}, "no label"),
        ({"budget": {"hate": -1}}, "from 0"),
        ({"in_a_row": True}, "from 0"),
        ({"break_minutes": 0}, "from 1"),
    ],
)
def test_settings_that_make_no_sense_are_told(store: Store, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        store.wellness.change(ANN, changes)


def test_what_somebody_opted_out_of_is_given_to_others(store: Store) -> None:
    store.wellness.change(ANN, {"opt_outs": ["violence"]})
    gore, both = _asked(store, GORE, {"harassment.insult": 0.9, "violence.graphic": 0.6})
    given = store.reviews.give(ANN)
    assert given.item is None
    assert given.held_back is not None
    assert (given.held_back.why, given.held_back.until) == ("limits", None)
    (little,) = _asked(store, {"harassment.insult": 0.9, "violence.graphic": 0.4})
    assert _id(store, ANN) == little
    assert [_id(store, BOB), _id(store, BOB)] == [gore, both]
    assert store.reviews.give(ANN).held_back is None, "nothing waits any more"


def test_what_somebody_opted_out_of_is_not_handed_to_them_and_nobody_learns_why(store: Store) -> None:
    people = {name: store.keys.create(name, scopes=("review",)).info.id for name in ("bob", "cat")}
    store.wellness.change(Person(id=people["bob"], name="bob"), {"opt_outs": ["violence"]})
    (gore,) = _asked(store, GORE)
    assert _id(store, ANN) == gore
    with pytest.raises(ConflictError) as refused:
        store.reviews.hand_over(gore, ANN, "bob")
    assert "opted" not in str(refused.value)
    assert store.reviews.hand_over(gore, ANN, "cat").holder == people["cat"]


def test_one_very_item_is_claimed_unless_somebody_has_it(store: Store) -> None:
    one, other = _asked(store, INSULT, INSULT)
    assert store.reviews.take(other, ANN).holder == "ann"
    assert store.reviews.take(other, ANN).holder == "ann"
    with pytest.raises(ConflictError, match="somebody else"):
        store.reviews.take(other, BOB)
    store.wellness.rest(BOB, 5)
    with pytest.raises(ConflictError, match="break"):
        store.reviews.take(one, BOB)
    assert store.wellness.today(ANN).items == 1


def test_the_budget_of_a_day_is_kept_and_comes_back(store: Store) -> None:
    store.wellness.change(ANN, {"budget": {"violence": 2}, "break_after_minutes": 0})
    _asked(store, GORE, GORE, GORE)
    assert all(_id(store, ANN) for _ in range(2))
    held = store.reviews.give(ANN).held_back
    assert held is not None
    assert held.why == "limits"
    today = store.wellness.today(ANN)
    assert (today.items, today.hard, today.labels) == (2, 2, {"violence": 2})
    _later(store, ANN, 24 * 60 + 1)
    assert _id(store, ANN) is not None


def test_not_too_many_of_a_kind_in_a_row_while_others_wait(store: Store) -> None:
    store.wellness.change(ANN, {"in_a_row": 2, "break_after_hard": 0})
    first, second, third, fourth, other = _asked(store, INSULT, INSULT, INSULT, INSULT, {"ads.contact": 0.9})
    assert [_id(store, ANN) for _ in range(6)] == [first, second, other, third, fourth, None]


def test_a_break_is_due_after_hard_items_and_after_long_work(store: Store) -> None:
    store.wellness.change(ANN, {"break_after_hard": 2, "break_minutes": 5})
    _asked(store, GORE, GORE, GORE, GORE, INSULT)
    assert all(_id(store, ANN) for _ in range(2))
    held = store.reviews.give(ANN).held_back
    assert held is not None
    assert held.until is not None
    assert held.why == "break"
    assert timedelta(minutes=4) < held.until - datetime.now(UTC) <= timedelta(minutes=5)
    assert store.wellness.today(ANN).rest_until == held.until
    again = store.reviews.give(ANN).held_back
    assert again is not None
    assert again.until == held.until, "asking again does not lengthen it"
    assert _id(store, BOB) is not None

    store.wellness.change(BOB, {"break_after_minutes": 30, "break_minutes": 5})
    for _ in range(10):  # at work all the time, an item of three minutes after another
        _later(store, BOB, 3)
        held = store.reviews.give(BOB).held_back
        if held is not None:
            break
        _asked(store, INSULT)
    assert held is not None
    assert held.why == "break"


def test_being_away_is_a_break_and_a_long_item_is_none(store: Store) -> None:
    store.wellness.change(ANN, {"break_after_minutes": 30, "break_minutes": 10})
    first, _second, _third = _asked(store, INSULT, INSULT, INSULT)
    assert _id(store, ANN) == first
    _later(store, ANN, 40)
    store.reviews.decide(first, ANN, RIGHT)
    held = store.reviews.give(ANN).held_back
    assert held is not None, "forty minutes at one item, without a pause"
    store.wellness.change(BOB, {"break_after_minutes": 30, "break_minutes": 10})
    assert _id(store, BOB) is not None
    _later(store, BOB, 40)
    assert _id(store, BOB) is not None
    assert store.wellness.today(BOB).working_since is not None


def test_a_break_of_ones_own(store: Store) -> None:
    _asked(store, INSULT)
    until = store.wellness.rest(ANN, 30)
    assert _id(store, ANN) is None
    assert store.wellness.rest(ANN, 1) == until
    with pytest.raises(ValueError, match="480"):
        store.wellness.rest(ANN, 500)


def test_others_learn_nothing_of_one_person(store: Store) -> None:
    since = datetime.now(UTC) - timedelta(days=7)
    _asked(store, GORE, INSULT, INSULT)
    store.wellness.change(ANN, {"opt_outs": ["hate"]})
    for person in (ANN, BOB):
        assert _id(store, person) is not None
    assert store.wellness.totals(since) is None
    assert _id(store, CAT) is not None
    assert store.wellness.totals(since) == {
        "people": 3,
        "items": 3,
        "hard": 1,
        "labels": {"harassment.insult": 2, "violence.graphic": 1},
    }
    (entry,) = [one for one in store.audit.page() if one.action == "wellness.change"]
    assert entry.payload is not None
    assert (entry.payload["before"], entry.payload["after"]) == (None, None)


def test_old_exposures_are_purged(open_here: OpenStore, tmp_path: Path) -> None:
    store = open_here()
    _asked(store, INSULT)
    assert _id(store, ANN) is not None
    store.purge(datetime.now(UTC) + timedelta(days=36))
    assert store.wellness.today(ANN).items == 0


def _id(store: Store, person: Person) -> str | None:
    item = store.reviews.claim(person)
    return None if item is None else item.decision_id
