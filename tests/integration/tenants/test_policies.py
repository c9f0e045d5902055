"""Policies and business lines of customers: made, approved and used within each, and unknown to the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.tenants.conftest import PASSED, House

PHONE = "+1 415 555 0100"
STRICT = """
name: {name}
version: "{version}"
lines:
  default:
    rules:
      - name: no-contacts
        when: {{label: ads.contact, score: {{min: 0.5}}}}
        action: block
        reason: no contact details here
"""


def published(house: House, who: str, document: str) -> str:
    """Draft, propose, approve and publish; the audit is taken as passed. Gives the version's id."""
    made = house.ask(who, "POST", "/v1/policies/versions", {"document": document}, status=201)
    path = f"/v1/policies/versions/{made['id']}"
    house.ask(who, "POST", f"{path}/propose", {})
    house.ask(f"{who[0]}-admin", "POST", f"{path}/approve", {})
    house.store.policy_versions.audited(made["id"], made["sha256"], PASSED, actor="local")
    done = house.ask(who, "POST", f"{path}/publish", {})
    assert done["state"] == "published", done
    return str(made["id"])


@pytest.fixture(scope="module")
def strict(house: House) -> str:
    """Publish a policy of tenant A, with a line that it decides; give its version's id."""
    version = published(house, "a-policy", STRICT.format(name="shop-a.strict", version="1"))
    bound = house.ask("a-policy", "PUT", "/v1/lines/shop-a.kids", {"policy": "shop-a.strict"})
    assert {one["name"]: one["tenant"] for one in bound["lines"]} == {
        "default": None,
        "shop-a.kids": house.tenants["a"],
    }
    time.sleep(0.5)
    return version


def test_a_tenants_line_decides_for_that_tenant_and_is_unknown_to_others(house: House, strict: str) -> None:
    text = f"Swimming lessons, call {PHONE}"
    assert house.check("a-key", text, line="shop-a.kids")["action"] == "block"
    assert house.check("key", text, line="shop-a.kids")["action"] == "block"  # the operator sees to all lines
    assert [house.check(who, text)["action"] for who in ("a-key", "b-key", "key")] == ["review", "review", "review"]
    for method, path, body in (
        ("POST", "/v1/check", {"text": text, "line": "{}"}),
        ("POST", "/v1/check:batch", {"items": [{"text": text}], "line": "{}"}),
        ("POST", "/v1/redact", {"text": text, "line": "{}", "labels": ["ads.contact"]}),
        ("POST", "/v1/jobs", {"kind": "bulk", "items": [{"text": text}], "line": "{}"}),
    ):
        told = []
        for name in ("shop-a.kids", "shop-b.none"):
            filled = {key: name if value == "{}" else value for key, value in body.items()}
            answer = house.clients["b-key"].request(method, path, json=filled)
            told.append((answer.status_code, answer.text.replace(name, "NAME")))
        assert told[0] == told[1], path
        assert told[0][0] >= 400, path
        assert "shop-a" not in told[0][1], path
    # What nobody's policies decide is not touched by it: no line, and no policy of theirs, became the main one.
    assert {one.name: one.policy for one in house.store.policies_live.lines()} == {
        "default": "people",
        "shop-a.kids": "shop-a.strict",
    }


def test_listings_have_what_is_theirs_and_nobodys(house: House, strict: str) -> None:
    for path in ("/v1/policies", "/v1/lines", "/v1/policies/state", "/v1/policies/versions", "/v1/policies/runs"):
        assert "shop-a" not in str(house.ask("b-policy", "GET", path)), path
        assert "shop-a" not in str(house.ask("b-key", "GET", path)), path
    for path in ("/v1/policies", "/v1/lines", "/v1/policies/state", "/v1/policies/versions"):
        mine = str(house.ask("a-policy", "GET", path))
        assert "people" in mine, path
        assert "shop-a" in mine, path
        assert "shop-a" in str(house.ask("op-policy", "GET", path)), path
    seen = house.clients["b-policy"].get("/console/policies")
    assert seen.status_code == 200
    assert "shop-a" not in seen.text
    assert "shop-a.strict" in house.clients["a-policy"].get("/console/policies").text


def test_others_versions_are_not_there(house: House, strict: str) -> None:
    path = "/v1/policies/versions/{}"
    document = STRICT.format(name="shop-b.strict", version="9")
    for method, more, body in (
        ("GET", "", None),
        ("GET", "/comments", None),
        ("GET", "/diff", None),
        ("GET", "/shadow", None),
        ("PUT", "", {"document": document}),
        ("POST", "/propose", {}),
        ("POST", "/approve", {}),
        ("POST", "/reject", {}),
        ("POST", "/withdraw", {}),
        ("POST", "/publish", {}),
        ("POST", "/unschedule", {}),
        ("POST", "/comments", {"text": "hello"}),
        ("POST", "/audit", {}),
        ("POST", "/blast-radius", {}),
        ("POST", "/shadow", {"on": True}),
    ):
        house.alike("b-policy", method, path + more, strict, body)
    live = "/v1/policies/live/{}"
    steps: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("GET", "/rates", None),
        ("POST", "/rollout", {"share": 0.5}),
        ("POST", "/rollback", {}),
        ("PUT", "/brake", {"brake": None}),
    )
    for method, more, sent in steps:
        house.alike("b-policy", method, live + more, "shop-a.strict", sent, instead="shop-b.nothing")
    house.alike("b-policy", "DELETE", "/v1/lines/{}", "shop-a.kids", instead="shop-b.nothing")
    house.alike("b-policy", "PUT", "/v1/lines/shop-b.x", "shop-a.strict", {"policy": "{}"}, instead="shop-b.nothing")
    undo = {
        "version": "1",
        "since": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        "until": datetime.now(UTC).isoformat(),
    }
    house.alike("b-policy", "POST", "/v1/policies/undo?policy={}", "shop-a.strict", undo, instead="shop-b.nothing")
    run = house.store.policy_runs.start("audit", "shop-a.strict", strict, {}, actor="local")
    house.alike("b-policy", "GET", "/v1/policies/runs/{}", run.id)
    house.alike("b-policy", "POST", "/v1/policies/runs/{}/revert", run.id, {})
    assert house.ask("a-policy", "GET", f"/v1/policies/runs/{run.id}")["kind"] == "audit"
    for page in (f"/console/policies/versions/{strict}", "/console/policies/live/shop-a.strict"):
        assert house.clients["b-policy"].get(page).status_code == 404
        assert house.clients["a-policy"].get(page).status_code == 200


def test_what_is_nobodys_is_used_and_read_and_not_changed(house: House) -> None:
    shared = next(one for one in house.store.policy_versions.page(policy="people") if one.state == "published")
    shown = house.ask("a-policy", "GET", f"/v1/policies/versions/{shared.id}")
    assert shown["document"] == house.store.policy_versions.get(shared.id).document
    path = f"/v1/policies/versions/{shared.id}"
    for method, more, body in (
        ("PUT", "", {"document": STRICT.format(name="shop-a.x", version="1")}),
        ("POST", "/reject", {}),
        ("POST", "/publish", {}),
        ("POST", "/comments", {"text": "hello"}),
        ("POST", "/blast-radius", {}),
        ("POST", "/audit", {}),
        ("POST", "/shadow", {"on": True}),
    ):
        house.ask("a-policy", method, path + more, body, status=403)
    house.ask("a-policy", "POST", "/v1/policies/live/people/rollback", {}, status=403)
    house.ask("a-policy", "PUT", "/v1/policies/live/people/brake", {"brake": None}, status=403)
    house.ask("a-policy", "DELETE", "/v1/lines/default", status=409)
    # Nor is it told what others' contents came to under it, or what is drafted.
    assert house.ask("a-policy", "GET", "/v1/policies/live/people/rates")["counts"] == {}
    draft = house.ask(
        "op-policy",
        "POST",
        "/v1/policies/versions",
        {"document": STRICT.format(name="people", version="2")},
        status=201,
    )
    house.alike("a-policy", "GET", "/v1/policies/versions/{}", draft["id"])
    assert draft["id"] not in str(house.ask("a-policy", "GET", "/v1/policies/versions"))
    page = house.clients["a-policy"].get(f"/console/policies/versions/{shared.id}")
    assert page.status_code == 200
    assert "belongs to no tenant" in page.text
    assert f"POST {path}/publish" not in page.text


@pytest.mark.parametrize("name", ["default", "people", "shop-b.strict", "shop-a", "strict", "shop-ax.strict"])
def test_names_are_within_the_tenants_prefix(house: House, name: str) -> None:
    document = STRICT.format(name=name, version="77")
    told = [
        house.ask("a-policy", "POST", "/v1/policies/versions", {"document": document}, status=422),
        house.ask("a-policy", "PUT", f"/v1/lines/{name}", {"policy": "people"}, status=422),
    ]
    for answer in told:
        assert "begin with shop-a." in answer["error"]["message"]


def test_nobodys_document_hides_no_tenants_line(house: House) -> None:
    for name in ("people", "shop-b.strict"):
        document = STRICT.format(name=name, version="5").replace(
            "  default:", "  shop-a.kids:\n    rules: []\n  default:"
        )
        answer = house.ask("op-policy", "POST", "/v1/policies/versions", {"document": document}, status=422)
        assert "begins like a tenant's" in answer["error"]["message"]


def test_nobodys_line_takes_no_tenants_policy(house: House, strict: str) -> None:
    house.ask("op-policy", "PUT", "/v1/lines/wide", {"policy": "shop-a.strict"}, status=409)
    house.ask("op-policy", "PUT", "/v1/lines/shop-b.wide", {"policy": "shop-a.strict"}, status=409)
    # What the operator makes under a tenant's prefix is the tenant's.
    made = house.ask("op-policy", "PUT", "/v1/lines/shop-b.calm", {"policy": "people"})
    assert {one["name"]: one["tenant"] for one in made["lines"]}["shop-b.calm"] == house.tenants["b"]
    assert "shop-b.calm" not in str(house.ask("a-policy", "GET", "/v1/lines"))
    time.sleep(0.5)
    assert house.check("b-key", f"Call {PHONE}", line="shop-b.calm")["action"] == "review"
    house.ask("b-policy", "DELETE", "/v1/lines/shop-b.calm")


def test_a_second_person_of_the_tenant_approves(house: House) -> None:
    made = house.ask(
        "a-policy",
        "POST",
        "/v1/policies/versions",
        {"document": STRICT.format(name="shop-a.two", version="1")},
        status=201,
    )
    path = f"/v1/policies/versions/{made['id']}"
    house.ask("a-policy", "POST", f"{path}/propose", {})
    house.ask("a-policy", "POST", f"{path}/approve", {}, status=409)
    house.alike("b-admin", "POST", "/v1/policies/versions/{}/approve", made["id"], {})
    assert house.ask("a-admin", "POST", f"{path}/approve", {})["state"] == "approved"
    # Those of tenants do not count among those who approve what is nobody's.
    from evenhand.store.policies import owners

    counted = house.store.database.read(lambda connection: owners(connection))
    assert counted == {house.store.accounts.get(name).id for name in ("op-policy", "op-admin")}


def test_past_decisions_that_a_tenants_version_is_judged_by_are_its_own(house: House, strict: str) -> None:
    from evenhand.app import AsyncModerator
    from evenhand.jobs.policies import tools_of
    from evenhand.publishing.working import perform

    for who in ("a-key", "b-key", "key"):
        house.check(who, f"Chess club on Mondays, call {PHONE}")
    mine = house.store.within(house.tenants["a"]).past_decisions
    theirs = {house.ask(who, "GET", "/v1/account")["id"] for who in ("a-key", "a-admin", "a-reviewer", "a-senior")}
    made = house.ask(
        "a-policy",
        "POST",
        "/v1/policies/versions",
        {"document": STRICT.format(name="shop-a.next", version="1")},
        status=201,
    )
    run = house.store.policy_runs.start("blast", "shop-a.next", made["id"], {"days": 1}, actor="local")
    moderator = AsyncModerator(house.settings)
    try:
        done = perform(house.store, run.id, tools_of(moderator, check=lambda texts, policy: []))
    finally:
        moderator.close()
    ids = {one["decision_id"] for one in done.result["examples"]}
    assert ids
    assert {house.store.log.caller(one) for one in ids} <= theirs
    from evenhand.publishing.desk import chosen

    assert done.result["decisions"] <= mine.count(chosen(1)) < house.store.past_decisions.count(chosen(1))
