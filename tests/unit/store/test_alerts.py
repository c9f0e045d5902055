"""Alerts are raised once and cleared once, on both databases, whoever looks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.accounting.alerts import FIGURES, checked, look
from evenhand.domain import Action, new_id
from evenhand.errors import ConflictError, NotFoundError, UserError
from evenhand.store import Store
from evenhand.store.alerts import NewAlert
from tests.unit.store.factory import record


def _share(store: Store, blocked: int, passed: int) -> None:
    actions = [Action.BLOCK] * blocked + [Action.PASS] * passed
    store.record([record(decision_id=new_id(), action=action) for action in actions])


def _alert(**fields: object) -> NewAlert:
    values: dict[str, object] = {"name": "blocks", "figure": "block_share", "threshold": 0.3, "least": 10, **fields}
    return checked(NewAlert(**values))  # type: ignore[arg-type]


def test_raised_once_and_cleared_once(store: Store) -> None:
    store.webhooks.create("hook", "https://example.org/", events=["alert.*"])
    store.alerts.create(_alert())
    _share(store, 3, 2)
    assert look(store) == []  # fewer than ten: nothing is said
    _share(store, 6, 4)
    assert [event for _, event in look(store)] == ["alert.raised"]
    assert look(store) == []
    assert store.alerts.get("blocks").state == "raised"
    _share(store, 0, 60)
    assert [event for _, event in look(store)] == ["alert.cleared"]
    assert look(store) == []
    events = [json.loads(one.body) for one in store.webhooks.deliveries()]
    assert [one["type"] for one in events] == ["alert.cleared", "alert.raised"]
    assert events[1]["data"]["value"] == 0.6
    assert [entry.action for entry in store.audit.page(action="alert.*")] == [
        "alert.create",
        "alert.raised",
        "alert.cleared",
    ]


def test_two_who_look_at_once_tell_it_once(store: Store) -> None:
    seen = store.alerts.create(_alert())
    assert store.alerts.looked(seen, 0.9, 50) == "alert.raised"
    assert store.alerts.looked(seen, 0.9, 50) is None  # the other's knowledge is older


def test_too_little_leaves_it_as_it_is(store: Store) -> None:
    seen = store.alerts.create(_alert())
    store.alerts.looked(seen, 0.9, 50)
    raised = store.alerts.get("blocks")
    assert store.alerts.looked(raised, None, 3) is None
    assert store.alerts.get("blocks").state == "raised"


def test_what_was_looked_at_a_moment_ago_is_left_alone(store: Store) -> None:
    store.alerts.create(_alert())
    _share(store, 10, 0)
    assert look(store)
    _share(store, 0, 90)
    assert look(store, unless_s=30) == []
    assert look(store, now=datetime.now(UTC) + timedelta(seconds=40), unless_s=30)


def test_switched_off_it_is_silent(store: Store) -> None:
    store.alerts.create(_alert())
    store.alerts.switch("blocks", on=False)
    _share(store, 20, 0)
    assert look(store) == []
    store.alerts.switch("blocks", on=True)
    assert look(store)
    store.alerts.remove("blocks")
    with pytest.raises(NotFoundError):
        store.alerts.get("blocks")


def test_a_name_is_taken_once(store: Store) -> None:
    store.alerts.create(_alert())
    with pytest.raises(ConflictError):
        store.alerts.create(_alert())


@pytest.mark.parametrize(
    "fields",
    [
        {"figure": "no such"},
        {"filters": {"queue": "x"}},
        {"figure": "drift"},
        {"window_s": 5},
        {"least": 0},
        {"threshold": float("nan")},
    ],
)
def test_what_cannot_be_watched_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UserError):
        _alert(**fields)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_can_be_had(store: Store, figure: str) -> None:
    needs = FIGURES[figure].needs
    filters = {} if needs is None else {needs: "ads.contact"}
    store.alerts.create(_alert(figure=figure, filters=filters, least=1, window_s=86_400, threshold=1e9))
    _share(store, 2, 2)
    assert look(store) == []
    assert store.alerts.get("blocks").checked_at is not None
