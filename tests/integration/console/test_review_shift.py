"""A reviewer's shift in a real browser: fifty items by keyboard alone, what is left behind, two people at once."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from evenhand.store import Store, open_store
from evenhand.store.reviewrecords import LOCAL
from tests.browser import WAIT_MS, needs_chromium, open_page
from tests.reviewdesk import put_picture, stepped, wait
from tests.reviewing import ask, found
from tests.server import quick, serving

pytestmark = needs_chromium

expect.set_options(timeout=WAIT_MS)
_PASSWORD = "four plain words here"


def test_a_shift_of_fifty_items_by_keyboard_alone(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    ids = [ask(store, f"call me at number {number}", found("ads.contact", span=(0, 7))) for number in range(44)]
    ids += [put_picture(store, content_hash=f"sha256:{number:064x}") for number in range(6)]
    page.goto("/console/review")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Review the next item", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    assert page.locator("#item").get_attribute("data-id") in ids
    page.keyboard.press("?")
    for name in ("Harmless: pass", "Undo my last verdict", "Skip …", "Next place of evidence", "Escalate …"):
        expect(page.get_by_role("dialog").get_by_text(name).first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-evidence][aria-current=true]")).to_have_count(1)
    expect(page.locator("mark.on")).to_have_text("[ads.contact: call me]")

    steps, keys, times = 0, "bmpa", []
    for number in range(40):
        last = page.locator("#item").get_attribute("data-id")
        page.keyboard.press(keys[number % 4])
        steps += 1
        stepped(page, steps)
        times.append(float(page.evaluate("document.documentElement.dataset.stepMs")))
    # Undo: the last one is in hand again, and the one that was is free for others.
    page.keyboard.press("z")
    steps += 1
    wait(page, "n => Number(document.documentElement.dataset.steps) === n", steps)
    assert page.locator("#item").get_attribute("data-id") == last
    page.keyboard.press("p")
    steps += 1
    stepped(page, steps)
    # Dialogs: skip, escalate (which comes back first, to somebody senior), hold, other labels.
    page.keyboard.press("s")
    page.keyboard.type("I know this person")
    page.keyboard.press("Enter")
    steps += 1
    stepped(page, steps)
    page.keyboard.press("e")
    page.keyboard.type("please look")
    page.keyboard.press("Enter")
    steps += 1
    stepped(page, steps)
    expect(page.locator(".item-head")).to_contain_text("please look")
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    steps += 1
    stepped(page, steps)
    page.keyboard.press("w")
    page.keyboard.press("Tab")
    page.locator("dialog[open] select[name=labels]").focus()
    page.keyboard.type("spam.scam")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("a fraud")
    page.keyboard.press("Enter")
    steps += 1
    stepped(page, steps)
    while page.locator("#item").count():
        page.keyboard.press("b")
        steps += 1
        wait(
            page,
            "n => !document.getElementById('item') || Number(document.documentElement.dataset.steps) === n",
            steps,
        )
        if page.url.rstrip("/").endswith("/console/review"):
            break
    expect(page.get_by_role("status")).to_contain_text("Nothing more waits for you.")
    by_state = {state: len(store.reviews.page(state=state, limit=100)) for state in ("done", "held", "waiting")}
    assert by_state == {"done": 48, "held": 1, "waiting": 1}
    verdicts = [item.verdict for item in store.reviews.page(state="done", limit=100) if item.verdict]
    assert sum(one["verdict"] == "wrong" and one["labels"] == ["spam.scam"] for one in verdicts) == 1
    assert {one["action"] for one in verdicts} == {"block", "mark", "pass"}
    assert store.audit.verify().problems == ()
    assert all(one > 0 for one in times)


def test_what_is_left_is_given_back(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    decision_id = ask(store, "call me", found("ads.contact", span=(0, 4)))
    page.goto("/console/review")
    page.keyboard.press("n")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    assert store.reviews.get(decision_id).state == "claimed"
    page.goto("/console/review/items")
    _until(page, store, decision_id, "waiting")
    page.goto(f"/console/review/items/{decision_id}")
    expect(page.get_by_role("button", name="Claim this item")).to_be_visible()
    assert store.reviews.get(decision_id).state == "waiting", "to look is not to claim"
    page.keyboard.press("c")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    page.reload()
    expect(page.locator("#item[data-mine]")).to_be_visible()
    page.keyboard.press("p")
    page.wait_for_url("**/console/review")
    _until(page, store, decision_id, "done")


def _until(page: Page, store: Store, decision_id: str, state: str) -> None:
    for _ in range(300):
        if store.reviews.get(decision_id).state == state:
            return
        page.wait_for_timeout(100)
    assert store.reviews.get(decision_id).state == state


def test_two_people_with_logins_side_by_side(chromium: Browser, tmp_path: Path) -> None:
    settings = quick(tmp_path, keep_originals_days=30)
    store = open_store(settings=settings)
    store.migrate()
    for name, labels in (("ann", ()), ("bob", ("ads",))):
        store.accounts.create(
            name, actor=LOCAL, roles=("reviewer",), password=_PASSWORD, must_change=False, labels=labels
        )
    ids = [ask(store, f"call me at number {number}", found("ads.contact", span=(0, 7))) for number in range(2)]
    insult = ask(store, "a mild word", found("harassment.insult", span=(0, 6)))
    with serving(settings, console=True) as client:
        people = [open_page(chromium, str(client.base_url)) for _ in range(2)]
        (ann, _), (bob, _) = people
        for name, page in (("ann", ann), ("bob", bob)):
            page.goto("/console/review")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(_PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("button", name="Review the next item", exact=True)).to_be_visible()
            page.wait_for_load_state()
            page.keyboard.press("n")
            expect(page.locator("#item[data-mine]")).to_be_visible()
        held = [page.locator("#item").get_attribute("data-id") for page in (ann, bob)]
        assert sorted(map(str, held)) == sorted(ids), "two people, two items"
        refused = bob.request.get(f"/v1/review/items/{insult}/content")
        assert refused.status == 404, "bob works on advertising alone"
        # What a page may do needs its token: another site that has the cookie sent does nothing.
        forged = bob.request.post(f"/v1/review/items/{held[1]}/decide", data={"verdict": "right"})
        assert forged.status == 403
        ann.keyboard.press("e")
        ann.keyboard.type("for somebody senior")
        ann.keyboard.press("Enter")
        stepped(ann, 1)
        assert ann.locator("#item").get_attribute("data-id") == insult, "what was escalated is for others"
        bob.goto(f"/console/review/items/{held[0]}")
        assert "somebody senior" in bob.inner_text("main")
        bob.goto("/console/review/wellness")
        bob.get_by_label("Blur until held").uncheck()
        bob.get_by_role("button", name="Save").click()
        expect(bob.get_by_role("status")).to_contain_text("Saved.")
        ann.goto("/console/review/wellness")
        assert ann.get_by_label("Blur until held").is_checked()
        for page, faults in people:
            page.context.close()
            assert not faults
    store.close()
