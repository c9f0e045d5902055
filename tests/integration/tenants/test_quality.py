"""Golden questions, agreement, calibration, feedback and appeals of customers: each about their own decisions."""

from __future__ import annotations

import pytest

from tests.integration.tenants.conftest import House

PHONE = "+1 415 555 0100"
FINE = {"verdict": "wrong", "labels": [], "reason": "fine"}


@pytest.fixture(scope="module")
def made(house: House) -> dict[str, str]:
    """Have decisions of each judged, made questions of, calibrated and appealed against; give the ids."""
    out = {}
    for name in ("a", "b"):
        one = house.check(f"{name}-key", f"Knitting circle of {name}, call {PHONE}")["decision_id"]
        out[f"{name} decision"] = str(one)
        house.ask(f"{name}-reviewer", "POST", f"/v1/review/items/{one}/decide", FINE)
        golden = house.ask(f"{name}-senior", "POST", "/v1/quality/golden", {"decision_id": one, **FINE}, status=201)
        out[f"{name} golden"] = golden["id"]
        session = house.ask(
            f"{name}-senior", "POST", "/v1/quality/calibrations", {"name": f"of {name}", "decisions": [one]}, status=201
        )
        out[f"{name} session"] = session["id"]
        (vote,) = house.ask(f"{name}-senior", "GET", f"/v1/quality/verdicts/{one}")["verdicts"]
        out[f"{name} vote"] = vote["id"]
        other = house.check(f"{name}-key", f"Pottery of {name}, call {PHONE}")["decision_id"]
        judged = {"verdict": "overridden", "action": "block", "reason": "seen"}
        house.ask(f"{name}-senior", "POST", f"/v1/review/items/{other}/decide", judged)
        said = {"decision_id": other, "statement": f"We of {name} did nothing wrong."}
        appeal = house.ask(f"{name}-key", "POST", "/v1/appeals", said, status=201)
        out[f"{name} appeal"] = appeal["id"]
        out[f"{name} appealed"] = str(other)
    return out


def test_lists_and_totals_are_of_the_tenants_decisions(house: House, made: dict[str, str]) -> None:
    for path, key in (
        ("/v1/quality/golden", "golden"),
        ("/v1/quality/calibrations", "session"),
        ("/v1/appeals", "appeal"),
    ):
        for who in ("a-senior", "op-senior"):
            found = str(house.ask(who, "GET", f"{path}?limit=1000"))
            assert made[f"a {key}"] in found, (who, path)
            assert (made[f"b {key}"] in found) == (who == "op-senior"), (who, path)
    assert house.ask("a-senior", "GET", f"/v1/quality/verdicts/{made['b decision']}") == {"verdicts": []}
    asked = {
        who: sum(one["questions"] for one in house.ask(who, "GET", "/v1/quality/golden/totals")["queues"])
        for who in ("a-senior", "op-senior")
    }
    assert asked == {"a-senior": 1, "op-senior": 2}
    opened = {
        who: sum(one["open"] for one in house.ask(who, "GET", "/v1/appeals/totals")["totals"])
        for who in ("a-reviewer", "op-reviewer")
    }
    assert opened == {"a-reviewer": 1, "op-reviewer": 2}
    for path in ("agreement", "disagreements", "own", "feedback"):
        house.ask("a-senior", "GET", f"/v1/quality/{path}")
    house.ask("a-senior", "POST", "/v1/quality/golden/from-agreed", {"count": 5}, status=201)


def test_others_are_not_there(house: House, made: dict[str, str]) -> None:
    verdict = {"decision_id": made["b decision"], **FINE}
    for who, method, path, other, body in (
        ("a-senior", "POST", "/v1/quality/golden/{}/retire", "b golden", {}),
        ("a-senior", "POST", "/v1/quality/golden", "b decision", {"decision_id": "{}", **FINE}),
        ("a-senior", "POST", "/v1/quality/calibrations", "b decision", {"name": "x", "decisions": ["{}"]}),
        ("a-reviewer", "GET", "/v1/quality/calibrations/{}", "b session", None),
        ("a-reviewer", "POST", "/v1/quality/calibrations/{}/judge", "b session", verdict),
        ("a-reviewer", "POST", "/v1/quality/calibrations/{}/notes", "b session", {"decision_id": "x", "note": "hello"}),
        ("a-senior", "POST", "/v1/quality/calibrations/{}/close", "b session", {}),
        ("a-senior", "POST", "/v1/quality/feedback", "b vote", {"verdict": "{}", "note": "hello"}),
        ("a-reviewer", "GET", "/v1/appeals/{}", "b appeal", None),
        ("a-reviewer", "POST", "/v1/appeals/{}/decide", "b appeal", {"outcome": "upheld", "explanation": "no"}),
        ("a-key", "POST", "/v1/appeals", "b appealed", {"decision_id": "{}", "statement": "We disagree."}),
    ):
        house.alike(who, method, path, made[other], body)
    for page in (f"/console/quality/calibrations/{made['b session']}", f"/console/appeals/{made['b appeal']}"):
        assert house.clients["a-senior"].get(page).status_code == 404
        assert house.clients["b-senior"].get(page).status_code == 200
    for page in ("", "/agreement", "/golden", "/disagreements", "/calibrations"):
        shown = house.clients["a-senior"].get(f"/console/quality{page}")
        assert shown.status_code == 200, page
        assert not any(made[f"b {what}"] in shown.text for what in ("golden", "session", "decision")), page
    shown = house.clients["a-senior"].get("/console/appeals")
    assert made["a appeal"] in shown.text
    assert made["b appeal"] not in shown.text


def test_work_is_done_within_the_tenant(house: House, made: dict[str, str]) -> None:
    one = {"decision_id": made["a decision"], **FINE}
    session = f"/v1/quality/calibrations/{made['a session']}"
    assert house.ask("a-reviewer", "POST", f"{session}/judge", one)["items"][0]["mine"]["action"] == "pass"
    assert house.ask("a-senior", "POST", f"{session}/close", {})["closed_at"] is not None
    sent = house.ask(
        "a-senior", "POST", "/v1/quality/feedback", {"verdict": made["a vote"], "note": "well seen"}, status=201
    )
    (got,) = house.ask("a-reviewer", "GET", "/v1/quality/feedback")["feedback"]
    assert got["id"] == sent["id"]
    claimed = house.ask("b-reviewer", "POST", "/v1/appeals/claim", {})
    assert claimed["id"] == made["b appeal"]
    assert house.ask("b-reviewer", "POST", "/v1/appeals/claim", {})["id"] is None
    done = house.ask(
        "b-reviewer",
        "POST",
        f"/v1/appeals/{made['b appeal']}/decide",
        {"outcome": "overturned", "action": "pass", "labels": [], "reason": "fine", "explanation": "You are right."},
    )
    assert done["state"] == "overturned"
    told = str(house.ask("a-auditor", "GET", "/v1/audit-log?limit=1000"))
    assert made["a appeal"] in told
    assert made["b appeal"] not in told
    assert house.ask("a-senior", "POST", f"/v1/quality/golden/{made['a golden']}/retire", {})["retired_at"] is not None
