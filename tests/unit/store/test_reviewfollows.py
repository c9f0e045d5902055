"""Jobs that follow verdicts, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from evenhand.domain import Action
from evenhand.errors import NotFoundError
from evenhand.store import Store
from evenhand.store.qualitytables import review_follows
from evenhand.store.reviewrecords import Judged, Person, Verdict
from tests.unit.store.factory import record

ANN = Person(id="ann", name="Ann")
RIGHT = Verdict(judged=Judged.RIGHT, action="block")
KIND = "alibaba.push"


def _followed(store: Store) -> list[str]:
    return [str(job.source["decision"]) for job in store.jobs.page(kind=KIND).items]


def test_a_job_follows_a_verdict_and_only_on_what_was_asked(store: Store) -> None:
    records = [record(action=Action.REVIEW) for _ in range(3)]
    store.record(records)
    first, second, third = (one.result.decision_id for one in records)
    store.review_follows.ask(first, KIND, tenant="key", source={"task": "x"})
    assert _followed(store) == []
    store.reviews.decide(second, ANN, RIGHT)
    assert _followed(store) == []
    store.reviews.decide(first, ANN, RIGHT)
    assert _followed(store) == [first]
    [job] = store.jobs.page(kind=KIND).items
    assert (job.tenant, job.source) == ("key", {"task": "x", "decision": first})
    store.review_follows.ask(second, KIND, tenant="key", source={})  # somebody has judged it already
    assert sorted(_followed(store)) == sorted([first, second])
    store.review_follows.ask(third, KIND, tenant="key", source={})
    store.retention.delete_content(records[2].result.content_hash, decisions_too=True)
    assert store.database.read(lambda connection: connection.execute(select(review_follows)).all()) == []
    with pytest.raises(NotFoundError):
        store.review_follows.ask(third, KIND, tenant="key", source={})
