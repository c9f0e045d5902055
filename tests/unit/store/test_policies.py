"""Versions of policies, and which of them decide, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evenhand.domain import Action
from evenhand.errors import ConflictError, NotFoundError
from evenhand.store import Record, Store
from evenhand.store.policies import digest
from evenhand.store.policydecisions import Chosen
from evenhand.store.policyrecords import SHIPPED, Shadowed, Tally, Version
from evenhand.store.policyundo import Redecided
from evenhand.store.reviewrecords import Judged, Person, Verdict
from tests.unit.store.conftest import OpenStore
from tests.unit.store.factory import result

ANN = "ann"
ANY = Person(id=ANN, name="Ann", senior=True)


def made(store: Store, version: str = "1", policy: str = "house") -> Version:
    document = f'name: {policy}\nversion: "{version}"\nlines: {{default: {{extends: evenhand}}}}\n'
    return store.policy_versions.draft(policy, version, document, actor=ANN, note="why")


def approved(store: Store, version: str = "1", policy: str = "house") -> Version:
    found = made(store, version, policy)
    store.policy_versions.propose(found.id, actor=ANN)
    return store.policy_versions.approve(found.id, actor="ben")


def published(store: Store, version: str = "1", policy: str = "house", share: float = 1.0) -> Version:
    found = approved(store, version, policy)
    outcome = {"passed": True, "failures": []}
    assert store.policy_versions.audited(found.id, found.sha256, outcome, actor=ANN)
    store.policies_live.plan(found.id, {"share": share, "by": "content", "brake": None}, datetime.now(UTC), actor=ANN)
    assert store.policies_live.due() == [found.id]
    return store.policy_versions.get(found.id)


def test_a_draft_changes_until_it_is_proposed(store: Store) -> None:
    draft = made(store)
    store.policy_versions.audited(draft.id, draft.sha256, {"passed": True}, actor=ANN)
    text = draft.document.replace("evenhand", "evenhand ")
    saved = store.policy_versions.save(draft.id, "house", "1", text, actor=ANN, note="n", expects=draft.sha256)
    assert (saved.document, saved.sha256, saved.audit) == (text, digest(text), None)
    with pytest.raises(ConflictError, match="somebody else changed"):
        store.policy_versions.save(draft.id, "house", "1", text, actor=ANN, note="", expects=draft.sha256)
    store.policy_versions.propose(draft.id, actor=ANN)
    with pytest.raises(ConflictError, match="does not change"):
        store.policy_versions.save(draft.id, "house", "1", text, actor=ANN, note="", expects=None)
    assert store.policy_versions.reject(draft.id, actor="ben").state == "draft"
    assert store.policy_versions.withdraw(draft.id, actor=ANN).state == "withdrawn"
    assert [one.state for one in store.policy_versions.page(policy="house")] == ["withdrawn"]
    assert made(store).id != draft.id  # the name of a withdrawn version is free
    with pytest.raises(ConflictError, match="raise the version"):
        made(store)


def test_a_second_person_approves(open_here: OpenStore) -> None:
    store = open_here(policy_second_person=True)
    draft = made(store)
    with pytest.raises(ConflictError, match="would have to be proposed"):
        store.policy_versions.approve(draft.id, actor="ben")
    store.policy_versions.propose(draft.id, actor=ANN)
    with pytest.raises(ConflictError, match="somebody other than its author"):
        store.policy_versions.approve(draft.id, actor=ANN)
    assert store.policy_versions.approve(draft.id, actor="ben").approved_by == "ben"


def test_one_person_is_enough_where_there_is_only_one(store: Store) -> None:
    assert not store.policy_versions.second_person()
    store.keys.create("one", scopes=("policy",))
    assert not store.policy_versions.second_person()
    other = store.keys.create("two", scopes=("admin",))
    assert store.policy_versions.second_person()
    store.keys.revoke(other.info.id)
    assert not store.policy_versions.second_person()


def test_publishing_needs_approval_an_audit_and_its_time(store: Store) -> None:
    draft = made(store)
    plan = {"share": 1.0, "by": "content", "brake": None}
    with pytest.raises(ConflictError, match="once it was approved"):
        store.policies_live.plan(draft.id, plan, datetime.now(UTC), actor=ANN)
    store.policy_versions.propose(draft.id, actor=ANN)
    store.policy_versions.approve(draft.id, actor="ben")
    later = datetime.now(UTC) + timedelta(hours=1)
    store.policies_live.plan(draft.id, plan, later, actor=ANN)
    store.policy_versions.audited(draft.id, draft.sha256, {"passed": False, "failures": ["x"]}, actor=ANN)
    assert store.policies_live.due(later) == []
    assert not store.policy_versions.audited(draft.id, "another", {"passed": True}, actor=ANN)
    store.policy_versions.audited(draft.id, draft.sha256, {"passed": True}, actor=ANN)
    assert store.policies_live.due(later - timedelta(minutes=1)) == []
    assert store.policies_live.due(later) == [draft.id]
    assert store.policies_live.due(later) == []
    situation = store.policies_live.situation()
    assert situation.documents[draft.id] == ("house", draft.document)
    assert [(line.name, line.policy) for line in situation.lines] == [("default", "house")]
    assert store.policies.get("house", "1").document == draft.document


def test_rollout_rollback_and_the_revision(store: Store) -> None:
    first = published(store, "1")
    before = store.policies_live.revision()
    second = published(store, "2", share=0.1)
    live = store.policies_live.of("house")
    assert (live.live, live.candidate, live.share) == (first.id, second.id, 0.1)
    assert store.policies_live.revision() > before
    assert store.policies_live.rollout("house", 0.5, actor=ANN).share == 0.5
    live = store.policies_live.rollout("house", 1, actor=ANN)
    assert (live.live, live.previous, live.candidate) == (second.id, first.id, None)
    with pytest.raises(ConflictError, match="nothing is rolled out"):
        store.policies_live.rollout("house", 0.5, actor=ANN)
    assert store.policies_live.rollback("house", actor=ANN, only=first.id) is None  # it is not what decides
    back = store.policies_live.rollback("house", actor=ANN, reason="too much")
    assert back is not None
    assert (back.live, back.previous) == (first.id, None)
    assert store.policy_versions.get(second.id).state == "stopped"
    with pytest.raises(ConflictError, match="nothing to go back to"):
        store.policies_live.rollback("house", actor=ANN)
    actions = [entry.action for entry in store.audit.page()]
    assert actions.count("policy.publish") == 2
    assert {"policy.rollout", "policy.rollback", "policy.approve"} <= set(actions)
    assert store.audit.verify().problems == ()


def test_the_first_version_goes_back_to_the_policy_that_ships(store: Store) -> None:
    published(store)
    back = store.policies_live.rollback("house", actor=ANN)
    assert back is not None
    assert back.live == SHIPPED


def test_business_lines_are_bound_to_published_policies(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.policies_live.bind("kids", "house", "", actor=ANN)
    published(store)
    assert store.policies_live.bind("kids", "house", "a game", actor=ANN).policy == "house"
    assert [line.name for line in store.policies_live.lines()] == ["default", "kids"]
    store.policies_live.unbind("kids", actor=ANN)
    with pytest.raises(ConflictError, match="stays"):
        store.policies_live.unbind("default", actor=ANN)


def test_counts_add_up_and_shadows_are_told_up_to_a_limit(store: Store) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    fixed = {"version_id": "v", "at": at, "line": "default", "label": "", "language": ""}
    tally = Tally(**fixed, what="ruled", was="", would="block", count=2)  # type: ignore[arg-type]
    shadow = Tally(**fixed, what="shadow", was="pass", would="review", count=3)  # type: ignore[arg-type]
    told = Shadowed(
        version_id="v", decision_id="d", line="default", label="", language="", was="pass", would="review",
        rule=None, reason="r",
    )  # fmt: skip
    for _ in range(2):
        store.policy_counts.add([tally, shadow], [told])
    assert store.policy_counts.ruled("v", at) == {"block": 4}
    assert store.policy_counts.ruled("v", at + timedelta(seconds=1)) == {}
    assert [(one.was, one.would, one.count) for one in store.policy_counts.shadow("v")] == [("pass", "review", 6)]
    assert store.policy_counts.shadowed("v") == [told]
    store.policy_counts.purge(at + timedelta(days=3))
    assert store.policy_counts.ruled("v", at) == {}


def test_undoing_replaces_decisions_and_puts_them_back(store: Store) -> None:
    plain, judged, other = (result(policy="house@2/default") for _ in range(3))
    store.record([Record(result=one) for one in (plain, judged, other)])
    store.reviews.decide(judged.decision_id, ANY, Verdict(judged=Judged.RIGHT, action="block"))
    webhook = store.webhooks
    assert store.policy_undo.judged([plain.decision_id, judged.decision_id]) == {judged.decision_id}
    run = store.policy_runs.start("undo", "house", "v", {}, actor=ANN)
    chunk = [
        Redecided(
            decision_id=one.decision_id, action=Action.PASS, rule=None, reason="undone", policy="house",
            policy_version="1", line="default",
        )
        for one in (plain, judged)
    ]  # fmt: skip
    assert store.policy_undo.replace(run, chunk) == 1
    assert store.policy_undo.replace(run, chunk) == 0
    now = store.decision(plain.decision_id)
    assert (now["action"], now["policy"], now["undone"]["was"]["action"]) == ("pass", "house@1/default", "review")  # type: ignore[index]
    assert store.decision(judged.decision_id)["action"] == "review"
    with pytest.raises(NotFoundError):
        store.reviews.get(plain.decision_id)  # nobody needs to look any more
    back = store.policy_runs.start("revert", "house", "v", {"run": run.id}, actor=ANN)
    assert store.policy_undo.revert(run.id, back, "") == plain.decision_id
    assert store.policy_undo.revert(run.id, back, plain.decision_id) is None
    assert store.policy_undo.count(run.id) == (1, 1)
    then = store.decision(plain.decision_id)
    assert (then["action"], then["policy"], "undone" in then) == ("review", "house@2/default", False)
    assert store.reviews.get(plain.decision_id).state == "waiting"
    assert webhook is not None


def test_what_undoing_reopens_goes_where_its_line_and_labels_send_it(open_here: OpenStore, tmp_path: Path) -> None:
    queues = tmp_path / "queues.yaml"
    queues.write_text(
        "queues: [{name: kids, lines: [kids], priority: 7, target_minutes: 60}, {name: french, languages: [fr]}]\n"
    )
    store = open_here(review_queues=queues, review_target_s=60)
    kids, french, other = (
        result(action=Action.PASS, policy=f"house@2/{line}", languages=languages)
        for line, languages in (("kids", ("en",)), ("default", ("fr",)), ("default", ("en",)))
    )
    store.record([Record(result=one) for one in (kids, french, other)])
    run = store.policy_runs.start("undo", "house", "v", {}, actor=ANN)
    chunk = [
        Redecided(
            decision_id=one.decision_id, action=Action.REVIEW, rule=None, reason="undone", policy="house",
            policy_version="1", line=one.policy.rpartition("/")[2],
        )
        for one in (kids, french, other)
    ]  # fmt: skip
    assert store.policy_undo.replace(run, chunk) == 3
    items = [store.reviews.get(one.decision_id) for one in (kids, french, other)]
    assert [(one.queue, one.priority) for one in items] == [("kids", 7), ("french", 0), ("default", 0)]
    assert timedelta(minutes=59) < items[0].due_at - datetime.now(UTC) <= timedelta(minutes=60)


def test_past_decisions_come_in_pages_in_order(store: Store) -> None:
    results = [result(policy=f"house@{number % 2}/default") for number in range(5)]
    store.record([Record(result=one, context={"a": 1}) for one in results])
    now = datetime.now(UTC)
    chosen = Chosen(since=now - timedelta(hours=1), until=now + timedelta(hours=1), policy="house", version="1")
    found = [past for page in store.past_decisions.pages(chosen) for past in page]
    assert [past.decision_id for past in found] == [results[1].decision_id, results[3].decision_id]
    assert store.past_decisions.count(chosen) == 2
    assert store.past_decisions.actions(now - timedelta(hours=1)) == {"review": 5}


def test_runs_tell_how_far_they_are(store: Store) -> None:
    run = store.policy_runs.start("blast", "house", "v", {"days": 1}, actor=ANN)
    store.policy_runs.change(run.id, state="running", done=5, total=9)
    assert (store.policy_runs.get(run.id).done, store.policy_runs.get(run.id).finished_at) == (5, None)
    store.policy_runs.change(run.id, state="done", result={"a": 1})
    (found,) = store.policy_runs.page(version_id="v", kind="blast")
    assert found.result == {"a": 1}
    assert found.finished_at is not None


def test_comments_stand_with_their_version(store: Store) -> None:
    draft = made(store)
    store.policy_versions.comment(draft.id, " <b>why?</b> ", actor="ben", line=3)
    (said,) = store.policy_versions.comments(draft.id)
    assert (said.text, said.line, said.author) == ("<b>why?</b>", 3, "ben")
    with pytest.raises(ValueError, match="1 to 4000"):
        store.policy_versions.comment(draft.id, " ", actor="ben")
