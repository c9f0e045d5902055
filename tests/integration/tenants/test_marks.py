"""What one customer's people mark answers that customer's contents, and nobody else's."""

from __future__ import annotations

import time

from tests.integration.tenants.conftest import House

PHONE = "+1 415 555 0100"
TEXT = f"The choir meets on Thursday evenings in the old hall; call Mary at {PHONE} to join our spring concert"
NEAR = TEXT.replace("spring", "autumn")


def applied(house: House, who: str, **said: object) -> str:
    """Mark and apply as somebody senior; give the id once all processes know it."""
    (mark,) = house.ask(
        who, "POST", "/v1/marks", {"verdict": "wrong", "reason": "fine", "labels": [], **said}, status=201
    )["marks"]
    house.ask(who, "POST", "/v1/marks/apply", {"ids": [mark["id"]]})
    time.sleep(1.2)
    return str(mark["id"])


def test_a_correction_answers_its_tenants_contents_alone_those_to_come_too(house: House) -> None:
    before = {who: house.check(who, TEXT) for who in ("a-key", "b-key", "key")}
    near = {who: house.check(who, NEAR) for who in ("a-key", "b-key", "key")}
    assert {one["action"] for one in (*before.values(), *near.values())} == {"review"}
    said = {
        "decision_id": before["a-key"]["decision_id"],
        "verdict": "wrong",
        "reason": "fine",
        "labels": [],
        "near": True,
    }
    (mark,) = house.ask("a-reviewer", "POST", "/v1/marks", said, status=201)["marks"]
    assert mark["tenant"] == house.tenants["a"]
    (effect,) = house.ask("a-reviewer", "POST", "/v1/marks/preview", {"ids": [mark["id"]]})["effects"]
    mine = {before["a-key"]["decision_id"], near["a-key"]["decision_id"]}
    assert {one["decision_id"] for one in effect["touched"]} == mine
    assert (effect["decisions"], effect["touched_total"]) == (1, 2)
    (done,) = house.ask("a-senior", "POST", "/v1/marks/apply", {"ids": [mark["id"]]})["effects"]
    assert {one["decision_id"] for one in done["touched"]} == mine
    time.sleep(1.2)
    for text in (TEXT, NEAR, TEXT.replace("Thursday", "Friday")):
        got = {who: house.check(who, text) for who in ("a-key", "b-key", "key")}
        assert {who: one["action"] for who, one in got.items()} == {"a-key": "pass", "b-key": "review", "key": "review"}
        assert got["a-key"]["rule"] == "mark"
        assert "mark" not in got["b-key"]["reason"]
    # Whichever way it comes in: in a batch, and from a person.
    batch = {who: house.ask(who, "POST", "/v1/check:batch", {"items": [{"text": TEXT}]}) for who in ("a-key", "b-key")}
    assert [batch[who]["results"][0]["action"] for who in ("a-key", "b-key")] == ["pass", "review"]
    assert [house.check(who, TEXT)["action"] for who in ("a-admin", "b-admin")] == ["pass", "review"]
    # Stored decisions of others do not show it.
    shown = {who: house.ask(who, "GET", f"/v1/decisions/{before[who]['decision_id']}") for who in before}
    assert {who: "marked" in one for who, one in shown.items()} == {"a-key": True, "b-key": False, "key": False}
    house.ask("a-senior", "POST", "/v1/marks/undo", {"ids": [mark["id"]]})
    time.sleep(1.2)
    assert house.check("a-key", TEXT)["action"] == "review"


def test_two_tenants_may_say_different_things_about_one_content(house: House) -> None:
    text = f"Old piano for sale in the north of town, ring {PHONE} after six"
    hashed = house.check("a-key", text)["content_hash"]
    mine = applied(house, "a-senior", content_hash=hashed)
    assert [house.check(who, text)["action"] for who in ("a-key", "b-key", "key")] == ["pass", "review", "review"]
    (said,) = house.ask(
        "b-senior",
        "POST",
        "/v1/marks",
        {"content_hash": hashed, "verdict": "overridden", "reason": "seen", "action": "block"},
        status=201,
    )["marks"]
    (effect,) = house.ask("b-senior", "POST", "/v1/marks/preview", {"ids": [said["id"]]})["effects"]
    assert (effect["replaces"], effect["clashes"]) == (None, [])
    house.ask("b-senior", "POST", "/v1/marks/apply", {"ids": [said["id"]]})
    time.sleep(1.2)
    assert [house.check(who, text)["action"] for who in ("a-key", "b-key", "key")] == ["pass", "block", "review"]
    # The operator's word holds for everybody who has not said otherwise, and takes nobody's place.
    (wide,) = house.ask(
        "op-senior",
        "POST",
        "/v1/marks",
        {"content_hash": hashed, "verdict": "overridden", "reason": "seen", "action": "mark"},
        status=201,
    )["marks"]
    # The operator may apply all three at once: they are about one content, but of different people's.
    effects = house.ask("op-senior", "POST", "/v1/marks/preview", {"ids": [mine, said["id"], wide["id"]]})["effects"]
    assert [effect["clashes"] for effect in effects] == [[], [], []]
    house.ask("op-senior", "POST", "/v1/marks/apply", {"ids": [wide["id"]]})
    time.sleep(1.2)
    assert [house.check(who, text)["action"] for who in ("a-key", "b-key", "key")] == ["pass", "block", "mark"]
    house.ask("b-senior", "POST", "/v1/marks/undo", {"ids": [said["id"]]})
    time.sleep(1.2)
    assert [house.check(who, text)["action"] for who in ("a-key", "b-key", "key")] == ["pass", "mark", "mark"]
    assert house.store.marks.some([mine])[0].state == "applied"


def test_marks_of_others_are_not_there(house: House) -> None:
    theirs = house.check("b-key", f"Guitar lessons for beginners, call {PHONE}")
    (mark,) = house.ask(
        "b-reviewer", "POST", "/v1/marks", {"decision_id": theirs["decision_id"], "verdict": "right"}, status=201
    )["marks"]
    for step in ("preview", "apply", "undo"):
        house.alike("a-senior", "POST", f"/v1/marks/{step}", mark["id"], {"ids": ["{}"]})
    for said in (
        {"verdict": "wrong", "reason": "fine", "labels": []},
        {"verdict": "overridden", "reason": "seen", "action": "block"},
    ):
        house.alike("a-reviewer", "POST", "/v1/marks", theirs["decision_id"], {"decision_id": "{}", **said})
    assert mark["id"] not in str(house.ask("a-reviewer", "GET", "/v1/marks"))
    assert house.ask("a-reviewer", "GET", f"/v1/marks?content_hash={theirs['content_hash']}")["marks"] == []
    assert mark["id"] in str(house.ask("b-senior", "GET", "/v1/marks"))
    assert mark["id"] in str(house.ask("op-reviewer", "GET", "/v1/marks"))
    # What is kept of another's content is no help either, by its hash or by its decision.
    near = {"content_hash": theirs["content_hash"], "verdict": "wrong", "reason": "fine", "labels": [], "near": True}
    none = {**near, "content_hash": "sha256:" + "0" * 64}
    answers = [house.ask("a-reviewer", "POST", "/v1/marks", body, status=422) for body in (near, none)]
    assert answers[0] == answers[1]
    by_id = [
        house.ask(
            "a-reviewer",
            "POST",
            "/v1/marks",
            {"decision_id": one, "verdict": "wrong", "reason": "fine", "labels": [], "near": True},
            status=422,
        )
        for one in (theirs["decision_id"], "01890a5d-ac96-774b-bcce-b302099a8057")
    ]
    told = [str(one).replace(theirs["decision_id"], "ID") for one in by_id]
    assert told[0] == told[1].replace("01890a5d-ac96-774b-bcce-b302099a8057", "ID")
    page = house.clients["a-reviewer"].get("/console/marks?state=all")
    assert page.status_code == 200
    assert theirs["decision_id"] not in page.text
    assert theirs["decision_id"] in house.clients["b-reviewer"].get("/console/marks?state=all").text


def test_what_a_tenants_people_say_teaches_nobody_else(house: House) -> None:
    from evenhand.learning.evidence import judgements

    one = house.check("a-key", f"Kittens looking for a home, ask at {PHONE}")
    house.ask("a-reviewer", "POST", "/v1/marks", {"decision_id": one["decision_id"], "verdict": "right"}, status=201)
    house.ask("a-reviewer", "POST", f"/v1/review/items/{one['decision_id']}/decide", {"verdict": "right"})
    other = house.check("key", f"Puppies looking for a home, ask at {PHONE}")
    house.ask("op-reviewer", "POST", f"/v1/review/items/{other['decision_id']}/decide", {"verdict": "right"})
    found = {judged.decision_id for judged in judgements(house.store)}
    assert other["decision_id"] in found
    assert one["decision_id"] not in found
