"""Libraries, marks and proposals in a browser: made, filled, gone back; marked, previewed, applied, undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import WAIT_MS, axe, fits, needs_chromium
from tests.server import quick, serving

HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[httpx.Client]:
    """Give a client of a server that keeps contents, so that what is alike can be shown."""
    with serving(quick(tmp_path, keep_originals_days=1), console=True) as client:
        yield client


def _check(client: httpx.Client, text: str) -> dict[str, Any]:
    answer = client.post("/v1/check", json={"text": text})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@needs_chromium
def test_a_policy_owner_keeps_a_library_and_marks_become_proposals(browser_page: Page, console: httpx.Client) -> None:
    page = browser_page
    expect.set_options(timeout=WAIT_MS)
    page.on("dialog", lambda dialog: dialog.accept())

    # A library is made, filled one by one and by the line, and gone back
    page.goto("/console/libraries")
    assert axe(page) == []
    page.get_by_label("Name").fill("house-rules")
    page.get_by_label("Label").fill("spam.scam")
    page.get_by_role("button", name="Make a library").click()
    page.wait_for_url("**/console/libraries/house-rules")
    page.get_by_label("Word, phrase or expression").fill(HOSTILE)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("cell", name=HOSTILE, exact=True)).to_be_visible()
    assert "owned" not in page.title()
    page.get_by_label("Word, phrase or expression").fill("whippersnapper")
    page.get_by_label("Found").first.select_option("fuzzy")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("cell", name="with a letter or two that differ", exact=True)).to_be_visible()
    page.get_by_label("or paste, one entry a line").fill("rapscallion\ntoe rag\n")
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_role("cell", name="toe rag", exact=True)).to_be_visible()
    page.get_by_label("Word, phrase or expression").fill("muslims")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#errors")).to_contain_text("group of people")
    assert axe(page) == []
    assert any(one["library"] == "house-rules" for one in _check(console, "a wippersnapper")["findings"])
    page.get_by_role("row").filter(has=page.get_by_role("link", name="2", exact=True)).get_by_role(
        "button", name="Go back"
    ).click()
    expect(page.get_by_role("cell", name="back to version 2", exact=True)).to_be_visible()
    assert [one["value"] for one in console.get("/v1/libraries/house-rules/entries").json()["entries"]] == [HOSTILE]
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/console/libraries/house-rules")
    assert fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})

    # A mark is made, previewed, applied and undone
    decision = _check(console, "The quarterly meeting of the chess club is on Thursday in the old town hall")
    alike = _check(console, "The chess club: quarterly meeting is next Thursday, in the hall of the old town")
    page.goto(f"/console/marks?decision={decision['decision_id']}")
    page.get_by_label("Right labels, if wrong; none: harmless").fill("spam.scam")
    form = page.locator("#mark")
    form.get_by_label("Action").select_option("block")
    form.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Mark it").click()
    expect(page.get_by_role("cell", name=HOSTILE, exact=True)).to_be_visible()
    page.get_by_label("Choose 1").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#effects")).to_contain_text(decision["decision_id"])
    assert axe(page) == []

    # What is alike by its embedding is shown, and not chosen before somebody does
    expect(page.locator("#alike")).to_contain_text("quarterly meeting is next Thursday")
    box = page.get_by_label(f"Correct with the mark: {alike['decision_id']}")
    expect(box).not_to_be_checked()
    box.check()
    page.set_viewport_size({"width": 390, "height": 800})
    assert fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_text("No marks.")).to_be_visible()
    assert console.get(f"/v1/decisions/{alike['decision_id']}").json()["marked"]["action"] == "block"
    assert console.get(f"/v1/decisions/{decision['decision_id']}").json()["marked"]["action"] == "block"
    page.goto("/console/marks?state=applied")
    page.get_by_label("Choose 1").check()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("No marks.")).to_be_visible()
    assert "marked" not in console.get(f"/v1/decisions/{alike['decision_id']}").json()

    # What a caller suggested becomes a proposal, is approved and undone
    body = {
        "comment": {"text": "The quarterly meeting of the chess club is on Friday"},
        "attributeScores": {"SPAM": {"summaryScore": {"value": 1.0}}},
    }
    _check(console, "The quarterly meeting of the chess club is on Friday")
    assert console.post("/v1alpha1/comments:suggestscore", json=body).status_code == 200
    page.goto("/console/marks/proposals")
    page.get_by_role("button", name="Look for proposals").click()
    expect(page.get_by_role("heading", name="Mark one content")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("No proposals.")).to_be_visible()
    page.goto("/console/marks/proposals?state=approved")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("No proposals.")).to_be_visible()
    page.goto("/console/marks/proposals?state=undone")
    expect(page.get_by_role("heading", name="Mark one content")).to_be_visible()


@needs_chromium
def test_a_preview_tells_what_a_mark_leaves_as_it_is(browser_page: Page, console: httpx.Client) -> None:
    page = browser_page
    expect.set_options(timeout=WAIT_MS)
    text = (
        "The choir meets on Thursday evenings in the old hall; call Mary at +1 415 555 0100 to join our spring concert"
    )
    decision, near = _check(console, text), _check(console, text.replace("spring", "autumn"))
    other = _check(console, f"{text}: http://a.example")
    assert {*other["labels"]} - {*decision["labels"]}
    said = {"verdict": "wrong", "labels": [], "reason": "a choir", "near": True, "decision_id": decision["decision_id"]}
    assert console.post("/v1/marks", json=said).status_code == 201
    page.goto("/console/marks")
    page.get_by_label("Choose 1").check()
    page.get_by_role("button", name="Preview").click()
    cells = page.locator("#effects tbody tr").locator("th, td")
    expect(cells).to_have_count(7)
    expect(cells.nth(5)).to_contain_text(near["decision_id"])
    expect(cells.nth(5)).not_to_contain_text(other["decision_id"])
    expect(cells.nth(4)).to_have_text("2")
    expect(cells.nth(6)).to_have_text("1")
    expect(page.locator("#unlike")).to_be_visible()
    assert axe(page) == []
