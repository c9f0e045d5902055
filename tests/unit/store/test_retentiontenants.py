"""A tenant's data goes sooner, or at once and wholly; others' stays, and the audit log's chain holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evenhand.domain import Action, new_id
from evenhand.errors import NotFoundError
from evenhand.store import Original, Record, Store
from evenhand.store.reviewrecords import Judged, Person, Verdict
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import id_at, result

_NOW = datetime.now(UTC)


def _hash(letter: str) -> str:
    return "sha256:" + letter * 64


def _put(store: Store, key: str | None, letter: str, *, days: float = 0.0, action: Action = Action.REVIEW) -> str:
    made = id_at(_NOW - timedelta(days=days), int(new_id()[-11:], 16))
    one = result(decision_id=made, content_hash=_hash(letter), action=action)
    store.record([Record(result=one, original=Original(body=b"words", media_type="text/plain"), key_id=key)])
    return made


@pytest.fixture
def keeping(open_here: OpenStore) -> Store:
    """Give a store that keeps contents."""
    return open_here(keep_originals_days=30)


def test_erasing_a_tenant(keeping: Store) -> None:
    mine, shared, others = _put(keeping, "k1", "a"), _put(keeping, "k1", "b"), _put(keeping, "k2", "b")
    nobodys = _put(keeping, None, "c")
    ann = Person(id="ann", name="ann")
    keeping.reviews.decide(mine, ann, Verdict(judged=Judged.RIGHT, action="block", reason="a name"))
    before = keeping.audit.count()
    done = keeping.retention.tenants.erase("k1", actor="chief", reason="asked to")
    assert (done.decisions, done.originals) == (2, 1)
    for gone in (mine, shared):
        with pytest.raises(NotFoundError):
            keeping.decision(gone)
    assert keeping.decision(others)["decision_id"] == others
    assert keeping.decision(nobodys)["decision_id"] == nobodys
    assert keeping.original(_hash("b")).body == b"words"  # somebody else's, too
    with pytest.raises(NotFoundError):
        keeping.original(_hash("a"))
    verified = keeping.audit.verify()
    assert not verified.problems
    assert keeping.audit.count() > before
    assert done.audit_payloads
    about = keeping.audit.page(subject=f"decision:{mine}")
    assert about
    assert all(entry.payload is None for entry in about)
    last = keeping.audit.page(newest=True, limit=1)[0]
    assert (last.action, last.actor, last.subject) == ("tenant.erase", "chief", "tenant:k1")


def test_erasing_works_in_steps(keeping: Store) -> None:
    keeping.record(
        [Record(result=result(decision_id=new_id(), content_hash=_hash("d")), key_id="k1") for _ in range(450)]
    )
    assert keeping.retention.tenants.erase("k1").decisions == 450
    assert keeping.log.count() == 0
    assert not keeping.audit.verify().problems


def test_a_tenant_of_accounts_is_all_its_keys(keeping: Store) -> None:
    key = keeping.keys.create("shop", tenant="t1")
    _put(keeping, key.info.id, "a")
    _put(keeping, "other", "b")
    assert keeping.retention.tenants.erase("t1").decisions == 1
    assert keeping.log.count() == 1


def test_periods_of_a_tenant(keeping: Store) -> None:
    old, young = _put(keeping, "k1", "a", days=9), _put(keeping, "k1", "b", days=1)
    theirs = _put(keeping, "k2", "c", days=9)
    keeping.retention.tenants.set("k1", decisions_days=5, originals_days=None, actor="chief")
    assert keeping.purge().decisions == 1
    with pytest.raises(NotFoundError):
        keeping.decision(old)
    assert keeping.decision(young)
    assert keeping.decision(theirs)
    with pytest.raises(NotFoundError):
        keeping.original(_hash("a"))


def test_contents_of_a_tenant_go_before_its_decisions(keeping: Store) -> None:
    old, shared = _put(keeping, "k1", "a", days=9), _put(keeping, "k1", "b", days=9)
    _put(keeping, "k2", "b", days=1)
    _put(keeping, "k1", "c", days=1)
    keeping.retention.tenants.set("k1", decisions_days=None, originals_days=5)
    assert keeping.purge().originals == 1
    assert keeping.decision(old)
    assert keeping.decision(shared)
    with pytest.raises(NotFoundError):
        keeping.original(_hash("a"))
    assert keeping.original(_hash("b"))
    assert keeping.original(_hash("c"))


def test_periods_are_set_listed_and_taken_away(store: Store) -> None:
    tenants = store.retention.tenants
    tenants.set("k1", decisions_days=5, originals_days=1)
    tenants.set("k1", decisions_days=7, originals_days=None)
    assert [(one.tenant, one.decisions_days, one.originals_days) for one in tenants.list()] == [("k1", 7, None)]
    tenants.set("k1", decisions_days=None, originals_days=None)
    assert not tenants.list()
    assert [entry.action for entry in store.audit.page()] == ["retention.set"] * 3
    with pytest.raises(ValueError, match="negative"):
        tenants.set("k1", decisions_days=-1, originals_days=None)
