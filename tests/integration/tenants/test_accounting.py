"""What customers' auditors account for: their own decisions, reports, dashboards and links of the audit log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.publishing.desk import chosen
from evenhand.store.policydecisions import Chosen
from tests.integration.tenants.conftest import House

PHONE = "+1 415 555 0100"
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def judged(house: House) -> dict[str, str]:
    """Have one decision of each judged; give their ids."""
    out = {}
    for who, reviewer in (("a-key", "a-reviewer"), ("b-key", "b-reviewer"), ("key", "op-reviewer")):
        made = house.check(who, f"Rowing club of {who}, call {PHONE}")
        out[who] = str(made["decision_id"])
        said = {"verdict": "wrong", "labels": [], "reason": f"fine for {who}"}
        house.ask(reviewer, "POST", f"/v1/review/items/{out[who]}/decide", said)
    for who in ("a-key", "b-key"):
        blocked = house.ask(
            f"{who[0]}-senior",
            "POST",
            "/v1/marks",
            {"decision_id": out[who], "verdict": "overridden", "action": "block", "reason": f"word of {who}"},
            status=201,
        )["marks"][0]
        out[f"{who} mark"] = blocked["id"]
    return out


def test_decisions_are_searched_within_the_tenant(house: House, judged: dict[str, str]) -> None:
    found = {who: str(house.ask(who, "GET", "/v1/decisions?limit=1000")) for who in ("a-auditor", "b-auditor")}
    assert judged["a-key"] in found["a-auditor"]
    assert judged["b-key"] not in found["a-auditor"]
    assert judged["key"] not in found["a-auditor"]
    assert judged["a-key"] not in found["b-auditor"]
    whole = str(house.ask("op-auditor", "GET", "/v1/decisions?limit=1000"))
    assert all(judged[who] in whole for who in ("a-key", "b-key", "key"))
    keys = {key.tenant: key.id for key in house.store.keys.list()}
    theirs = house.ask("a-auditor", "GET", f"/v1/decisions?tenant={keys[house.tenants['b']]}")
    assert theirs["decisions"] == []
    for other in (judged["b-key"], judged["key"]):
        house.alike("a-auditor", "GET", "/v1/decisions/{}", other)
        house.alike("a-auditor", "GET", "/v1/decisions/{}/statement", other)
        house.alike("a-auditor", "POST", "/v1/decisions/{}/replay", other, {"detectors": False})
        assert house.clients["a-auditor"].get(f"/console/decisions/{other}").status_code == 404
    own = judged["a-key"]
    assert house.ask("a-auditor", "POST", f"/v1/decisions/{own}/replay", {})["decision_id"] == own
    assert house.clients["a-auditor"].get(f"/console/decisions/{own}").status_code == 200
    page = house.clients["a-auditor"].get("/console/decisions").text
    assert own in page
    assert judged["b-key"] not in page


def test_the_audit_log_shows_what_is_theirs(house: House, judged: dict[str, str]) -> None:
    ids = {
        name: {house.store.accounts.get(f"{name}-{role}").id for role in ("reviewer", "senior", "admin")}
        for name in "ab"
    }
    told = house.ask("a-auditor", "GET", "/v1/audit-log?limit=1000")["entries"]
    subjects = {entry["subject"] for entry in told}
    assert {f"decision:{judged['a-key']}", f"mark:{judged['a-key mark']}", f"tenant:{house.tenants['a']}"} <= subjects
    assert {f"user:{one}" for one in ids["a"]} <= subjects
    text = json.dumps(told)
    for other in (judged["b-key"], judged["key"], judged["b-key mark"], house.tenants["b"], *ids["b"], "word of b-key"):
        assert other not in text, other
    assert "word of a-key" in text
    # Whoever did it: what the operator did to what is theirs, too, and nothing that is nobody's.
    house.ask("op-admin", "PATCH", "/v1/accounts/a-reviewer", {"labels": ["ads"]})
    house.ask("op-admin", "PATCH", "/v1/accounts/a-reviewer", {"labels": []})
    changed = house.ask("a-auditor", "GET", "/v1/audit-log?action=account.change&limit=1000")["entries"]
    assert {entry["actor"] for entry in changed} == {house.store.accounts.get("op-admin").id}
    subject = f"decision:{judged['b-key']}"
    assert house.ask("a-auditor", "GET", f"/v1/audit-log?subject={subject}")["entries"] == []
    assert house.ask("op-auditor", "GET", f"/v1/audit-log?subject={subject}")["entries"] != []
    lines = house.clients["a-auditor"].get("/v1/audit-log/export").text
    assert judged["a-key"] in lines
    assert judged["b-key"] not in lines
    page = house.clients["a-auditor"].get("/console/auditlog")
    assert page.status_code == 200
    assert judged["b-key"] not in page.text
    for path in ("head", "verify"):  # the chain is one for all
        house.ask("a-auditor", "GET", f"/v1/audit-log/{path}", status=403)


def test_figures_are_those_of_the_tenant(house: House, judged: dict[str, str]) -> None:
    def counted(who: str) -> int:
        rows = house.ask(who, "GET", "/v1/dashboards/volume?days=2")["rows"]
        return int(sum(row[1] for row in rows))

    before = {who: counted(who) for who in ("a-auditor", "b-auditor", "op-auditor")}
    house.check("b-key", f"Tap dance, call {PHONE}")
    after = {who: counted(who) for who in before}
    assert {who: after[who] - before[who] for who in before} == {"a-auditor": 0, "b-auditor": 1, "op-auditor": 1}
    mine = house.store.within(house.tenants["a"])
    assert after["a-auditor"] == mine.past_decisions.count(_since_yesterday())
    listed = house.ask("a-reviewer", "GET", "/v1/dashboards")["dashboards"]
    for name in (one["name"] for one in listed):
        house.ask("a-reviewer", "GET", f"/v1/dashboards/{name}?days=2")
    assert house.ask("a-reviewer", "GET", "/v1/dashboards/detectors?days=2")["rows"] == []
    queues = {who: house.ask(who, "GET", "/v1/dashboards/queues?days=2")["rows"] for who in ("a-auditor", "op-auditor")}
    assert sum(row[7] for row in queues["a-auditor"]) < sum(row[7] for row in queues["op-auditor"])
    assert house.clients["a-auditor"].get("/console/dashboards").status_code == 200
    assert house.clients["a-auditor"].get("/console").status_code == 200


def test_reports_and_statements_are_those_of_the_tenant(house: House, judged: dict[str, str]) -> None:
    asked = f"since={TODAY}&until={TODAY + timedelta(days=1)}"  # a run may begin before midnight and end after it
    total = {}
    for who in ("a-auditor", "b-auditor", "op-auditor"):
        report = house.ask(who, "GET", f"/v1/reports/transparency?{asked}")
        (actions,) = [one for one in report["sections"] if one["key"] == "actions"]
        total[who] = sum(int(row[1].replace(",", "")) for row in actions["rows"])
    assert 0 < total["a-auditor"] < total["op-auditor"]
    assert total["a-auditor"] + total["b-auditor"] < total["op-auditor"]
    statements = {who: house.ask(who, "GET", f"/v1/statements?{asked}") for who in ("a-auditor", "op-auditor")}
    counts = {who: sum(one["left_out"].values()) for who, one in statements.items()}
    assert counts["a-auditor"] < counts["op-auditor"]
    left = statements["a-auditor"]["left_out_ids"]
    mine = {key.id for key in house.store.keys.list(tenant=house.tenants["a"])}
    mine |= {user.id for user in house.store.accounts.users(tenant=house.tenants["a"])}
    assert {house.store.log.caller(one) for one in left} <= mine
    assert house.clients["a-auditor"].get("/console/reports").status_code == 200


def _since_yesterday() -> Chosen:
    return chosen(1.9)
